//! Departures: what the node's own steps do outside, what the leader does for it, and what AWS and the engine do meanwhile.

use std::collections::BTreeMap;

use protocol::facts::hooks::HookCall;
use protocol::labels::{ADMISSION_LABEL, DEPARTING_LABEL, DRAINED_LABEL, PROMOTED_LABEL};
use protocol::leader::admission::{Admission, Refusal};
use protocol::leader::draining::{self, DrainedFor, Silence, Turns};
use protocol::leader::labelling::ACTIVATED;
use protocol::leader::{Records, Snapshot};
use protocol::{Action, Availability, Instances, Moment, NodeChange, NodeEntry, Role, Tasks};

use crate::admission;
use crate::ages;
use crate::effects::Fate;
use crate::heard::Heard;
use crate::names::instance;
use crate::turn::Turn;
use crate::variant::Variant;
use crate::world::{Doing, Entry, Hook, Id, Number, Part, Rule, World};

/// What AWS or the engine does by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Meanwhile {
    /// A manager learns what a node's engine says of its departure.
    LabelSeen,
    /// The task of a drained node has moved.
    TaskEnds,
    /// Auto Scaling answers what a node has asked.
    Answered(HookCall),
    /// Auto Scaling ends an instance that has let it go on.
    Ended,
}

/// What may happen to a node meanwhile.
pub(crate) fn possible(world: &World, id: Id) -> impl Iterator<Item = Meanwhile> + use<> {
    let node = &world.nodes[usize::from(id)];
    let entry = world.entry_of(id);
    let news = entry.is_some_and(|entry| entry.asks != node.says);
    let drained = entry.is_none_or(|entry| entry.availability == Availability::Drain);
    // An answer is heard between two steps.
    let asked = node.mind.asked.filter(|_| node.doing.is_none());
    [
        (news, Meanwhile::LabelSeen),
        (node.has_task && drained, Meanwhile::TaskEnds),
        (node.hook == Hook::Completed, Meanwhile::Ended),
    ]
    .into_iter()
    .filter_map(|(possible, what)| possible.then_some(what))
    .chain(asked.map(Meanwhile::Answered))
}

impl World {
    /// This node's entry in the raft that reaches it.
    pub(crate) fn entry_of(&self, id: Id) -> Option<&Entry> {
        let raft = self.contact(id)?;
        self.raft(raft).entry(id, self.place(id)?.life)
    }

    fn entry_of_mut(&mut self, id: Id) -> Option<&mut Entry> {
        let raft = self.contact(id)?;
        let life = self.place(id)?.life;
        self.rafts[usize::from(raft)].entry_mut(id, life)
    }

    pub(crate) fn meanwhile(&mut self, id: Id, what: Meanwhile) {
        let says = self.nodes[usize::from(id)].says;
        match what {
            Meanwhile::LabelSeen => {
                if let Some(entry) = self.entry_of_mut(id) {
                    entry.asks = says;
                }
            }
            Meanwhile::TaskEnds => self.node(id).has_task = false,
            Meanwhile::Answered(HookCall::List) => self.hear(id, Heard::Hooks),
            Meanwhile::Answered(HookCall::Beat) => self.hear(id, Heard::Beat),
            Meanwhile::Answered(HookCall::Complete) => self.hear(id, Heard::Completed),
            Meanwhile::Ended => {
                let counted = self.place(id).is_some_and(|place| place.raft.is_some());
                self.history.ended_in_raft |= counted;
                self.end(id);
            }
        }
    }

    /// A node that stays has no trace of a departure; one that is drained is given no tasks; no other is there any more.
    pub(crate) fn is_as_told(&self, id: Id) -> bool {
        let node = &self.nodes[usize::from(id)];
        let Some(entry) = self.entry_of(id) else {
            return false;
        };
        let departs = node.disk.files().departure.is_some();
        match node.notice {
            None => {
                let active = entry.availability == Availability::Active && entry.admitted;
                active && entry.departs().is_none() && node.says.is_none() && !departs
            }
            Some(Notice::Drain) => entry.availability == Availability::Drain && departs,
            Some(Notice::ScaleIn) => false,
        }
    }

