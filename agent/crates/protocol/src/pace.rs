//! How long to wait, and how often to ask. Bare numbers: the shell adds the jitter.

use std::time::Duration;

use crate::{Reading, Spacing, Trouble, Turn};

pub use crate::time::{IN_A_ROW, SERIES};

/// A healthy node looks at its engine this often when no event comes.
pub const ROUND: Duration = Duration::from_secs(30);
/// A manager that is a worker yet looks this often whether it was promoted: nothing tells it, and
/// from then on it has to know who the other managers are.
pub const PROMOTION_LOOK: Duration = Duration::from_secs(5);
/// A join that times out goes on in the background; it is watched this long.
pub const PENDING_LIMIT: Duration = Duration::from_mins(1);
/// A member's engine whose swarm part has failed starts it anew by itself, after 100 ms at first and 30 s at last (moby,
/// `daemon/cluster/noderunner.go`); it is given up only after this long.
pub const ERROR_LIMIT: Duration = Duration::from_mins(1);
/// And is looked at this often.
pub const ERROR_LOOK: Duration = Duration::from_secs(2);
/// An engine needs this long between leaving a swarm and joining the next.
pub const REJOIN_GAP: Duration = Duration::from_secs(15);
/// EC2 is asked about an instance this often at first, and twice before it is believed.
pub const FLEET_GAP: Duration = Duration::from_secs(10);
/// An instance that EC2 does not know counts as gone after this long.
pub const ABSENCE: Duration = Duration::from_mins(10);
/// An engine that waits for managers answers after 21 s; one that does not by now hangs.
pub const ENGINE_PATIENCE: Duration = Duration::from_secs(90);
/// Two looks at an engine that does not answer take so long.
pub const ENGINE_LOOKS: Duration = Duration::from_mins(1);
/// One that has not answered for so long, in which it was restarted if that was allowed, does not start.
pub const ENGINE_LIMIT: Duration = Duration::from_mins(5);
/// One act that cannot be undone per node in this time.
pub const ACT_GAP: Duration = Duration::from_mins(10);
/// "Removed" has to be said twice, this far apart.
pub const REMOVED_GAP: Duration = Duration::from_secs(15);
/// Elections take 12 to 22 s, a full restart 33 s, coming back after a partition 57 s.
pub const NO_LEADER_LIMIT: Duration = Duration::from_mins(2);
/// That many looks without a leader, besides.
pub const NO_LEADER_LOOKS: u32 = 5;
/// Between looks at managers that know no leader.
pub const NO_LEADER_GAP: Duration = Duration::from_secs(20);
/// Other managers of the same swarm have answered for this long, the known ones have not.
pub const REPLACED_LIMIT: Duration = Duration::from_mins(2);
/// The managers of a newer swarm have answered for this long, this node's own have not.
pub const MOVE_LIMIT: Duration = Duration::from_secs(30);
/// What is left for other managers has been asked of the own ones no longer ago than this: a
/// network that is whole again brings both back at once.
pub const LAST_LOOK: Duration = Duration::from_secs(5);
/// An instance that has been without tags for this long has none; EC2 tells them late.
pub const TAGLESS: Duration = Duration::from_secs(30);
/// EC2's word about an instance: answers that come right after one another are one look. Its clock goes on while this
/// machine is suspended, and what it has said of an end stays true.
pub const FLEET_SERIES: Spacing = Spacing {
    apart: FLEET_GAP,
    breaks: Duration::MAX,
};
/// The ticket's managers have been silent for this long before EC2 is asked about them.
pub const SILENCE: Duration = Duration::from_secs(15);
/// A manager learns a node's new labels after 16 to 20 s.
pub const ANNOUNCED: Duration = Duration::from_secs(25);
/// A departure that nobody has answered is announced again.
pub const ANNOUNCE_AGAIN: Duration = Duration::from_mins(2);
/// Between looks at the tasks that still run here.
pub const TASKS_LOOK: Duration = Duration::from_secs(2);
/// A departing manager looks this often whether it was demoted: nothing tells it.
pub const DEMOTION_LOOK: Duration = Duration::from_secs(2);
/// The longest gap between two heartbeats of a terminating hook.
pub const LONGEST_BEAT: Duration = Duration::from_mins(1);
/// Auto Scaling says that it does not wait also of an instance it will wait for in a moment: it has
/// to say so twice, this far apart.
pub const NOT_WAITING_GAP: Duration = Duration::from_secs(10);

