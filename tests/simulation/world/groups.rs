//! Auto Scaling groups: whom they launch and end, and the hooks at which they wait.

use std::time::Duration;

use aws::groups;
use aws::lifecycle::{Hook, Transition, Verdict};
use protocol::Role;
use protocol::departure::notice::Target;

use super::State;
use super::aws::Trouble;
use super::machine::MachineId;
use super::mischief::Mischief;

/// Its place in the list of groups, for ever.
pub(crate) type GroupId = usize;

/// The longest time between metadata's word of an end and its hook's begin, in milliseconds.
const HOOK_LAG: u64 = 5_000;

/// Between two choices of a group without hooks; AWS's default is five minutes. Those of one moment are one choice.
const COOLDOWN: Duration = Duration::from_mins(1);
/// The longest gap of a leader whom Auto Scaling did not answer.
const CAUGHT_UP: Duration = Duration::from_mins(10);
/// `MaxSize`
const MOST: usize = 12;

/// Instances of one role.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) desired: usize,
    /// So many more, while a refresh replaces its instances.
    pub(crate) surge: usize,
    /// A refresh is under way.
    pub(crate) refreshes: bool,
    /// How long each hook waits without a heartbeat; `None` where there is none.
    pub(crate) launching: Option<Duration>,
    pub(crate) terminating: Option<Duration>,
    /// What follows if nobody has completed the launching hook.
    pub(crate) by_default: Verdict,
    /// When it ended a member of its own accord last.
    pub(crate) chosen: Option<Duration>,
    /// When the next instance is launched, if one is missing.
    pub(crate) next_launch: Option<Duration>,
}

/// An instance's place in its group's life.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) group: GroupId,
    pub(crate) stage: Stage,
    /// The group does not choose it for an end.
    pub(crate) protected: bool,
}

/// How far that life has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// `Pending:Wait`
    Launching(Wait),
    InService,
    /// `Terminating:Wait`
    Terminating(Wait),
    /// `Terminating:Proceed`: it ends at that time.
    Ending(Duration),
}

/// A hook that waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    /// Before that the group says that it does not wait.
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

/// What the group has somebody do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    Launch(GroupId),
    End(MachineId),
}

impl Group {
    /// Its hooks as `DescribeLifecycleHooks` lists them.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        let hook = |name: &str, transition, timeout: Option<Duration>| {
            let name = name.to_owned();
            timeout.map(|timeout| Hook {
                name,
                transition,
                timeout,
            })
        };
        let launching = hook("launching", Transition::Launching, self.launching);
        let terminating = hook("terminating", Transition::Terminating, self.terminating);
        launching.into_iter().chain(terminating).collect()
    }
}

impl State {
    /// Takes an instance that was just launched into its group.
    pub(crate) fn enroll(&mut self, id: MachineId, group: GroupId) {
        let now = self.now;
        let wait = |timeout| {
            Stage::Launching(Wait {
                from: now,
                until: now + timeout,
            })
        };
        let stage = self.groups[group].launching.map_or(Stage::InService, wait);
        let name = self.groups[group].name.clone();
        let machine = &mut self.machines[id];
        machine.group = Some(name);
        machine.member = Some(Member {
            group,
            stage,
            protected: false,
        });
    }

    /// A group as `DescribeAutoScalingGroups` tells of it.
    pub(crate) fn described(&self, name: &str) -> Option<groups::Group> {
        let number = self.groups.iter().position(|group| group.name == name)?;
        let members = self.living().into_iter().filter_map(|id| {
            let member = self.machines[id].member.as_ref()?;
            (member.group == number).then(|| groups::Member {
                id: self.machines[id].instance_id.clone(),
                in_service: member.stage == Stage::InService,
                protected: member.protected,
                version: None,
            })
        });
        Some(groups::Group {
            name: name.to_owned(),
            desired: self.groups[number].desired,
            maximum: MOST,
            members: members.collect(),
            ..groups::Group::default()
        })
    }

    /// `SetInstanceProtection`: of all of them, or of none.
    pub(crate) fn set_protection(&mut self, ids: &[String], protected: bool) -> Result<(), String> {
        let mut chosen = self.living();
        chosen.retain(|&id| ids.contains(&self.machines[id].instance_id));
        let serves = |&id: &MachineId| self.stage(id) == Some(Stage::InService);
        if chosen.len() < ids.len() || !chosen.iter().all(serves) {
            return Err("not in InService or EnteringStandby or Standby".to_owned());
        }
        tracing::info!(?ids, protected, "world: protection");
        if self.plays(Mischief::ProtectionIsLost) {
            return Ok(());
        }
        for id in chosen {
            if let Some(member) = &mut self.machines[id].member {
                member.protected = protected;
            }
        }
        Ok(())
    }

    /// Whether its group may choose it for an end. A group without hooks takes its time between two choices, and makes none
    /// while nobody can tell Auto Scaling whom to protect, nor until everybody has.
    pub(crate) fn may_be_chosen(&self, id: MachineId) -> bool {
        let free = |member: &Member| {
            let last = self.groups[member.group].chosen;
            let rested = last.is_none_or(|at| at == self.now || self.since(at) >= COOLDOWN);
            member.stage == Stage::InService && !member.protected && rested
        };
        let lives = self.stage(id).is_some();
        let hears = !self.aws.was(Trouble::GroupsDown, self.now, CAUGHT_UP);
        let serves = |member: &Member| !self.unhooked || hears && free(member);
        let member = self.machines[id].member.as_ref();
        lives && member.is_some_and(|m| m.stage == Stage::InService && serves(m))
    }

