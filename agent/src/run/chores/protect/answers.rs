//! What Auto Scaling is asked and answers, as plain data.

use aws::groups::Group;
use aws::lifecycle::{Hook, Transition};

/// Which hooks a group has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hooks {
    pub(super) launching: bool,
    pub(super) terminating: bool,
}

impl Hooks {
    pub(super) fn of(hooks: &[Hook]) -> Self {
        let has = |transition| hooks.iter().any(|hook| hook.transition == transition);
        Self {
            launching: has(Transition::Launching),
            terminating: has(Transition::Terminating),
        }
    }
}

/// Instances of a group that it must not end, or may end again.
#[derive(Clone, Debug)]
pub(super) struct Protect {
    pub(super) group: String,
    pub(super) instances: Vec<String>,
    pub(super) protected: bool,
}

/// What came of one call.
pub(super) enum Done {
    Hooks(String, Hooks),
    Described(Vec<Group>),
    Protected(Protect),
}