/// What an agent has said for health checks counts for so long: it says it again every ten seconds, and one that is restarted
/// or upgraded is back within a few.
pub const READINESS_LASTS: Duration = Duration::from_secs(30);

/// Metadata is looked at this often.
pub const METADATA_LOOK: Duration = Duration::from_secs(5);
/// The first question of a departure to Auto Scaling is spread over this time, see [`first_hooks`]: a hundred nodes that are
/// to leave see it within the same five seconds.
pub const FIRST_HOOKS: Duration = Duration::from_secs(17);
/// So is the first heartbeat, over longer, see [`first_beat`]: most nodes are done before.
pub const FIRST_BEAT: Duration = Duration::from_mins(2);
/// And the word that the node is done: see [`first_word`].
pub const FIRST_WORD: Duration = Duration::from_secs(20);
/// So often in a row a manager that the others wait for asks again soon: about half a minute.
const SOON_LOOKS: u32 = 60;

/// Over this time workers that AWS refuses the ticket for too many requests spread their next read of it, by how often
/// in a row it was refused. It doubles but for a rest at 6 s, which serves 1,000 nodes that boot in one second, at 40
/// reads a second, in 30 s; after about a minute of that somebody else uses the account's rate up, and 1,000 waiting
/// nodes stay under it.
pub fn crowd(refusals: u32) -> Duration {
    Duration::from_secs(match refusals {
        0..=1 => 1,
        2 => 2,
        3 => 4,
        4..=20 => 6,
        21 => 12,
        22 => 24,
        _ => 50,
    })
}

/// Growing gaps between looks: doubling from `first` to `cap`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gaps {
    first: Duration,
    cap: Duration,
}

impl Gaps {
    /// The ticket of a swarm that is being formed: a first manager needs a second or two.
    /// The cap keeps 1,000 waiting nodes under Parameter Store's 40 reads a second.
    pub const TICKET: Self = Self::new(500, 30_000);
    /// A manager waits for another's claim: there are few of them, and they hurry.
    pub const REGISTERS: Self = Self::new(1_000, 10_000);
    /// AWS refused or did not answer.
    pub const TROUBLE: Self = Self::new(2_000, 30_000);
    /// AWS has too many requests. Each node waits some part of this, one second the first time on average.
    pub const THROTTLED: Self = Self::new(2_000, 60_000);
    /// A departing node asks Auto Scaling, which has too many requests: its whole group may, and nothing presses.
    pub const DEPARTING: Self = Self::new(4_000, 60_000);
    /// AWS has too many requests, and this is a manager without a swarm: the others wait for it. Of 1,000 workers that
    /// boot with the first one most of its questions come to nothing.
    const SOON: Self = Self::new(200, 400);
    /// The ticket's managers, on the private network.
    pub const PROBE: Self = Self::new(250, 10_000);
    /// EC2's word about an instance, once it has been heard twice.
    pub const FLEET: Self = Self::new(10_000, 300_000);
    /// The ticket, while none of the managers that a member knows answers: 1,000 such members
    /// stay under half of Parameter Store's 40 reads a second.
    pub const STRAY: Self = Self::new(10_000, 60_000);
    /// The group's hook could not be told of the launch.
    pub const LAUNCH: Self = Self::new(5_000, 300_000);
    /// A stack that could not be deployed or removed.
    pub const STACK: Self = Self::new(5_000, 600_000);
    /// A change of a node's entry that is wanted again though it was made.
    pub const REPEAT: Self = Self::new(1_000, 600_000);
    /// Auto Scaling refuses to tell about the managers' groups, or to protect anybody.
    pub const PROTECTION: Self = Self::new(1_000, 600_000);
    /// A manager's own record of its node, which it writes a moment after it has joined.
    pub const RECORD: Self = Self::new(250, 15_000);
    /// An image or container that the engine refuses to remove from a full disk.
    pub const CLEANING: Self = Self::new(60_000, 3_600_000);
    /// A failed join.
    pub const JOIN: Self = Self::new(1_000, 30_000);

