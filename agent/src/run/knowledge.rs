//! What the agent has learnt since it started: answers with their times.

use std::time::Duration;

use super::departing::Progress;
use super::memory::{Act, Recalled};
use crate::node::Node;
use aws::lifecycle::Hook;
use protocol::departure::Departing;
use protocol::{
    Answer, EngineState, Epoch, Holder, Identity, Instances, JoinFailure, Kind, Membership, Moment,
    Observation, Peer, Probed, Reading, Recovery, Registers, Role, Series, Stamp, Standing, Ticket,
    Trouble, Turn, Verdict, pace,
};
use view::status::launch::Waited;

/// Everything a round knows beside the engine's own state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Knowledge {
    pub(super) membership: Option<Membership>,
    pub(super) peers: Vec<Peer>,
    pub(super) ticket: Option<Series<Answer<Option<Ticket>>>>,
    pub(super) registers: Option<Series<Answer<Registers>>>,
    pub(super) managers: Option<Series<Answer<Vec<Probed>>>>,
    pub(super) unlock: Option<Series<Answer<()>>>,
    /// EC2's word.
    pub(super) instances: Instances,
    /// When this node did what cannot be undone.
    pub(super) acted: Option<Stamp>,
    /// The steps of a departure.
    pub(super) progress: Progress,
    /// The last try to tell the group of the launch.
    pub(super) launch: Option<Series<Answer<()>>>,
    /// The group's launching hooks, once they were asked for: who is launched already is not held up by others.
    pub(super) launching: Option<Vec<Hook>>,
    /// Since when the group waits.
    pub(super) waited: Waited,
    forced: Option<Epoch>,
    /// What managers say, and how many of them know no leader.
    standing: Option<Series<(Verdict, usize)>>,
    /// Why joins failed.
    join: Option<Series<String>>,
    left: Option<Stamp>,
    /// Until when the ticket is not read.
    held: Option<Stamp>,
    /// The nonce of the claim that is waited for.
    awaited: Option<Series<String>>,
    engine: Option<Series<EngineState>>,
    patience: Duration,
}

/// A reading that hurries: managers without a swarm, for everybody waits for them; and workers' readings of the ticket,
/// which are held back on their own.
fn soon<T>(reading: Reading<T>, hurries: bool) -> Reading<T> {
    let turn = if hurries { Turn::Soon } else { reading.turn };
    Reading { turn, ..reading }
}

impl Knowledge {
    pub(super) fn new(recalled: Recalled, patience: Duration, now: Moment) -> Self {
        Self {
            membership: recalled.membership,
            peers: recalled.peers,
            ticket: None,
            registers: None,
            managers: None,
            unlock: None,
            instances: Instances::default(),
            acted: recalled.acted.map(|age| now.ago(age)),
            progress: Progress::default(),
            launch: None,
            launching: None,
            waited: Waited::default(),
            forced: recalled.forced,
            standing: None,
            join: None,
            left: None,
            held: None,
            awaited: None,
            engine: None,
            patience,
        }
    }

