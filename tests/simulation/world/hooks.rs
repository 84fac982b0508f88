//! What an instance can say at its group's hooks.

use std::time::Duration;

use aws::lifecycle::{Verdict, Waiting};

use super::State;
use super::groups::{Stage, Wait};
use super::machine::MachineId;

/// Heartbeats keep a hook waiting for so many times its time at most.
const MOST_BEATS: u32 = 100;

impl State {
    /// `RecordLifecycleActionHeartbeat`
    pub(crate) fn heartbeat(&mut self, id: MachineId, hook: &str) -> Waiting {
        let (now, Some(stage)) = (self.now, self.waiting_at(id, hook)) else {
            return Waiting::NotWaiting;
        };
        let group = self.machines[id].member.as_ref().map_or(0, |m| m.group);
        let again = |wait: Wait, timeout: Option<Duration>| {
            let timeout = timeout.unwrap_or_default();
            let until = (now + timeout).min(wait.from + timeout * MOST_BEATS);
            Wait { until, ..wait }
        };
        let longer = match stage {
            Stage::Launching(wait) => Stage::Launching(again(wait, self.groups[group].launching)),
            Stage::Terminating(wait) => {
                Stage::Terminating(again(wait, self.groups[group].terminating))
            }
            other => other,
        };
        self.set_stage(id, longer);
        Waiting::Heard
    }

    /// `CompleteLifecycleAction`
    pub(crate) fn complete(&mut self, id: MachineId, hook: &str, verdict: Verdict) -> Waiting {
        let Some(stage) = self.waiting_at(id, hook) else {
            return Waiting::NotWaiting;
        };
        match (stage, verdict) {
            (Stage::Launching(_), Verdict::Continue) => {
                self.count("launches that were ready");
                self.check_ready(id);
                self.set_stage(id, Stage::InService);
            }
            (Stage::Launching(_), Verdict::Abandon) => {
                self.count("launches that were given up");
                self.scale_in(id);
            }
            _ => {
                self.count("hooks of an end that were completed");
                self.check_done(id);
                self.machines[id].released.get_or_insert(self.now);
                let at = self.soon(500, 3_000);
                self.set_stage(id, Stage::Ending(at));
            }
        }
        Waiting::Heard
    }

    /// The stage of a member whose hook of this name waits.
    fn waiting_at(&self, id: MachineId, hook: &str) -> Option<Stage> {
        self.stage(id).filter(|stage| match stage {
            Stage::Launching(wait) => hook == "launching" && wait.from <= self.now,
            Stage::Terminating(wait) => hook == "terminating" && wait.from <= self.now,
            _ => false,
        })
    }
}
