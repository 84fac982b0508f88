//! What the swarm has of stacks: services, networks, secrets and configs, and whether all of it is as a
//! deployment left it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sha2::{Digest, Sha256};

/// What an object is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A service.
    Service,
    /// A network that the swarm knows.
    Network,
    /// A secret.
    Secret,
    /// A config.
    Config,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Network => "network",
            Self::Secret => "secret",
            Self::Config => "config",
        })
    }
}

/// One object of the swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Docker's id of it.
    pub id: String,
    /// Its name in the swarm.
    pub name: String,
    /// The stack that it belongs to (label `com.docker.stack.namespace`), if any.
    pub stack: Option<String>,
    /// What tells it from another of its name: the content of a service's specification, the id of all
    /// else, which Docker cannot change but in its labels.
    pub mark: String,
    /// Of a service: the ids of the networks, secrets and configs that it uses, or would use again
    /// after a rollback.
    pub uses: BTreeSet<String>,
    /// Of a service that Docker or a person has rolled back: why.
    pub rolled_back: Option<String>,
    /// Of a service: its image is not the one that its stack's file names.
    pub other_image: bool,
    /// Of a network: how it is set up.
    pub network: Option<NetworkSetup>,
}

/// How a network is set up; none of it can be changed once it is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NetworkSetup {
    /// Its driver.
    pub driver: String,
    /// Containers that are no services may use it.
    pub attachable: bool,
    /// It leads nowhere else.
    pub internal: bool,
    /// Options of its driver.
    pub options: BTreeMap<String, String>,
    /// Its address blocks, as far as they were asked for.
    pub subnets: BTreeSet<String>,
}

/// A network of one machine that carries a stack's label: an earlier try made it, and no service can use
/// it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalNetwork {
    /// Docker's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The stack.
    pub stack: String,
}

/// How much of a stack is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Present {
    /// It has a service, whoever deployed it.
    pub services: bool,
    /// One number for all that it has: see [`fingerprint`].
    pub fingerprint: u64,
    /// A service of it was rolled back: its name, and why.
    pub rolled_back: Option<String>,
}

/// One number for what a stack has, another one as soon as anything was removed, put in its place or
/// changed.
pub fn fingerprint(objects: &[&Object]) -> u64 {
    let mut lines: Vec<String> = objects.iter().map(|object| line(object)).collect();
    lines.sort();
    let digest = Sha256::digest(lines.join("\n").as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn line(object: &Object) -> String {
    let Object {
        kind, name, mark, ..
    } = object;
    format!("{kind} {name} {mark}")
}

/// The objects of one stack that count: its services, and of all else what its file names. What the file
/// named before may still be used by a service that could be rolled back to it.
pub fn of_stack<'a>(
    objects: &'a [Object],
    stack: &str,
    named: &BTreeSet<(Kind, String)>,
) -> Vec<&'a Object> {
    let counts = |object: &&Object| {
        object.kind == Kind::Service || named.contains(&(object.kind, object.name.clone()))
    };
    let own = objects
        .iter()
        .filter(|object| object.stack.as_deref() == Some(stack));
    own.filter(counts).collect()
}

/// How much of a stack is there.
pub fn present(objects: &[Object], stack: &str, named: &BTreeSet<(Kind, String)>) -> Present {
    let own = of_stack(objects, stack, named);
    let rolled = own.iter().find_map(|object| {
        let why = object.rolled_back.as_ref()?;
        Some(format!("{} ({why})", object.name))
    });
    Present {
        services: own.iter().any(|object| object.kind == Kind::Service),
        fingerprint: fingerprint(&own),
        rolled_back: rolled,
    }
}

/// What a stack has and its file does not name any more, and no service uses or would use again.
pub fn leftovers<'a>(
    objects: &'a [Object],
    stack: &str,
    named: &BTreeSet<(Kind, String)>,
) -> Vec<&'a Object> {
    let used: BTreeSet<&String> = objects.iter().flat_map(|object| &object.uses).collect();
    let is_left = |object: &&Object| {
        object.kind != Kind::Service
            && object.stack.as_deref() == Some(stack)
            && !named.contains(&(object.kind, object.name.clone()))
            && !used.contains(&object.id)
    };
    objects.iter().filter(is_left).collect()
}

