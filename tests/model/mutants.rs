//! Each rule taken away: the exploration has to find what it is there for.

use crate::NONE;
use crate::properties::{
    COMPLETE_LAST, DRAIN_IN_TURN, INIT_UNDER_CLAIM, KEEP_QUORUM, LEAVE_AS_WORKER, LEAVE_DEAD,
    ONE_LIVES, ONE_PER_EPOCH, RECOVER_LOST, TASKS_FIRST,
};
use crate::report::{breaks, gets_stuck};
use crate::scenes::{forming, replaced};
use crate::variant::Variant;
use crate::world::{Budget, World};

fn pair() -> World {
    forming(2, 0, 2, NONE)
}

fn growing() -> World {
    replaced(
        1,
        2,
        0,
        2,
        Budget {
            ends: 1,
            cuts: 1,
            ..NONE
        },
    )
    .without_last()
}

#[test]
fn publishing_before_the_outcome_is_written() {
    breaks(Variant::PublishesFirst, &pair(), ONE_LIVES);
}

#[test]
fn an_outcome_that_can_be_overwritten() {
    breaks(Variant::OverwritesOutcome, &pair(), ONE_LIVES);
}

#[test]
fn silence_taken_for_an_end() {
    let cut = Budget { cuts: 1, ..NONE };
    breaks(
        Variant::TrustsSilence,
        &replaced(3, 0, 0, 2, cut),
        RECOVER_LOST,
    );
    breaks(
        Variant::TrustsSilence,
        &replaced(1, 0, 0, 2, cut),
        ONE_LIVES,
    );
}

/// A worker moves on to a swarm that was made because its own was silent, and comes back.
#[test]
fn a_move_to_a_swarm_that_silence_has_made() {
    let cut = Budget { cuts: 1, ..NONE };
    breaks(
        Variant::TrustsSilence,
        &replaced(1, 0, 1, 2, cut),
        LEAVE_DEAD,
    );
}

/// A deleted claim alone forks nothing: the outcome is still written once.
#[test]
fn a_claim_that_can_be_deleted() {
    breaks(Variant::DeletesClaim, &pair(), INIT_UNDER_CLAIM);
    breaks(Variant::DeletesEpoch, &pair(), ONE_PER_EPOCH);
}

#[test]
fn an_absence_taken_for_the_truth() {
    breaks(Variant::TrustsAbsence, &pair(), ONE_PER_EPOCH);
}

#[test]
fn a_promotion_before_the_ticket_names_it() {
    breaks(Variant::PromotesFirst, &growing(), RECOVER_LOST);
}

/// A new manager knows a first manager's ticket only, and its two followers live.
#[test]
fn a_ticket_from_before_an_end() {
    let start = replaced(1, 2, 0, 2, Budget { ends: 1, ..NONE });
    breaks(Variant::TrustsOldTicket, &start, ONE_LIVES);
}

#[test]
fn a_forced_cluster_that_is_not_on_record() {
    let budget = Budget {
        crashes: 1,
        ends: 2,
        ..NONE
    };
    let start = replaced(3, 0, 0, 2, budget).without_last();
    breaks(Variant::ForgetsForce, &start, ONE_PER_EPOCH);
}

fn departing(managers: u8, workers: u8, notices: u8) -> World {
    let budget = Budget { notices, ..NONE };
    let start = replaced(managers, 0, workers, 2, budget).without_last();
    start.with_tasks()
}

#[test]
fn a_manager_that_does_not_wait_for_its_demotion() {
    breaks(
        Variant::DepartsAsWorker,
        &departing(3, 0, 1),
        LEAVE_AS_WORKER,
    );
    breaks(Variant::DepartsAsWorker, &departing(3, 0, 2), KEEP_QUORUM);
}

#[test]
fn tasks_that_are_not_seen() {
    breaks(Variant::MissesTasks, &departing(1, 1, 1), TASKS_FIRST);
}

#[test]
fn a_hook_that_is_completed_early() {
    breaks(Variant::CompletesEarly, &departing(1, 1, 1), COMPLETE_LAST);
}

#[test]
fn drains_that_do_not_take_turns() {
    breaks(Variant::DrainsAll, &departing(1, 2, 2), DRAIN_IN_TURN);
}

#[test]
fn an_announcement_that_stays() {
    gets_stuck(Variant::ForgetsRetract, &departing(1, 1, 2));
}

#[test]
fn a_leader_that_does_not_drain() {
    gets_stuck(Variant::ForgetsDrain, &departing(1, 1, 1));
}
