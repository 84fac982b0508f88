//! What people and programs learn of the managers' groups.

use tracing::warn;

use crate::run::chores::outcomes::Said;
use crate::run::error::StepError;
use aws::CloudError;
use protocol::leader::protection::ManagersGroup;
use view::status::groups::ManagerGroup;

/// A group, and why the leader cannot protect its managers.
pub(super) fn shown(group: ManagersGroup, trouble: Option<&String>) -> ManagerGroup {
    ManagerGroup {
        name: group.name,
        launching_hook: group.hooks.launching,
        terminating_hook: group.hooks.terminating,
        protected: group.protected,
        unprotected: group.unprotected,
        trouble: trouble.cloned(),
    }
}

/// Says once what is wrong with the groups. An old policy lacks the permission to protect: it is said, and nothing else
/// suffers.
pub(in crate::run::chores) fn tell<T>(
    said: &mut Said,
    shown: &[ManagerGroup],
    done: Result<Option<T>, StepError>,
) -> Result<Option<T>, StepError> {
    for text in shown.iter().flat_map(ManagerGroup::warnings) {
        if said.is_new(text.clone()) {
            warn!("{text}");
        }
    }
    match done {
        Err(StepError::Cloud(error @ CloudError::Denied { .. })) => {
            if said.is_new(error.to_string()) {
                warn!(%error, "managers are not protected from scale-in");
            }
            Ok(None)
        }
        done => done,
    }
}