    /// The epoch of the swarm that this node is in, as it remembers it.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.membership.as_ref().map(|membership| membership.epoch)
    }

    /// Nothing is known yet, and there is no membership that would make it needless.
    pub(super) fn is_blank(&self) -> bool {
        self.membership.is_none() && self.ticket.is_none()
    }

    /// How many times in a row the ticket could not be read, if the last time was for too many
    /// requests.
    pub(super) fn refusals(&self) -> Option<u32> {
        let ticket = self.ticket.as_ref()?;
        matches!(ticket.value(), Err(Trouble::Throttled(_))).then_some(ticket.looks())
    }

    /// Holds the next read of the ticket back, whatever else happens meanwhile.
    pub(super) fn hold(&mut self, time: Duration, now: Moment) {
        self.held = Some(now.after(time));
    }

    /// How long it is held back yet.
    pub(super) fn held(&self, now: Moment) -> Option<Duration> {
        self.held?.left(now)
    }

    /// Of which kind the engine's state was when it was last looked at.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.engine.as_ref().map(|seen| seen.value().kind())
    }

    /// Who this node is, by its engine's word.
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.engine
            .as_ref()
            .and_then(|seen| seen.value().identity())
    }

    /// Docker's id of this node, while the engine is in a swarm.
    pub(super) fn node_id(&self) -> Option<&str> {
        self.identity().and_then(|here| here.node_id.as_deref())
    }

    /// All facts of this round, with their ages.
    pub(super) fn observation(
        &mut self,
        node: &Node,
        engine: EngineState,
        recovery: Recovery,
        departure: Option<Departing>,
        now: Moment,
    ) -> Observation {
        let hurries = node.role == Role::Manager && self.membership.is_none();
        let ticket = self.ticket.as_ref().map(|heard| heard.reading(now));
        let registers = self.registers.as_ref().map(|heard| heard.reading(now));
        Observation {
            instance_id: node.instance_id.clone(),
            role: node.role,
            since: self.watch(&engine, now),
            engine,
            membership: self.membership.clone(),
            peers: self.peers.clone(),
            forced: self.forced,
            ticket: ticket.map(|reading| soon(reading, hurries || node.role == Role::Worker)),
            registers: registers.map(|reading| soon(reading, hurries)),
            managers: self.managers.as_ref().map(|heard| heard.reading(now)),
            standing: self.standing(now),
            join: self.join.as_ref().map(|failed| JoinFailure {
                age: failed.age(now),
                attempts: failed.looks(),
                cause: failed.value().clone(),
            }),
            unlock: self.unlock.as_ref().map(|heard| heard.reading(now)),
            left: self.left.map(|at| at.age(now)),
            acted: self.acted.map(|at| at.age(now)),
            holder: self.holder(now),
            fleet: self.instances.fleet(self.concerned(), now),
            recovery,
            departure,
        }
    }

    /// How long the engine has been of this kind by this agent's watch: Docker does not tell.
    fn watch(&mut self, state: &EngineState, now: Moment) -> Duration {
        // What was said in an earlier loss says nothing of how long this one lasts.
        let known = self.kind();
        if state.kind() == Kind::NoLeader && known.is_some_and(|kind| kind != Kind::NoLeader) {
            self.standing = None;
            self.managers = None;
        }
        let same = |old: &EngineState, new: &EngineState| old.kind() == new.kind();
        Series::see(&mut self.engine, state.clone(), same, pace::SERIES, now);
        self.engine.as_ref().map(Series::lasted).unwrap_or_default()
    }

    /// Managers without a leader and managers that are silent are the same to a member. For how long
    /// others have been answering counts from when the own ones fell silent.
    pub(super) fn note_standing(&mut self, verdict: Verdict, leaderless: usize, now: Moment) {
        if verdict == Verdict::Member {
            self.managers = None;
        }
        let bereft = |v: &Verdict| matches!(v, Verdict::NoLeader | Verdict::Silent);
        let same = |(old, _): &(Verdict, usize), (new, _): &(Verdict, usize)| {
            old == new || (bereft(old) && bereft(new))
        };
        let said = (verdict, leaderless);
        Series::see(&mut self.standing, said, same, pace::SERIES, now);
    }

    /// A manager has just taken this node.
    pub(super) fn joined(&mut self, membership: Membership, now: Moment) {
        self.forced = None;
        self.membership = Some(membership);
        self.join = None;
        self.left = None;
        self.standing = None;
        self.note_standing(Verdict::Member, 0, now);
    }

    pub(super) fn has_acted(&mut self, act: &Act, now: Moment) {
        self.acted = Some(now.stamp());
        if let Act::Recover(epoch) = act {
            self.forced = Some(*epoch);
        }
    }

    pub(super) fn has_not_forced(&mut self) {
        self.forced = None;
    }

    pub(super) fn join_failed(&mut self, cause: String, now: Moment) {
        Series::see(&mut self.join, cause, |_, _| true, pace::IN_A_ROW, now);
    }

    /// The engine has left: what was known of the swarm it was in is of no use any more.
    pub(super) fn has_left(&mut self, now: Moment) {
        let acted = self.acted;
        let progress = std::mem::take(&mut self.progress);
        let launch = self.launch.take();
        *self = Self {
            left: Some(now.stamp()),
            acted,
            progress,
            launch,
            ..Self::new(Recalled::default(), self.patience, now)
        };
    }

    /// Starts or goes on waiting for another node's claim.
    pub(super) fn await_claim(&mut self, nonce: Option<&str>, now: Moment) {
        match nonce {
            Some(nonce) => {
                let nonce = nonce.to_owned();
                Series::see(&mut self.awaited, nonce, String::eq, pace::SERIES, now);
            }
            None => self.awaited = None,
        }
    }

    fn standing(&self, now: Moment) -> Option<Standing> {
        let said = self.standing.as_ref()?;
        let (verdict, leaderless) = *said.value();
        Some(Standing {
            verdict,
            age: said.age(now),
            looks: said.looks(),
            lasted: said.lasted(),
            leaderless,
        })
    }

    /// The instances whose lives a decision may rest on: the managers, by the ticket and as last seen, and whoever
    /// claims an epoch.
    fn concerned(&self) -> impl Iterator<Item = &str> {
        let ticket = self.ticket.as_ref().and_then(Series::answer);
        let told = ticket.into_iter().flatten();
        let told = told.flat_map(|ticket| &ticket.instances);
        let known = self.peers.iter().filter_map(|p| p.instance_id.as_ref());
        let registers = self.registers.as_ref().and_then(Series::answer);
        let claim = registers.and_then(|registers| registers.claim.as_ref());
        let claims = claim.map(|claim| &claim.instance_id);
        told.chain(known).chain(claims).map(String::as_str)
    }

    fn holder(&self, now: Moment) -> Holder {
        let awaited = self.awaited.as_ref();
        let waited = awaited.map(|claim| claim.so_far(pace::SERIES, now));
        Holder {
            waited: waited.unwrap_or_default(),
            patience: self.patience,
        }
    }
}

#[cfg(test)]
#[path = "knowledge_tests.rs"]
mod tests;