    const fn new(first_ms: u64, cap_ms: u64) -> Self {
        Self {
            first: Duration::from_millis(first_ms),
            cap: Duration::from_millis(cap_ms),
        }
    }

    /// The gap after this many looks.
    pub fn after(self, looks: u32) -> Duration {
        let factor = 1_u32
            .checked_shl(looks.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.cap)
    }

    /// How long until it is time to look again; `None` when it is time.
    pub fn remaining<T>(self, reading: &Reading<T>) -> Option<Duration> {
        remaining(self.gap(reading), reading.age)
    }

    /// The gaps after refusals for too many requests.
    fn refused(self) -> Self {
        if self == Self::DEPARTING {
            self
        } else {
            Self::THROTTLED
        }
    }

    /// The gap after this look: this series' own only where there was an answer.
    pub fn gap<T>(self, reading: &Reading<T>) -> Duration {
        match reading.value {
            Err(Trouble::Throttled(_)) => turn(self.refused(), reading.turn, reading.looks),
            Err(_) => Self::TROUBLE.after(reading.looks),
            Ok(_) => self.after(reading.looks),
        }
    }
}

/// How long a node waits that was refused so often in a row for too many requests.
fn turn(gaps: Gaps, turn: Turn, refusals: u32) -> Duration {
    match turn {
        Turn::Soon if refusals <= SOON_LOOKS => Gaps::SOON.after(refusals),
        Turn::Soon => gaps.after(refusals - SOON_LOOKS),
        Turn::Drawn(_) => turn_of(turn, gaps.after(refusals)),
    }
}

/// Some part of a time, and not nothing.
pub fn turn_of(turn: Turn, time: Duration) -> Duration {
    match turn {
        Turn::Drawn(part) => time * u32::from(part.clamp(20, 1000)) / 1000,
        Turn::Soon => Duration::ZERO,
    }
}

/// The part of a time that a lot stands for, and not nothing.
pub fn part_of(random: u16, time: Duration) -> Duration {
    turn_of(Turn::Drawn(random.saturating_add(1)), time)
}

/// Over how long a departing node spreads the question for its group's hooks, where the shortest of them has this time-out.
///
/// It is a tenth of that, and so are the other two: even with the shortest hook that there is, of 30 s, one call of them may
/// be lost, which is known after ten seconds. Who has never heard how long its hooks wait takes the whole time, with which
/// such a hook still hears in time where no call is lost.
pub fn first_hooks(timeout: Option<Duration>) -> Duration {
    timeout.map_or(FIRST_HOOKS, |timeout| FIRST_HOOKS.min(timeout / 10))
}

/// How long after it knows of a hook with this time-out a departing node sends the first heartbeat, at most.
pub fn first_beat(timeout: Duration) -> Duration {
    FIRST_BEAT.min(timeout / 10)
}

/// Over how long a departed node spreads the word that it is done, where its hook has this time-out and has waited for
/// so long: no heartbeat is sent between the two.
pub fn first_word(timeout: Duration, waited: Duration) -> Duration {
    FIRST_WORD
        .min(timeout / 10)
        .min(spared(timeout).saturating_sub(waited))
}

/// When a hook with this time-out has waited for so long, nothing is spread any more: the rest is for a call that is lost.
pub fn spared(timeout: Duration) -> Duration {
    timeout / 2
}

/// How often a lifecycle hook with this time-out is to hear a heartbeat: in less than half of it, so that one
/// may be lost, and also with a fifth for the jitter.
pub fn beat_every(timeout: Duration) -> Duration {
    timeout * 2 / 5
}

/// What is left of a gap; `None` when it has passed.
pub fn remaining(gap: Duration, age: Duration) -> Option<Duration> {
    gap.checked_sub(age).filter(|left| !left.is_zero())
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
