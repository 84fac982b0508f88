//! Labels and activation: the decision is `leader::labelling`.

use std::time::Duration;

use super::applier::Applier;
use crate::run::edges::Now;
use docker::{EngineError, NodeList};
use protocol::leader::Plan;

/// So many nodes at most in one round: the other chores wait meanwhile.
const AT_ONCE: usize = 50;

/// Labels and activates these nodes.
pub(super) async fn label(
    engine: &impl NodeList,
    clock: &impl Now,
    applier: &mut Applier,
    mut plan: Plan,
) -> Result<Option<Duration>, EngineError> {
    let changes = &mut plan.changes;
    changes.retain(|change| applier.held(change, clock.now()).is_none());
    plan.again = (changes.len() > AT_ONCE).then_some(Duration::ZERO);
    changes.truncate(AT_ONCE);
    applier.carry_out(engine, clock, plan, |_| {}).await
}
