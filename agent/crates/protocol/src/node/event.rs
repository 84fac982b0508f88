//! What a node can learn: answers to its questions, what came of its steps, and notices.

use crate::departure::latch::Heard;
use crate::facts::hooks::{Hook, HookCall, Waiting};
use crate::node::files::FileName;
use crate::node::launch::Word;
use crate::{
    Answer, Availability, EngineState, Epoch, Membership, Moment, Peer, Probed, Registers, Reply,
    Ticket, Trouble,
};

/// The only way into a [`super::Node`]. Any of them may come at any time, also unasked for.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A round begins.
    Round,
    /// The engine is about to be touched, or something was waited for: the last look at it is old.
    Stale,
    /// What may start a departure, as last heard.
    Heard(Heard),
    /// Whether a person has consented to a recovery.
    Consent(bool),
    /// The engine, by its own word.
    Engine(EngineState),
    /// The ticket, as it is stored.
    Ticket(Answer<Option<Ticket>>),
    /// The registers of one epoch.
    Registers(Answer<Registers>),
    /// The ticket's managers, asked which swarm they serve.
    Probed(Vec<Probed>),
    /// The managers that this node knows, asked about this node.
    Standing(Vec<Probed>),
    /// EC2's word.
    Instances(Reply<'a>),
    /// The engine was to be unlocked.
    Unlocked(Answer<()>),
    /// A manager has not taken this node: why.
    JoinFailed(String),
    /// This node belongs to that swarm.
    Remembered(Membership),
    /// That it is this node was to be written down in Parameter Store.
    NodeRecorded(Answer<String>),
    /// The managers of its swarm are these.
    Peers(Vec<Peer>),
    /// This node's own availability, by its entry: none where the list does not have it.
    Availability(Option<Availability>),
    /// A nonce was drawn for an epoch.
    Nonce(Epoch, String),
    /// A file is as it was to be, or will not be.
    Saved(FileName),
    /// What cannot be undone is on disk, and about to be done.
    Recorded(Act),
    /// It did not take place.
    TakenBack,
    /// No forced cluster waits for its epoch any more.
    NothingForced,
    /// The engine has left its swarm.
    Left,
    /// A step of the departure.
    Departure(DepartureEvent),
    /// The launch of this node's instance.
    Launch(LaunchEvent),
}

/// What came of a departure's steps.
#[derive(Clone, Debug)]
pub enum DepartureEvent {
    /// The engine has left its swarm on purpose.
    Departed,
    /// It was to leave on purpose, and did not.
    NotDeparted(Trouble),
    /// The engine's labels were to say that this node departs.
    Announced(Answer<()>),
    /// Its own entry was to say so.
    Marked(Answer<()>),
    /// Both were to say so no more.
    Retracted(Answer<()>),
    /// The swarm's tasks that run here.
    Tasks(Answer<usize>),
    /// Auto Scaling is being asked this, and nothing that was asked before: its answer comes later.
    Asked(HookCall),
    /// The group's hooks.
    Hooks(Answer<Vec<Hook>>),
    /// They were to wait for as long again.
    Beat(Answer<()>),
    /// They were to have the group go on, by their names.
    Completed(Vec<(String, Answer<Waiting>)>),
}

/// What happens to a launch.
#[derive(Clone, Debug)]
pub enum LaunchEvent {
    /// The node has looked where it is.
    Seen,
    /// Auto Scaling is being asked: its answer comes later.
    Asked,
    /// The group's hooks, of all kinds.
    Hooks(Answer<Vec<Hook>>),
    /// What came of a word to these hooks, each with its own answer unless one failed; and when it was said.
    Said(Word, Answer<Vec<(String, Waiting)>>, Moment),
}

/// What cannot be undone.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Act {
    /// Leaving a swarm this node belonged to.
    Leave,
    /// Forcing a new cluster under the claim of an epoch.
    Recover(Epoch),
    /// Restarting the engine.
    Restart,
    /// Clearing the swarm state of an engine that does not start with it.
    Clear,
}
