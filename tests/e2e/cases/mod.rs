//! The cases, a file per subject.

use crate::Case;

mod machines;
pub(crate) mod support;

/// All of them, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [machines::CASES].into_iter().flatten()
}