    /// A step of a departure; whether it was one.
    pub(crate) fn depart_step(&mut self, id: Id, turn: &Turn, variant: Variant) -> bool {
        match &turn.action {
            Action::Retract(_) if variant == Variant::ForgetsRetract => {
                self.hear(id, Heard::Retracted);
            }
            Action::CountTasks if variant == Variant::MissesTasks => self.hear(id, Heard::Tasks(0)),
            Action::CountTasks if variant == Variant::CompletesEarly => self.complete(id, turn),
            Action::Announce(_) => {
                self.node(id).says = told(turn);
                self.hear(id, Heard::Announced);
            }
            Action::Mark(_) => self.mark_entry(id, turn),
            Action::Retract(_) => self.retract(id),
            Action::CountTasks => {
                let tasks = u8::from(self.node(id).has_task);
                self.hear(id, Heard::Tasks(tasks));
            }
            Action::Depart => self.record_depart(id, turn),
            Action::ListHooks(_) => self.hear(id, Heard::Asked(HookCall::List)),
            Action::Heartbeat(_) => self.hear(id, Heard::Asked(HookCall::Beat)),
            Action::CompleteLifecycle(_) => self.complete(id, turn),
            _ => return false,
        }
        true
    }

    fn mark_entry(&mut self, id: Id, turn: &Turn) {
        if let Some(entry) = self.entry_of_mut(id) {
            entry.mark = told(turn);
            entry.availability = Availability::Drain;
            self.hear(id, Heard::Marked);
        }
    }

    /// A manager takes its own mark away; a worker's is the leader's.
    fn retract(&mut self, id: Id) {
        self.node(id).says = None;
        let files = self.node(id).disk.files();
        let marked = files.departure.is_some_and(|d| d.marked && !d.left);
        let is_manager = self.led(id).is_some();
        if let Some(entry) = self.entry_of_mut(id).filter(|_| marked && is_manager) {
            entry.mark = None;
            entry.availability = Availability::Active;
        }
        self.hear(id, Heard::Retracted);
    }

    fn record_depart(&mut self, id: Id, turn: &Turn) {
        self.record(id, turn);
        let idle = !self.node(id).has_task;
        self.history.note(Rule::TasksFirst, idle || turn.is_due);
        self.node(id).doing = Some(Doing::Depart);
    }

    /// The engine leaves.
    pub(crate) fn depart(&mut self, id: Id) {
        let counted = self.place(id).is_some_and(|place| place.raft.is_some());
        self.history.note(Rule::LeaveAsWorker, !counted);
        let node = self.node(id);
        node.place = None;
        node.has_task = false;
        node.doing = Some(Doing::Departed);
    }

    pub(crate) fn departed(&mut self, id: Id, fate: Fate) -> bool {
        self.hear_with(id, Heard::Departed, fate)
    }

    /// What is asked for comes about at once; the answer comes later, if the agent lives.
    fn complete(&mut self, id: Id, turn: &Turn) {
        let outside = self.place(id).is_none();
        self.history
            .note(Rule::CompleteAtTheEnd, outside || turn.is_due);
        self.node(id).hook = Hook::Completed;
        self.hear(id, Heard::Asked(HookCall::Complete));
    }

    /// What the leader does about nodes that leave: the production's decision. Whether there was something.
    pub(crate) fn drain(&mut self, leader: Id, raft: u8, variant: Variant) -> bool {
        let list = self.list(leader, raft, false);
        let own = instance(leader);
        let seen = Snapshot {
            own: &own,
            admission: Admission::Enforce,
            nodes: &list,
            instances: &Instances::default(),
            records: &Records::default(),
            tasks: &self.tasks(raft, variant),
            epoch: None,
            now: ages::NOW,
        };
        let steps = draining::next(&seen, &self.silence(raft, &list), &Turns::default());
        let changes: Vec<(usize, NodeChange)> = steps
            .into_iter()
            .map(|(node, step)| {
                let change = draining::change(node, step, Availability::Active);
                (node.id.parse().expect("an index"), change)
            })
            .collect();
        for (index, change) in &changes {
            self.rafts[usize::from(raft)].entries[*index].change(change);
        }
        !changes.is_empty()
    }