    /// The group ends one that it may choose.
    pub(crate) fn choose(&mut self, id: MachineId) {
        if let Some(member) = &self.machines[id].member {
            self.groups[member.group].chosen = Some(self.now);
        }
        self.scale_in(id);
    }

    /// Where a member is in its group's life; `None` for who is in no group, or has ended.
    pub(crate) fn stage(&self, id: MachineId) -> Option<Stage> {
        let machine = &self.machines[id];
        let member = machine.member.as_ref();
        member
            .filter(|_| machine.terminated.is_none())
            .map(|m| m.stage)
    }

    pub(super) fn set_stage(&mut self, id: MachineId, stage: Stage) {
        tracing::info!(machine = id, ?stage, "world: its group's life");
        if let Some(member) = &mut self.machines[id].member {
            member.stage = stage;
        }
    }

    /// `autoscaling/target-lifecycle-state`
    pub(crate) fn target(&self, id: MachineId) -> Target {
        match self.stage(id) {
            None => Target::None,
            Some(Stage::Launching(_) | Stage::InService) => Target::InService,
            Some(Stage::Terminating(_) | Stage::Ending(_)) => Target::Terminated,
        }
    }

    /// Members that stay, or come.
    pub(crate) fn staying(&self, group: GroupId) -> Vec<MachineId> {
        let living = self.living().into_iter();
        let here =
            |&id: &MachineId| self.machines[id].member.as_ref().map(|m| m.group) == Some(group);
        living
            .filter(here)
            .filter(|&id| self.target(id) == Target::InService)
            .collect()
    }

    /// The group is to end this instance: at its hook, if it has one.
    pub(crate) fn scale_in(&mut self, id: MachineId) {
        let Some(group) = self.machines[id].member.as_ref().map(|m| m.group) else {
            return;
        };
        let Some(timeout) = self.groups[group].terminating else {
            return self.set_stage(id, Stage::Ending(self.now));
        };
        let from = self.soon(0, HOOK_LAG);
        let until = from + timeout;
        // A departure that goes on keeps its time: a second cause starts no other.
        let now = self.now;
        self.machines[id].departing_since.get_or_insert(now);
        self.set_stage(id, Stage::Terminating(Wait { from, until }));
    }

    /// One look of the group's at its members: who ends, and who is launched.
    pub(crate) fn scale(&mut self) -> Vec<Deed> {
        let mut deeds: Vec<Deed> = Vec::new();
        for id in self.living() {
            if self.machines[id].member.is_none() {
                continue;
            }
            self.note_reach(id);
            self.spread_news(id);
            if self.runs_out(id) {
                deeds.push(Deed::End(id));
            }
        }
        for group in 0..self.groups.len() {
            let missing = self.missing(group);
            deeds.extend((0..missing).map(|_| Deed::Launch(group)));
        }
        deeds
    }

    /// Whether this instance's time is over; hooks that nobody has completed in time end here.
    fn runs_out(&mut self, id: MachineId) -> bool {
        match self.stage(id) {
            Some(Stage::Launching(wait)) if wait.until <= self.now => self.launch_ran_out(id),
            Some(Stage::Terminating(wait)) if wait.until <= self.now => {
                self.count("hooks of an end that ran out");
                let timeout = self.group_of(id).and_then(|group| group.terminating);
                self.check_run_out(id, "its end's hook", timeout);
                let at = self.soon(500, 3_000);
                self.set_stage(id, Stage::Ending(at));
            }
            _ => {}
        }
        let ends = matches!(self.stage(id), Some(Stage::Ending(at)) if at <= self.now);
        ends || self.is_taken_back(id)
    }

    fn launch_ran_out(&mut self, id: MachineId) {
        let group = self.group_of(id);
        let (timeout, by_default) = (
            group.and_then(|group| group.launching),
            group.map(|group| group.by_default),
        );
        self.check_run_out(id, "its launch's hook", timeout);
        match by_default {
            Some(Verdict::Abandon) => self.scale_in(id),
            _ => self.set_stage(id, Stage::InService),
        }
    }

    fn group_of(&self, id: MachineId) -> Option<&Group> {
        let member = self.machines[id].member.as_ref();
        member.map(|member| &self.groups[member.group])
    }

    /// How many are to be launched now. A group with too many ends one.
    fn missing(&mut self, group: GroupId) -> usize {
        let staying = self.staying(group);
        let wanted = self.groups[group].desired + self.groups[group].surge;
        if staying.len() > wanted {
            let mut settled = staying;
            settled.retain(|&id| self.may_be_chosen(id));
            if let Some(id) = self.random.one(&settled) {
                self.choose(id);
            }
        }
        let missing = wanted.saturating_sub(self.staying(group).len());
        let at = match (missing, self.groups[group].next_launch) {
            (0, _) => None,
            (_, Some(at)) => Some(at),
            (_, None) => Some(self.soon(1_000, 60_000)),
        };
        let due = at.is_some_and(|at| at <= self.now);
        self.groups[group].next_launch = at.filter(|_| !due);
        if due { missing } else { 0 }
    }
}
