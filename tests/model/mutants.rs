//! Each rule taken away: the exploration has to find what it is there for.

use crate::NONE;
use crate::properties::{
    ADMIT_OURS, COMPLETE_LAST, DRAIN_IN_TURN, INIT_UNDER_CLAIM, KEEP_QUORUM, LEAVE_AS_WORKER,
    LEAVE_DEAD, ONE_LIVES, ONE_PER_EPOCH, PROMOTE_OURS, REAP_THE_GONE, RECOVER_LOST,
    REFUSE_STRANGERS, TASKS_FIRST,
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

/// A manager, one that waits to be promoted, and one that has just booted; a stranger.
fn joining() -> World {
    replaced(1, 1, 0, 2, NONE).with_strangers(1)
}

/// A manager and its worker; a stranger.
fn serving(budget: Budget) -> World {
    let start = replaced(1, 0, 1, 2, budget).without_last();
    start.with_strangers(1)
}

/// He says that he is a worker that was removed, or is out of contact.
#[test]
fn an_address_that_is_not_checked() {
    let removed = Budget {
        evictions: 1,
        ..NONE
    };
    breaks(Variant::ChecksNoAddress, &serving(removed), ADMIT_OURS);
    let cut = Budget { cuts: 1, ..NONE };
    breaks(Variant::ChecksNoAddress, &serving(cut), REAP_THE_GONE);
}

/// He is behind the address of an instance that has not joined yet.
#[test]
fn a_record_that_is_not_asked_for() {
    breaks(Variant::AsksNoRecord, &joining(), ADMIT_OURS);
    breaks(Variant::AsksNoRecord, &joining(), PROMOTE_OURS);
}

#[test]
fn a_second_node_that_counts_as_an_instance() {
    breaks(Variant::AdmitsSecond, &joining(), ADMIT_OURS);
}

/// A worker's engine is out of contact, and a stranger says that he is that worker.
#[test]
fn a_label_that_is_trusted_when_entries_are_taken_off() {
    let cut = Budget { cuts: 1, ..NONE };
    let start = replaced(1, 0, 1, 2, cut).without_last().with_strangers(1);
    breaks(Variant::TrustsLabels, &start, REAP_THE_GONE);
}

#[test]
fn an_ec2_that_does_not_answer_taken_for_one_that_knows_nobody() {
    breaks(Variant::TrustsNoAnswer, &joining(), REFUSE_STRANGERS);
}

#[test]
fn a_partial_answer_that_counts() {
    breaks(Variant::CountsPartial, &joining(), REFUSE_STRANGERS);
}

/// One answer of EC2 does not know an instance.
#[test]
fn a_doubt_that_is_certain_at_once() {
    breaks(Variant::BelievesAtOnce, &joining(), REFUSE_STRANGERS);
}

#[test]
fn a_stranger_that_is_not_drained() {
    gets_stuck(Variant::ForgetsRefusal, &serving(NONE));
}