    fn tasks(&self, raft: u8, variant: Variant) -> Tasks {
        let entries = self.raft(raft).entries.iter().enumerate();
        let busy = entries.filter(|(_, entry)| match entry.stranger {
            // Its tasks never end.
            Some(stranger) => stranger.up,
            None => self.nodes[usize::from(entry.node)].has_task,
        });
        let running = busy.map(|(index, _)| (index.to_string(), 1));
        Tasks {
            running: running.filter(|_| variant != Variant::DrainsAll).collect(),
            starting: 0,
        }
    }

    /// Workers whose entries alone say that they leave, for two minutes: by then their agents would have said so, too.
    fn silence(&self, raft: u8, list: &[NodeEntry]) -> Silence {
        let is_silent = |entry: Entry| {
            let node = self.nodes.get(usize::from(entry.node));
            let alive = node.filter(|node| !node.dead);
            alive.is_some_and(|n| n.says.is_none() && n.disk.files().departure.is_none())
        };
        let entries = self.raft(raft).entries.iter().zip(list);
        let silent = entries.filter(|(entry, _)| is_silent(**entry));
        let silent: Vec<NodeEntry> = silent.map(|(_, node)| node.clone()).collect();
        let mut silence = Silence::default();
        let up = ages::NOW.up.saturating_sub(draining::SILENT);
        silence.look(&silent, Moment { up, ..ages::NOW });
        silence
    }
}

impl Entry {
    /// Its labels, as far as there are any here. Managers were promoted in their swarm's epoch.
    pub(crate) fn labels(self, epoch: Number) -> BTreeMap<String, String> {
        let mark = self
            .mark
            .map(|why| (DEPARTING_LABEL, why.deadline().to_string()));
        let record = self
            .drained_for
            .map(|word| (DRAINED_LABEL, word.as_str().to_owned()));
        let activated = self.claims().filter(|_| self.admitted);
        let activated = activated.map(|id| (ACTIVATED, instance(id)));
        let refused = self
            .refused
            .map(|refusal| (ADMISSION_LABEL, refusal.to_string()));
        let promoted = (self.part == Part::Manager).then(|| (PROMOTED_LABEL, epoch.to_string()));
        let labels = [activated, promoted, mark, record, refused]
            .into_iter()
            .flatten();
        labels.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// What production changes of it.
    pub(crate) fn change(&mut self, change: &NodeChange) {
        if change.role == Some(Role::Worker) {
            self.part = Part::Worker;
        }
        self.availability = change.availability.unwrap_or(self.availability);
        for (key, value) in &change.labels {
            match key.as_str() {
                DRAINED_LABEL => {
                    self.drained_for = value.as_deref().and_then(DrainedFor::parse);
                }
                DEPARTING_LABEL => self.mark = None,
                ACTIVATED => self.admitted = value.is_some(),
                ADMISSION_LABEL => {
                    let refusal = value.as_deref().and_then(Refusal::parse);
                    self.refused = refusal.map(admission::long_ago);
                }
                _ => {}
            }
        }
    }
}

/// What others read of a departure: why.
fn told(turn: &Turn) -> Option<Notice> {
    let departure = turn.disk.files().departure?;
    Some(match departure.told() {
        0 => Notice::Drain,
        _ => Notice::ScaleIn,
    })
}

/// Why a node is to go.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Notice {
    /// Auto Scaling ends it, and waits for its hook.
    ScaleIn,
    /// An operator wants no tasks on it.
    Drain,
}

impl Notice {
    /// A drain has none; all others are far enough away that everybody waits for its turn.
    pub(crate) fn deadline(self) -> u64 {
        match self {
            Self::ScaleIn => u64::MAX,
            Self::Drain => 0,
        }
    }
}
