//! A fleet whose managers' group has no hook: it ends its members at once, whichever it likes but for those that are
//! protected from scale-in. Nothing else ends, and raft keeps its quorum.
//!
//! It takes a minute between two choices, and chooses nobody while Auto Scaling does not answer nor until the leader has asked
//! again. Without that one seed of a hundred has a manager that was just promoted, and that nobody could protect yet, end
//! together with one that was spared before.

use std::time::Duration;

use aws::lifecycle::Verdict;
use protocol::RecoveryMode;
use swarmlet::config::Settings;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tracing::info;

use super::faults::{self, Fault, MANAGERS, one_of};
use super::{BRAKE, Tally, calm_down, found, groups, troubles};
use crate::cluster::{LIMIT, obeyed, operator, stay_quiet, until_whole};
use crate::world::mischief::Mischief;
use crate::world::{World, physics};

/// A swarm that has just been made whole has its managers protected by then.
const PROTECTED: Duration = Duration::from_mins(3);

/// What has to take place in some of them.
pub(crate) const TRIED: [&str; 3] = [
    "managers that a refresh replaced",
    "managers that ended at will",
    "managers that ended without a hook",
];

/// What the group does, and how often, relative to the others.
const DEEDS: [(Fault, usize); 4] = [
    (end_at_will, 14),
    (faults::scale_managers, 8),
    (refresh, 6),
    (faults::scale_workers, 2),
];

/// The simulation of this seed; what has taken place in it.
pub(crate) async fn simulate(
    seed: u64,
    mischief: Option<Mischief>,
    settings: Settings,
) -> Result<Tally, String> {
    let world = World::new(seed, settings);
    let rough = world.with(|state| {
        let rough = state.random.permille(500);
        (state.unhooked, state.only_departures) = (true, true);
        state.settings.swarm.recovery = Some(RecoveryMode::Auto);
        state.mischief = mischief;
        found(state, &[0]);
        // A launch that is abandoned ends, whoever is protected.
        state.groups[MANAGERS].by_default = Verdict::Continue;
        rough
    });
    spawn_local(physics::run(world.clone()));
    spawn_local(groups::run(world.clone()));
    spawn_local(operator(world.clone(), false));
    until_whole(&world, Duration::ZERO, LIMIT).await?;
    info!(rough, "world: the fleet stands");
    sleep(PROTECTED).await;
    come_and_go(&world, rough).await?;
    let ended = calm_down(&world);
    let limit = LIMIT + world.with(|state| state.dead_entries()) * BRAKE;
    until_whole(&world, ended, limit).await?;
    stay_quiet(&world).await?;
    Ok(world.with(|state| state.tally.clone()))
}

async fn come_and_go(world: &World, rough: bool) -> Result<(), String> {
    let (count, minutes) =
        world.with(|state| (4 + state.random.below(20), 20 + state.random.below(40)));
    let span =
        u64::try_from(minutes).unwrap_or_default() * 60_000 / u64::try_from(count).unwrap_or(1);
    for _ in 0..count {
        world.pause(0, 2 * span).await;
        if rough && world.with(|state| state.random.permille(300)) {
            troubles::trouble(world);
        } else {
            one_of(world, &DEEDS);
        }
        obeyed(world)?;
    }
    sleep(Duration::from_mins(1)).await;
    obeyed(world)
}

/// Rebalancing over zones, for example: up to three at once of those that it may choose.
fn end_at_will(world: &World) {
    world.with(|state| {
        for _ in 0..=state.random.below(3) {
            let mut able = state.staying(MANAGERS);
            able.retain(|&id| state.may_be_chosen(id));
            if let Some(id) = state.random.one(&able) {
                info!(machine = id, "world: its group ends it");
                state.count("managers that ended at will");
                state.choose(id);
            }
        }
    });
}

fn refresh(world: &World) {
    spawn_local(groups::refresh(world.clone(), MANAGERS));
}
