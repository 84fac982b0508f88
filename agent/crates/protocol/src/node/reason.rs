//! Why a step was chosen.

use std::fmt;

use strum::{IntoStaticStr, VariantNames};

use crate::Epoch;
use crate::departure::Cause;

/// Why a step was chosen: data first, the sentence second.
#[derive(Clone, Debug, Eq, PartialEq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Reason {
    /// A worker that is to be a manager writes down which node its instance is; what stood against it the last time.
    RecordingNode(Option<String>),
    /// The engine's API does not answer.
    EngineDown,
    /// It has not answered for longer than an engine that waits for its managers takes.
    EngineHangs,
    /// It does not start, and managers of its swarm that could take this node are looked for.
    EngineFails,
    /// It does not start, and other managers serve the swarm: they have what this node's state has.
    StateUnusable,
    /// This manager's engine does not start, or says that it cannot use its swarm state, and no other manager
    /// serves the swarm.
    OnlyCopy(Option<String>),
    /// Engine and agent have no version of the API in common.
    EngineUnspoken(String),
    /// The engine is about to join, or looks for its managers.
    EnginePending,
    /// The engine has tried long enough.
    JoinStuck,
    /// The engine gave up.
    EngineError(String),
    /// The engine's swarm part has failed by a certificate that is not valid yet, by this host's clock.
    ClockBehind(String),
    /// The engine's swarm part has failed by a certificate that is valid, by this host's clock as it is now.
    ClockWasWrong(String),
    /// Raft is encrypted; what stood against unlocking it, if that was tried.
    EngineLocked(Option<String>),
    /// This node belongs to the cluster's swarm.
    Member {
        /// Whether the leader's chores are this node's.
        leader: bool,
        /// Whether it is a worker by now and a manager by its tag.
        awaits_promotion: bool,
    },
    /// A manager that reaches no leader.
    NoLeader,
    /// A worker whose managers know no leader.
    SwarmHeadless,
    /// A member, none of whose managers answers.
    ManagersSilent,
    /// A member asks its managers.
    AskingManagers,
    /// A manager with a leader says that this node is no member any more.
    RemovedPerhaps,
    /// It has said so twice.
    Removed,
    /// None of the managers that this node knows answers, but others of its swarm do.
    ManagersReplaced,
    /// All managers of its swarm are gone for good, and this node is to be one.
    SwarmLost,
    /// The cluster has a swarm of a later epoch.
    NewerSwarm(Epoch),
    /// This manager's swarm is what the recovery of this epoch has left behind.
    Superseded(Epoch),
    /// The swarm has been recovered under a later epoch.
    Recovered(Epoch),
    /// Two live swarms: only a person can know why.
    TwoSwarms {
        /// The swarm this node is in.
        here: String,
        /// The swarm of the ticket's later epoch.
        newer: String,
    },
    /// In a swarm, but it is not known whether it is the cluster's.
    Unproven,
    /// In a swarm that is not the cluster's: only a person can know why.
    ForeignSwarm {
        /// The swarm it is in.
        here: String,
        /// The swarm of the ticket.
        cluster: String,
    },
    /// Nothing is known of the ticket yet.
    TicketUnknown,
    /// The ticket could not be read.
    TicketUnreadable(String),
    /// No swarm is published yet.
    NoTicket,
    /// The ticket's managers have not been asked yet.
    ManagersUnknown,
    /// None of the ticket's managers can take this node.
    NoManagerAnswers(String),
    /// A manager of the right swarm, with a leader, answers.
    ManagerAnswers,
    /// EC2 is asked whether the silent managers are gone.
    AskingAboutManagers,
    /// A manager that is gone may have published the ticket once more before its end.
    TicketMayPredate,
    /// Silent managers whose instances live.
    ManagersCutOff(Vec<String>),
    /// Silent managers whose instances can be started.
    ManagersStopped(Vec<String>),
    /// A manager without a leader that does not know who the others are.
    PeersUnknown,
    /// The majority is gone for good, and a person has to allow the recovery.
    AwaitsConsent {
        /// How many managers are terminated.
        gone: usize,
        /// Of how many.
        members: usize,
    },
    /// The majority is gone for good, and Docker cannot go on from one manager's copy.
    CannotForce {
        /// How many managers are terminated.
        gone: usize,
        /// Of how many.
        members: usize,
    },
    /// The node has done what cannot be undone a short while ago.
    Resting {
        /// The action that has to wait.
        would: &'static str,
        /// Its reason.
        because: Box<Reason>,
    },
    /// The engine has left a swarm a moment ago and needs a pause.
    JustLeft,
    /// The engine could not join a moment ago.
    JoinFailed(String),
    /// The registers of this epoch are not known, or not any more.
    RegistersUnknown(Epoch),
    /// The registers could not be read or written.
    RegistersUnreadable(String),
    /// Nobody has claimed the epoch.
    Unclaimed(Epoch),
    /// This node may create the swarm of the epoch.
    ClaimIsMine(Epoch),
    /// Another node may: it has been given its time.
    ClaimedBy(Epoch, String),
    /// The holder is gone or stalled.
    HolderLost(Epoch, String),
    /// The epoch is formed; its ticket has not been seen yet.
    FormedWithoutTicket(Epoch),
    /// The swarm this node made stands, and is not written down yet.
    SwarmMade(Epoch),
    /// The swarm this node made is the cluster's.
    SwarmFormed(Epoch),
    /// The swarm this node made is not the cluster's: its epoch went another way.
    SwarmPassedOver(Epoch),
    /// This node departs, and says so.
    SayingSo(Cause),
    /// A departing worker waits until no task runs on it.
    Draining {
        /// Why it departs.
        cause: Cause,
        /// How many run, by its engine's word.
        tasks: Option<usize>,
    },
    /// No task runs on a departing worker any more; it stays for what load balancers still send it.
    Forwarding(Cause),
    /// A departing manager waits for its demotion.
    AwaitsDemotion {
        /// Why it departs.
        cause: Cause,
        /// Whether the leader's chores are this node's.
        leader: bool,
    },
    /// A departing manager was not demoted in time.
    NotDemoted {
        /// Why it departs.
        cause: Cause,
        /// Whether the leader's chores are this node's.
        leader: bool,
    },
    /// Nothing of the swarm runs here any more, or the time is up.
    Leaving(Cause),
    /// The engine does not leave.
    LeaveFailed(String),
    /// Auto Scaling is to go on; what stands against telling it.
    TellingAutoScaling(Option<String>),
    /// The node has left on purpose.
    Departed(Cause),
    /// An operator keeps tasks off this member.
    Drained {
        /// Whether the leader's chores are this node's.
        leader: bool,
    },
    /// The cause of the departure is gone.
    Returning,
}

