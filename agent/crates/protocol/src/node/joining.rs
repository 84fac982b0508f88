//! What is known of this node's own attempts, and of the claim it waits for.

use std::time::Duration;

/// A join that did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JoinFailure {
    /// How long ago.
    pub age: Duration,
    /// How many in a row.
    pub attempts: u32,
    /// The engine's word.
    pub cause: String,
}

/// How long the holder of another's claim has been waited for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// How long this node has seen the same claim without an outcome, by its own clock.
    pub waited: Duration,
    /// How long a holder whose instance lives is waited for: a setting.
    pub patience: Duration,
}
