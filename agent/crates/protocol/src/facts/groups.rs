//! Auto Scaling's groups as they are: what they hold, and what of it is protected from scale-in.

use super::hooks::{Hook, Transition};

/// A group, by `DescribeAutoScalingGroups`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many instances it is to have (`DesiredCapacity`).
    pub desired: usize,
    /// How many it may have (`MaxSize`).
    pub maximum: usize,
    /// It is being deleted (`Status`).
    pub is_deleted: bool,
    /// It protects all that it launches (`NewInstancesProtectedFromScaleIn`).
    pub protects_new: bool,
    /// The version of the launch template that it launches, where that is a number; `$Latest` and `$Default` are not.
    pub version: Option<u64>,
    /// Its instances.
    pub members: Vec<Member>,
}

/// An instance of a group.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Member {
    /// `i-…`
    pub id: String,
    /// Its protection can be changed: it is in service or in standby, or on its way there.
    pub in_service: bool,
    /// It is protected from scale-in.
    pub protected: bool,
    /// The version of the launch template that it was launched from.
    pub version: Option<u64>,
}

/// Which hooks a group has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hooked {
    /// One for `autoscaling:EC2_INSTANCE_LAUNCHING`.
    pub launching: bool,
    /// One for `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub terminating: bool,
}

impl Hooked {
    /// By these hooks.
    pub fn by(hooks: &[Hook]) -> Self {
        let has = |transition| hooks.iter().any(|hook| hook.transition == transition);
        Self {
            launching: has(Transition::Launching),
            terminating: has(Transition::Terminating),
        }
    }
}