/// What has become of a stack's objects since they were `before`, for people.
pub fn differences(before: &[Object], now: &[&Object]) -> Vec<String> {
    let find = |list: &[&Object], object: &Object| {
        let same = |other: &&&Object| (other.kind, &other.name) == (object.kind, &object.name);
        list.iter().find(same).map(|other| line(other))
    };
    let before: Vec<&Object> = before.iter().collect();
    let gone = before.iter().filter(|object| find(now, object).is_none());
    let gone = gone.map(|object| format!("{} {} is gone", object.kind, object.name));
    let changed = now.iter().filter_map(|object| match find(&before, object) {
        None => Some(format!("{} {} is new", object.kind, object.name)),
        Some(old) if old == line(object) => None,
        Some(_) => Some(format!("{} {} was changed", object.kind, object.name)),
    });
    gone.chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: Kind, name: &str, mark: &str) -> Object {
        Object {
            kind,
            id: format!("id-{name}"),
            name: name.into(),
            stack: Some("web".into()),
            mark: mark.into(),
            uses: BTreeSet::new(),
            rolled_back: None,
            other_image: false,
            network: None,
        }
    }

    fn whole() -> Vec<Object> {
        let mut app = object(Kind::Service, "web_app", "spec 1");
        app.uses = ["id-web_old".to_owned(), "id-web_site".to_owned()].into();
        vec![
            app,
            object(Kind::Network, "web_front", "n1"),
            object(Kind::Config, "web_site", "c1"),
            object(Kind::Config, "web_old", "c0"),
            object(Kind::Secret, "web_gone", "s0"),
        ]
    }

    type Change = fn(&mut Vec<Object>);

    fn named() -> BTreeSet<(Kind, String)> {
        let network = (Kind::Network, "web_front".to_owned());
        [network, (Kind::Config, "web_site".to_owned())].into()
    }

    #[test]
    fn whatever_is_removed_or_changed_changes_the_fingerprint_and_is_named() {
        let before = whole();
        let left = present(&before, "web", &named());
        assert!(left.services && left.rolled_back.is_none());
        let mut order = before.clone();
        order.reverse();
        assert_eq!(
            present(&order, "web", &named()),
            left,
            "the order does not count"
        );
        let cases: [(&str, Change); 5] = [
            ("service web_app is gone", |all| drop(all.remove(0))),
            ("network web_front is gone", |all| drop(all.remove(1))),
            ("config web_site was changed", |all| {
                all[2].mark = "c2".into();
            }),
            ("service web_app was changed", |all| {
                all[0].mark = "spec 2".into();
            }),
            ("service web_b is new", |all| {
                all.push(object(Kind::Service, "web_b", "x"));
            }),
        ];
        for (says, change) in cases {
            let mut now = before.clone();
            change(&mut now);
            assert_ne!(
                present(&now, "web", &named()).fingerprint,
                left.fingerprint,
                "{says}"
            );
            let now = of_stack(&now, "web", &named());
            let own: Vec<Object> = of_stack(&before, "web", &named())
                .into_iter()
                .cloned()
                .collect();
            assert_eq!(differences(&own, &now), [says]);
        }
        let mut now = before.clone();
        now.remove(4);
        now[0].id = "another".into();
        let now = present(&now, "web", &named());
        assert_eq!(
            now, left,
            "what the file does not name is nothing of the stack"
        );
    }

    #[test]
    fn a_service_that_was_rolled_back_is_named() {
        let mut now = whole();
        now[0].rolled_back = Some("update paused".into());
        let seen = present(&now, "web", &named());
        assert_eq!(seen.rolled_back.as_deref(), Some("web_app (update paused)"));
    }

    #[test]
    fn only_what_nothing_uses_is_left_over() {
        let left: Vec<_> = leftovers(&whole(), "web", &named())
            .iter()
            .map(|o| o.name.clone())
            .collect();
        assert_eq!(
            left,
            ["web_gone"],
            "web_old is what a rollback goes back to"
        );
        assert!(leftovers(&whole(), "other", &named()).is_empty());
    }
}