impl Reason {
    /// A word that stays the same, for filters: `no-ticket`.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Whether the node is where it is to be, though in no swarm.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Departed(_))
    }

    /// Whether the leader's chores fall to this node.
    pub fn leads(&self) -> bool {
        matches!(
            self,
            Self::Member { leader: true, .. }
                | Self::AwaitsDemotion { leader: true, .. }
                | Self::NotDemoted { leader: true, .. }
                | Self::Drained { leader: true }
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl Reason {
    #[allow(
        clippy::too_many_lines,
        reason = "a table: a line a reason, and none forgotten"
    )]
    fn sentence(&self) -> String {
        match self {
            Self::Member { leader: true, .. } => "in the swarm, leader".into(),
            Self::Member {
                awaits_promotion: true,
                ..
            } => "in the swarm, waiting to be promoted to manager".into(),
            Self::Member { .. } => "in the swarm".into(),
            Self::RecordingNode(None) => {
                "in the swarm, writing down which node this instance is".into()
            }
            Self::RecordingNode(Some(why)) => format!(
                "in the swarm, and not to be promoted before it is written down which node this instance is: {why}"
            ),
            Self::NoLeader => "in the swarm, which has no leader".into(),
            Self::SwarmHeadless => "in the swarm, whose managers have no leader".into(),
            Self::ManagersSilent => "in the swarm, none of whose managers answers".into(),
            Self::AskingManagers => "asking the managers about this node".into(),
            Self::RemovedPerhaps => {
                "a manager says that this node was removed: asking again".into()
            }
            Self::Removed => "this node was removed from the swarm: joining again".into(),
            Self::ManagersReplaced => {
                "all managers that this node knows are gone, the ticket names others: joining again"
                    .into()
            }
            Self::SwarmLost => {
                "all managers of this node's swarm are terminated: leaving it to make a new one"
                    .into()
            }
            Self::NewerSwarm(epoch) => {
                format!("the cluster has a new swarm, of epoch {epoch}: moving over")
            }
            Self::Superseded(epoch) => {
                format!("this swarm was recovered elsewhere under epoch {epoch}: joining again")
            }
            Self::Recovered(epoch) => format!("the swarm was recovered under epoch {epoch}"),
            Self::TwoSwarms { here, newer } => format!(
                "TWO SWARMS: this manager serves swarm {here}, the cluster's newest is {newer}: nothing is \
                 touched; decide which one stays and run `docker swarm leave --force` on the other's managers"
            ),
            Self::ForeignSwarm { here, cluster } => format!(
                "in swarm {here}, but the cluster's is {cluster}: run `docker swarm leave` to let it join"
            ),

            Self::RegistersUnknown(epoch) => format!("looking at epoch {epoch}"),
            Self::RegistersUnreadable(why) => format!("cannot claim the swarm: {why}"),
            Self::Unclaimed(epoch) => format!("epoch {epoch} is unclaimed"),
            Self::ClaimIsMine(epoch) => format!("epoch {epoch} is this node's to form"),
            Self::ClaimedBy(epoch, holder) => {
                format!("waiting for {holder} to form the swarm of epoch {epoch}")
            }
            Self::HolderLost(epoch, why) => format!("epoch {epoch} is passed over: {why}"),
            Self::FormedWithoutTicket(epoch) => {
                format!("epoch {epoch} is formed, waiting for its ticket")
            }
            Self::SwarmMade(epoch) => format!("the swarm of epoch {epoch} stands"),
            Self::SwarmFormed(epoch) => format!("the swarm of epoch {epoch} is the cluster's"),
            Self::SwarmPassedOver(epoch) => {
                format!("epoch {epoch} went another way: leaving the swarm made for it")
            }

            Self::EngineDown => "waiting for the Docker Engine to answer".into(),
            Self::EngineHangs => "the Docker Engine does not answer: restarting it".into(),
            Self::EngineFails => {
                "the Docker Engine does not start: asking whether others serve its swarm".into()
            }
            Self::StateUnusable => {
                "the Docker Engine does not start, and other managers serve its swarm: it is tried \
                 without its swarm state, once in 10 minutes, to join again"
                    .into()
            }
            Self::OnlyCopy(why) => format!(
                "THE DOCKER ENGINE DOES NOT {}, and no other manager serves it: the state on this node may be the \
                 last copy and is left as it is; see `journalctl --unit docker`",
                why.as_ref()
                    .map_or("START WITH ITS SWARM".into(), |why| format!(
                        "SERVE ITS SWARM ({why})"
                    )),
            ),
            Self::EngineUnspoken(why) => why.clone(),
            Self::EnginePending => "the engine looks for a manager".into(),
            Self::JoinStuck => "the engine found no manager in time".into(),
            Self::EngineError(why) => format!("the engine cannot join: {why}"),
            Self::ClockBehind(why) => format!(
                "THE CLOCK OF THIS HOST IS BEHIND that of the swarm's managers: have it set, as chrony does from \
                 169.254.169.123; the engine cannot use its certificates before, and nothing is concluded ({why})"
            ),
            Self::ClockWasWrong(why) => format!(
                "the engine has failed while the clock of this host was wrong, and is restarted now that it is right ({why})"
            ),
            Self::EngineLocked(None) => "the swarm is locked: fetching its key".into(),
            Self::EngineLocked(Some(why)) => {
                format!(
                    "the swarm is locked and cannot be unlocked: {why}; run `docker swarm unlock` on this node"
                )
            }
            Self::TicketUnknown => "reading the ticket".into(),
            Self::TicketUnreadable(why) => format!("cannot read the ticket: {why}"),
            Self::NoTicket => "waiting for a manager to publish the ticket".into(),
            Self::ManagersUnknown => "asking the ticket's managers".into(),
            Self::NoManagerAnswers(seen) => format!("no manager can take this node: {seen}"),
            Self::ManagerAnswers => "a manager of the cluster's swarm answers".into(),
            Self::AskingAboutManagers => "no manager answers: asking EC2 about them".into(),
            Self::TicketMayPredate => {
                "reading the ticket once more: a manager may have changed it before its end".into()
            }
            Self::ManagersCutOff(ids) => format!(
                "waiting for managers that do not answer though EC2 says they exist: {}",
                ids.join(", ")
            ),
            Self::ManagersStopped(ids) => {
                format!("waiting for stopped managers: start {}", ids.join(", "))
            }
            Self::PeersUnknown => {
                "no leader, and no record of who the other managers are: waiting".into()
            }
            Self::AwaitsConsent { gone, members } => format!(
                "{gone} of {members} managers are terminated and the swarm cannot come back by itself: run \
                 `swarmlet recover` on this node to go on from its copy of the swarm"
            ),
            Self::CannotForce { gone, members } => format!(
                "{gone} of {members} managers are terminated, and Docker cannot go on from this node's copy of the \
                 swarm, because its managers lock: run `docker swarm leave --force` on every manager that is left \
                 to begin anew"
            ),
            Self::Resting { would, because } => format!(
                "{because}; {would} waits, because this node did something of that kind less than 10 minutes ago"
            ),
            Self::JustLeft => "pausing between leaving a swarm and joining the next".into(),
            Self::JoinFailed(why) => format!("cannot join the swarm: {why}"),
            Self::Unproven => "in a swarm, not yet known to be the cluster's".into(),

            Self::SayingSo(cause) => format!("departing: {cause}"),
            Self::Draining {
                cause,
                tasks: Some(tasks @ 1..),
            } => format!("draining, {tasks} tasks run here: {cause}"),
            Self::Draining { cause, .. } => format!("draining: {cause}"),
            Self::Forwarding(cause) => format!(
                "departing, stays until departure.traffic_wait is over for what load balancers still send: {cause}"
            ),
            Self::AwaitsDemotion { cause, .. } => {
                format!("departing, waiting to be demoted: {cause}")
            }
            Self::NotDemoted { cause, .. } => format!(
                "departing, but still a manager: it does not leave, which would cost the swarm its majority; run \
                 `docker node demote` on another manager ({cause})"
            ),
            Self::Leaving(cause) => format!("leaving the swarm: {cause}"),
            Self::LeaveFailed(why) => format!("cannot leave the swarm: {why}"),
            Self::TellingAutoScaling(None) => "telling Auto Scaling to go on".into(),
            Self::TellingAutoScaling(Some(why)) => {
                format!("cannot tell Auto Scaling to go on: {why}")
            }
            Self::Departed(cause) => format!("out of the swarm: {cause}"),
            Self::Drained { .. } => {
                "in the swarm, drained: `swarmlet activate` takes that back".into()
            }
            Self::Returning => "departing no more: taking it back".into(),
        }
    }
}
