//! Under which key a manager writes the ticket, and who else may read it then.

use super::{Finding, Grade};
use crate::identity::InstanceIdentity;
use protocol::{Role, Ticket};

/// The key that decrypts for every principal of the account that may read the parameter.
const ACCOUNTS_OWN: &str = "alias/aws/ssm";

/// Nothing for workers: they write no secret, and cannot change the key.
pub(super) fn findings(node: Option<&InstanceIdentity>, ticket: Option<&Ticket>) -> Vec<Finding> {
    let Some(node) = node.filter(|node| node.role == Role::Manager) else {
        return Vec::new();
    };
    let told = ticket.and_then(|ticket| ticket.kms_key.as_deref());
    let finding = match node.kms_key.as_deref().or(told) {
        Some(key) if key != ACCOUNTS_OWN => {
            Finding::new("secrets", "key", Grade::Ok, format!("written under {key}"))
        }
        _ => Finding::new("secrets", "key", Grade::Warn, OPEN).advise(CLOSE),
    };
    vec![finding]
}

const OPEN: &str = "the ticket is under the account's own key aws/ssm: whoever of this account may read the parameter reads the join token in it, and \
                    AmazonSSMManagedInstanceCore lets every instance that has it read all parameters";
const CLOSE: &str = "make a KMS key, allow kms:Encrypt and kms:Decrypt on it to the managers and kms:Decrypt to the workers \
                     (docs/security.md), and name it in aws.kms_key or in the tag swarm:kms-key of the managers: the leader then writes the ticket \
                     under it; after that, swarmlet token rotate";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::group::tests::manager;

    fn node(role: Role, key: Option<&str>) -> InstanceIdentity {
        InstanceIdentity {
            role,
            kms_key: key.map(str::to_owned),
            ..manager()
        }
    }

    #[test]
    fn a_manager_without_a_key_of_its_own_is_told_who_reads_along() {
        let manager = Role::Manager;
        for (role, key, grade) in [
            (manager, Some("alias/swarmlet-demo"), Some(Grade::Ok)),
            (manager, None, Some(Grade::Warn)),
            (manager, Some(ACCOUNTS_OWN), Some(Grade::Warn)),
            (Role::Worker, None, None),
        ] {
            let node = node(role, key);
            let found = findings(Some(&node), None);
            assert_eq!(found.first().map(|finding| finding.grade), grade);
            assert!(found.len() < 2);
        }
        let open = findings(Some(&node(manager, None)), None).remove(0);
        assert!(
            open.seen.contains("AmazonSSMManagedInstanceCore"),
            "{open:?}"
        );
        assert!(
            open.advice
                .is_some_and(|advice| advice.contains("aws.kms_key"))
        );
        assert!(findings(None, None).is_empty());
    }
}
