//! Which policy stands in the way, and who can change it: the role's own is only one of many.
//!
//! The forms of the messages are those of the IAM user guide ("Troubleshoot access denied error messages").

use std::fmt;

use super::words::shown;

/// Why AWS denies a call: in its own words, with what to do about it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Denial {
    barrier: Barrier,
    said: String,
}

/// What decides.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Barrier {
    /// The role's policies do not allow it.
    #[default]
    Role,
    /// One of them denies it.
    RoleDenies,
    ServiceControl,
    ResourceControl,
    Endpoint,
    Boundary,
    Session,
    /// The policy of what the call is about: a key's, a bucket's.
    Resource,
    /// One that is not known here.
    Other,
    /// S3 does not say whether there is such an object.
    Object,
    /// The object can be had, its key cannot.
    ObjectKey,
}

/// A denial, read.
pub(super) struct Read<'a> {
    /// The IAM action that is really missing, where the message names one.
    pub(super) action: Option<&'a str>,
    /// What it was asked on.
    pub(super) resource: Option<&'a str>,
    pub(super) why: Denial,
}

/// Reads AWS's message about a call for `action`.
pub(super) fn read<'a>(action: &str, message: &'a str) -> Read<'a> {
    let (named, resource) = named(message);
    let clause = clause(message);
    let of_object = action == "s3:GetObject";
    let barrier = match named {
        Some("s3:ListBucket") if of_object => Barrier::Object,
        Some(named) if of_object && named.starts_with("kms:") => Barrier::ObjectKey,
        None if of_object && clause.is_none() => Barrier::Object,
        _ => clause.map(barrier).unwrap_or_default(),
    };
    let asked = barrier == Barrier::Object;
    // That the role's own policies do not allow it is what the advice says.
    let said = match barrier {
        Barrier::Role if clause.is_some() => String::new(),
        _ => shown(clause.unwrap_or(message)),
    };
    Read {
        action: named.filter(|_| !asked),
        resource: resource.filter(|_| !asked),
        why: Denial { barrier, said },
    }
}

/// The action and the resource that a message names: reading a secret parameter may be allowed and its key not.
fn named(message: &str) -> (Option<&str>, Option<&str>) {
    let Some((_, rest)) = message.split_once("to perform: ") else {
        return (None, None);
    };
    let (action, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let resource = rest.trim_start().strip_prefix("on resource: ");
    let resource = resource.and_then(|rest| rest.split_whitespace().next());
    (Some(action), resource.map(|text| text.trim_matches('"')))
}

/// What a message says of the policy that decided.
fn clause(message: &str) -> Option<&str> {
    let implicit = message.find("because no ").map(|at| at + "because ".len());
    let at = implicit.or_else(|| message.find("an explicit deny"))?;
    Some(&message[at..])
}

fn barrier(clause: &str) -> Barrier {
    let denies = clause.starts_with("an explicit deny");
    let policy = if denies {
        clause
    } else {
        clause.split(" allows ").next().unwrap_or_default()
    };
    let policy = policy.to_ascii_lowercase();
    let known = [
        ("service control", Barrier::ServiceControl),
        ("resource control", Barrier::ResourceControl),
        ("vpc endpoint", Barrier::Endpoint),
        ("permissions boundary", Barrier::Boundary),
        ("session policy", Barrier::Session),
        ("resource-based", Barrier::Resource),
    ];
    let is_identity = policy.contains("identity-based");
    let found = known.iter().find(|(words, _)| policy.contains(words));
    match found {
        Some((_, barrier)) => *barrier,
        None if is_identity && denies => Barrier::RoleDenies,
        None if is_identity => Barrier::Role,
        None => Barrier::Other,
    }
}

impl Barrier {
    fn advice(self) -> &'static str {
        match self {
            Self::Role => "allow it in the IAM policy of the instance's role",
            Self::RoleDenies => {
                "take the deny out of the policies of the instance's role: to allow it beside that changes nothing"
            }
            Self::ServiceControl => {
                "the account's organization forbids it, whatever the role's policy says: have its service control \
                 policies changed"
            }
            Self::ResourceControl => {
                "the organization of what is asked for forbids it, whatever the role's policy says: have its resource \
                 control policies changed"
            }
            Self::Endpoint => {
                "allow it in the policy of the VPC endpoint that the call goes through"
            }
            Self::Boundary => "allow it in the permissions boundary of the instance's role too",
            Self::Session => "allow it in the session policy that the credentials were made with",
            Self::Resource => "change the policy of that resource itself: a key's, a bucket's",
            Self::Other => {
                "change the policy that AWS names: it is not the role's own that decides"
            }
            Self::Object => {
                "look at the key first: S3 does not tell whether there is such an object while the role may not list \
                 the bucket (s3:ListBucket); if it is there, allow s3:GetObject in the IAM policy of the instance's role"
            }
            Self::ObjectKey => {
                "the object is encrypted under a key of yours: allow kms:Decrypt on that key in the IAM policy of the \
                 instance's role, and in the key's own policy"
            }
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.said(), self.advice())
    }
}

impl Denial {
    /// What AWS says, as it follows "is denied".
    pub fn said(&self) -> String {
        let between = if self.barrier == Barrier::Object {
            ", or not there"
        } else {
            ""
        };
        match self.said.as_str() {
            "" => between.to_owned(),
            said => format!("{between} ({said})"),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        self.barrier.advice()
    }
}

#[cfg(test)]
#[path = "denial_tests.rs"]
mod tests;
