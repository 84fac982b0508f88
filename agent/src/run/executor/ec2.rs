//! EC2: whether instances live, and what they are.

use crate::run::error::StepError;
use aws::fleet::{Fleet, Word};
use protocol::BATCH;

/// EC2's word about these instances.
pub(in crate::run) type Lives = (Vec<String>, Word);

/// What EC2 has said, and why it said no more.
pub(in crate::run) type Refreshed = (Vec<Lives>, Option<StepError>);

/// An answer counts only if it contains the asker's own instance: an empty or partial one says nothing about anybody.
pub(in crate::run) async fn lives(
    fleet: &impl Fleet,
    own: &str,
    ids: Vec<String>,
) -> Result<Lives, StepError> {
    let answer = fleet.instances(own, &ids).await?;
    if !answer.knows(own) {
        return Err(StepError::PartialAnswer);
    }
    Ok((ids, answer))
}

/// Asks about these, a portion after the other, until one call fails.
pub(in crate::run) async fn refresh(fleet: impl Fleet, own: String, ids: Vec<String>) -> Refreshed {
    let mut words = Vec::new();
    for portion in ids.chunks(BATCH) {
        match lives(&fleet, &own, portion.to_vec()).await {
            Ok(word) => words.push(word),
            Err(error) => return (words, Some(error)),
        }
    }
    (words, None)
}
