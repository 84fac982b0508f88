//! Each rule taken away: the exploration has to find what it is there for.

use crate::NONE;
use crate::properties::{INIT_UNDER_CLAIM, LEAVE_DEAD, ONE_LIVES, ONE_PER_EPOCH, RECOVER_LOST};
use crate::report::breaks;
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
