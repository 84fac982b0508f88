//! That each rule of departures and launches can be broken, and that it is seen: something works wrongly
//! on purpose, and some seed has to tell of it in the words of the rule.

use libtest_mimic::Failed;

use crate::virtually;
use crate::world::mischief::Mischief;

/// So many fleets are tried at most.
const SEEDS: u64 = 60;

/// What works wrongly, and what is then said.
const TABLE: [(Mischief, &str); 17] = [
    (Mischief::EndIsNotHeard, "its end's hook of"),
    (Mischief::LaunchIsNotHeard, "its launch's hook of"),
    (
        Mischief::LaunchIsOverAtOnce,
        "says that it is ready, and is in no swarm",
    ),
    (Mischief::NoTaskIsSeen, "leaves the swarm with"),
    (
        Mischief::ManagerLooksLikeWorker,
        "leaves as a member of raft",
    ),
    (Mischief::DemotionIsLost, "members of raft"),
    (Mischief::LeaderSeesNoTasks, "is drained while"),
    (Mischief::DrainStays, "is not activated"),
    (Mischief::AnnouncementStays, "not whole"),
    (
        Mischief::CauseIsForgotten,
        "joins, though it was told to leave",
    ),
    (Mischief::LeaveIsUndone, "departs again"),
    (Mischief::WithdrawalIsNotHeard, "not whole"),
    (Mischief::LabelsAreLost, "is given a task before its labels"),
    (Mischief::AddressesAreNotTold, "is admitted"),
    (Mischief::RecordsAreForged, "is admitted"),
    (Mischief::RefusalIsLost, "can be given tasks for a minute"),
    (Mischief::ProtectionIsLost, "it loses its quorum"),
];

/// Tries them all.
pub(crate) fn check() -> Result<(), Failed> {
    let missed: Vec<String> = TABLE
        .iter()
        .filter_map(|(what, words)| missed(*what, words))
        .collect();
    if missed.is_empty() {
        return Ok(());
    }
    Err(missed.join("; ").into())
}

/// What is wrong, if it was not found.
fn missed(mischief: Mischief, words: &str) -> Option<String> {
    let mut other = String::from("nothing");
    for seed in 0..SEEDS {
        let outcome = virtually(async |settings| match mischief {
            Mischief::ProtectionIsLost => {
                super::unhooked::simulate(seed, Some(mischief), settings).await
            }
            _ => super::simulate(seed, Some(mischief), settings).await,
        });
        match outcome {
            Err(why) if why.contains(words) => {
                eprintln!("\n  {mischief:?}, seed {seed}: {why}");
                return None;
            }
            Err(why) => other = why,
            Ok(_) => {}
        }
    }
    Some(format!(
        "{mischief:?} was not found in {SEEDS} fleets by {words:?}; at last {other}"
    ))
}
