//! What a machine's metadata and its operator say, and what follows from it on AWS's side.

use std::time::Duration;

use host::state_folder::StateFolder;
use protocol::departure::Request;
use protocol::departure::latch::{Heard, MAINTENANCE_LEAD};
use protocol::departure::notice::{Notices, SpotAction, SpotNotice, Target};

use super::State;
use super::machine::{Machine, MachineId};
use super::mischief::Mischief;

/// Between spot's notice and the instance's end.
pub(crate) const SPOT: Duration = Duration::from_mins(2);

/// Agents count whole ones.
const SECOND: Duration = Duration::from_secs(1);
/// Between two looks at metadata, in milliseconds.
const LOOK: u64 = 5_000;

/// Why a machine is to leave, as the world knows it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Notice {
    /// Spot ends it then, whatever happens.
    pub(crate) spot: Option<Duration>,
    /// Its host is retired then, unless that is cancelled before.
    pub(crate) retires: Option<Duration>,
    /// An operator has drained it.
    pub(crate) drained: bool,
    /// An operator has taken it out of the swarm.
    pub(crate) taken_out: bool,
    /// An operator has said that it stays, whatever AWS advises.
    pub(crate) overruled: bool,
}

impl Machine {
    /// How the settings' operator's word is left: where the agent looks for it.
    pub(crate) fn memory(&self) -> StateFolder {
        StateFolder::new(&self.folder, &self.instance_id)
    }
}

impl State {
    /// What a look at metadata and at the operator's word tells now.
    pub(crate) fn told(&self, id: MachineId) -> Heard {
        let machine = &self.machines[id];
        if self.plays(Mischief::CauseIsForgotten) && machine.left.is_some() {
            let target = Some(Target::InService);
            let notices = Notices {
                target,
                ..Notices::default()
            };
            return Heard {
                notices,
                request: Some(None),
            };
        }
        let spot = machine.notice.spot.map(|at| SpotNotice {
            action: SpotAction::Terminate,
            time: at.as_secs(),
        });
        let request: Result<Option<Request>, _> = machine.memory().request();
        Heard {
            notices: Notices {
                target: Some(self.target(id)),
                spot: Some(spot),
                rebalance: Some(false),
                maintenance: Some(machine.notice.retires.map(|at| at.as_secs())),
            },
            request: request.ok(),
        }
    }

    /// Spot takes it back.
    pub(crate) fn warn_of_spot(&mut self, id: MachineId) {
        self.publish_time(id, self.now + SPOT);
        self.machines[id].notice.spot = Some(self.now + SPOT);
    }

    /// Its host is retired at that time.
    pub(crate) fn warn_of_retirement(&mut self, id: MachineId, at: Duration) {
        self.publish_time(id, at);
        self.machines[id].notice.retires = Some(at);
    }

    fn publish_time(&mut self, id: MachineId, at: Duration) {
        let machine = &mut self.machines[id];
        machine.published = Some(machine.published.map_or(at, |before| before.min(at)));
    }

    /// Agents look every five seconds, each at times of its own.
    pub(super) fn spread_news(&mut self, id: MachineId) {
        let news = (self.target(id), self.machines[id].notice);
        if self.machines[id].known == news {
            // A retirement was told of long before its time has come near.
            if self.leaves(id) {
                self.machines[id].told_to_leave.get_or_insert(self.now);
            }
            return;
        }
        let hears_at = self.machines[id].hears_at;
        let at = hears_at.unwrap_or_else(|| self.soon(0, LOOK));
        self.machines[id].hears_at = Some(at);
        if at <= self.now {
            self.tell(id);
        }
    }

    /// The agent hears what there is to hear.
    pub(crate) fn tell(&mut self, id: MachineId) {
        if self.plays(Mischief::WithdrawalIsNotHeard) && self.machines[id].notice.overruled {
            return;
        }
        let told = self.told(id);
        self.machines[id].known = (self.target(id), self.machines[id].notice);
        let retires = self.machines[id].notice.retires;
        let first = self.machines[id].first_retires;
        self.machines[id].first_retires = retires.map(|at| first.map_or(at, |first| first.min(at)));
        self.machines[id].hears_at = None;
        let leaves = self.leaves(id);
        let now = self.now;
        let machine = &mut self.machines[id];
        if leaves {
            machine.told_to_leave.get_or_insert(now);
        } else {
            (machine.told_to_leave, machine.departing_since, machine.left) = (None, None, None);
        }
        let changed = |before: &mut Heard| {
            let changed = *before != told;
            *before = told;
            changed
        };
        if machine.heard.send_if_modified(changed) {
            machine.wake.notify_one();
        }
    }

    /// An operator's word: `swarmlet drain`, `leave` or `activate`.
    pub(crate) fn ask(&mut self, id: MachineId, request: &Request) {
        let now = self.now;
        let machine = &mut self.machines[id];
        machine.notice.drained = *request == Request::Drain;
        machine.notice.taken_out = *request == Request::Leave;
        machine.notice.overruled = matches!(request, Request::Activate { .. });
        if machine.notice.taken_out {
            machine.departing_since.get_or_insert(now);
        }
        let noted = machine.memory().ask(request);
        noted.expect("a state folder that can be written");
    }

    /// Spot's time, or that of its host, is over.
    pub(super) fn is_taken_back(&mut self, id: MachineId) -> bool {
        let notice = self.machines[id].notice;
        let mut times = notice.spot.into_iter().chain(notice.retires);
        let over = times.any(|at| at <= self.now);
        if over {
            self.count("instances that AWS took back");
        }
        over
    }

    /// Whether it is to leave the swarm: a drain alone is no leaving.
    pub(crate) fn leaves(&self, id: MachineId) -> bool {
        let notice = self.machines[id].notice;
        let near = |at: Duration| at <= self.now + MAINTENANCE_LEAD;
        self.target(id) == Target::Terminated
            || notice.spot.is_some()
            || notice.retires.is_some_and(near)
            || notice.taken_out
    }

    /// Whether its agent knows that: a retirement was told of before its time came near.
    pub(super) fn knows_to_leave(&self, id: MachineId) -> bool {
        let machine = &self.machines[id];
        let near = |at: Duration| at <= self.now + MAINTENANCE_LEAD + SECOND;
        machine.told_to_leave.is_some() || machine.first_retires.is_some_and(near)
    }

    /// Whether it is to run no tasks.
    pub(crate) fn departs(&self, id: MachineId) -> bool {
        self.leaves(id) || self.machines[id].notice.drained
    }

    /// The earliest time at which a departure may be over without its tasks having ended.
    pub(super) fn deadline(&self, id: MachineId) -> Option<Duration> {
        let rules = self.settings.departure.rules;
        let machine = &self.machines[id];
        let limit = machine
            .departing_since
            .map(|since| since + rules.drain_limit);
        // A time that was taken back may have shortened a departure that goes on for another cause.
        let published = machine.published.map(|at| at.saturating_sub(rules.margin));
        published.into_iter().chain(limit).min()
    }
}
