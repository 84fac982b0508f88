//! The managers' Auto Scaling group: the hooks by which it waits for its nodes.

use super::{Finding, Grade};
use crate::identity::InstanceIdentity;
use aws::lifecycle::{Hook, Transition};
use protocol::Role;
use view::status::groups::{CURE, missing};

const CONCERN: &str = "group";

/// Nothing for workers: of those a group may end each without harm to the swarm.
pub(super) fn findings(node: Option<&InstanceIdentity>, hooks: Option<&[Hook]>) -> Vec<Finding> {
    let manager = node.filter(|node| node.role == Role::Manager);
    let (Some(group), Some(hooks)) = (manager.and_then(|node| node.group.as_ref()), hooks) else {
        return Vec::new();
    };
    let has = |transition| hooks.iter().any(|hook| hook.transition == transition);
    let missing = missing(
        group,
        has(Transition::Launching),
        has(Transition::Terminating),
    );
    if missing.is_empty() {
        let seen = format!("{group} has a launching and a terminating hook");
        return vec![Finding::new(CONCERN, "hooks", Grade::Ok, seen)];
    }
    let found = |seen| Finding::new(CONCERN, "hooks", Grade::Warn, seen).advise(CURE);
    missing.into_iter().map(found).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    fn hook(transition: Transition) -> Hook {
        Hook {
            name: "h".into(),
            transition,
            timeout: Duration::from_mins(5),
        }
    }

    pub(in crate::doctor) fn manager() -> InstanceIdentity {
        InstanceIdentity {
            instance_id: "i-1".into(),
            account: None,
            region: "r".into(),
            zone: "ra".into(),
            instance_type: "t3.small".into(),
            private_ip: [10, 0, 0, 1].into(),
            name: None,
            role: Role::Manager,
            cluster: "demo".parse().expect("a name"),
            labels: std::collections::BTreeMap::new(),
            group: Some("demo-manager".into()),
            kms_key: None,
        }
    }

    #[test]
    fn each_hook_that_a_group_of_managers_lacks_is_told() {
        let both = [hook(Transition::Launching), hook(Transition::Terminating)];
        for (hooks, expected) in [
            (&both[..], vec![Grade::Ok]),
            (&both[..1], vec![Grade::Warn]),
            (&[], vec![Grade::Warn; 2]),
        ] {
            let found = findings(Some(&manager()), Some(hooks));
            let grades: Vec<_> = found.iter().map(|finding| finding.grade).collect();
            assert_eq!(grades, expected, "{found:?}");
        }
        let found = findings(Some(&manager()), Some(&both[..1]));
        assert!(found[0].seen.contains("no terminating hook"), "{found:?}");
    }

    #[test]
    fn workers_and_single_instances_need_none() {
        let worker = InstanceIdentity {
            role: Role::Worker,
            ..manager()
        };
        let single = InstanceIdentity {
            group: None,
            ..manager()
        };
        for node in [worker, single] {
            assert_eq!(findings(Some(&node), Some(&[])), []);
        }
        assert_eq!(
            findings(Some(&manager()), None),
            [],
            "they could not be listed"
        );
    }
}
