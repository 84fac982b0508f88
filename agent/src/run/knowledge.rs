//! What the agent has learnt since it started: answers with their times.

use std::time::Duration;

use tokio::time::Instant;

use super::Chance;
use super::departing::Progress;
use super::memory::{Act, Recalled};
use super::sightings::Sightings;
use crate::node::Node;
use crate::report::launch::Waited;
use aws::lifecycle::Hook;
use protocol::departure::Departing;
use protocol::{
    EngineState, Epoch, Holder, Identity, JoinFailure, Kind, Membership, Observation, Peer, Probed,
    Reading, Recovery, Registers, Role, Standing, Ticket, Trouble, Turn, Verdict, pace,
};

/// An answer, when it came, and since when and how often in a row it was of this kind.
#[derive(Clone, Debug)]
pub(super) struct Learnt<T> {
    value: Result<T, Trouble>,
    at: Instant,
    first: Instant,
    looks: u32,
    /// The part of a gap that it waits, once it is drawn.
    part: Option<u16>,
}

/// Everything a round knows beside the engine's own state.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) membership: Option<Membership>,
    pub(super) peers: Vec<Peer>,
    pub(super) ticket: Option<Learnt<Option<Ticket>>>,
    pub(super) registers: Option<Learnt<Registers>>,
    pub(super) managers: Option<Learnt<Vec<Probed>>>,
    pub(super) unlock: Option<Learnt<()>>,
    pub(super) fleet: Sightings,
    /// When this node did what cannot be undone, and how long ago that was then.
    pub(super) acted: Option<(Instant, Duration)>,
    /// The steps of a departure.
    pub(super) progress: Progress,
    /// The last try to tell the group of the launch.
    pub(super) launch: Option<Learnt<()>>,
    /// The group's launching hooks, once they were asked for: who is launched already is not held up by others.
    pub(super) launching: Option<Vec<Hook>>,
    /// Since when the group waits.
    pub(super) waited: Waited,
    forced: Option<Epoch>,
    standing: Option<Learnt<Verdict>>,
    leaderless: usize,
    join: Option<(Instant, u32, String)>,
    left: Option<Instant>,
    held: Option<Instant>,
    awaited: Option<(String, Instant)>,
    engine: Option<(EngineState, Instant)>,
    patience: Duration,
}

impl<T> Learnt<T> {
    /// The value, if the last look gave one.
    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref().ok()
    }

    pub(super) fn reading(&self) -> Reading<T>
    where
        T: Clone,
    {
        Reading {
            value: self.value.clone(),
            age: self.at.elapsed(),
            looks: self.looks,
            lasted: self.at - self.first,
            turn: self.part.map_or_else(Turn::default, Turn::Drawn),
        }
    }
}

/// Notes an answer. Gaps grow while answers stay of the same kind and start again when the
/// kind changes, or when nobody has asked for a while.
pub(super) fn note<T>(
    slot: &mut Option<Learnt<T>>,
    value: Result<T, Trouble>,
    same_kind: impl Fn(&T, &T) -> bool,
) {
    let now = Instant::now();
    let recent = slot
        .as_ref()
        .filter(|learnt| now - learnt.at <= pace::SERIES_GAP);
    let same = recent.filter(|learnt| match (&learnt.value, &value) {
        (Ok(old), Ok(new)) => same_kind(old, new),
        (Err(_), Err(_)) => true,
        _ => false,
    });
    let (first, looks) = same.map_or((now, 1), |learnt| {
        (learnt.first, learnt.looks.saturating_add(1))
    });
    *slot = Some(Learnt {
        value,
        at: now,
        first,
        looks,
        part: None,
    });
}

/// Draws the part of a gap that an answer without one waits.
pub(super) fn draw<T>(slot: &mut Option<Learnt<T>>, chance: &impl Chance) {
    if let Some(learnt) = slot {
        learnt
            .part
            .get_or_insert_with(|| u16::try_from(chance.pick(1000)).map_or(1000, |part| part + 1));
    }
}

/// A reading that hurries: managers without a swarm, for everybody waits for them; and workers' readings of the ticket,
/// which are held back on their own.
fn soon<T>(reading: Reading<T>, hurries: bool) -> Reading<T> {
    let turn = if hurries { Turn::Soon } else { reading.turn };
    Reading { turn, ..reading }
}

impl Knowledge {
    /// Every answer about AWS has its turn.
    pub(super) fn draw(&mut self, chance: &impl Chance) {
        draw(&mut self.ticket, chance);
        draw(&mut self.registers, chance);
        draw(&mut self.unlock, chance);
        draw(&mut self.launch, chance);
        draw(&mut self.progress.hooks, chance);
        draw(&mut self.progress.beat, chance);
        draw(&mut self.progress.completing, chance);
    }

    pub(super) fn new(recalled: Recalled, patience: Duration) -> Self {
        Self {
            membership: recalled.membership,
            peers: recalled.peers,
            ticket: None,
            registers: None,
            managers: None,
            unlock: None,
            fleet: Sightings::default(),
            acted: recalled.acted.map(|age| (Instant::now(), age)),
            progress: Progress::default(),
            launch: None,
            launching: None,
            waited: Waited::default(),
            forced: recalled.forced,
            standing: None,
            leaderless: 0,
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
        matches!(ticket.value, Err(Trouble::Throttled(_))).then_some(ticket.looks)
    }

    /// Holds the next read of the ticket back, whatever else happens meanwhile.
    pub(super) fn hold(&mut self, time: Duration) {
        self.held = Some(Instant::now() + time);
    }

    /// How long it is held back yet.
    pub(super) fn held(&self) -> Option<Duration> {
        let left = self.held?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Of which kind the engine's state was when it was last looked at.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.engine.as_ref().map(|(state, _)| state.kind())
    }

    /// Who this node is, by its engine's word.
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.engine.as_ref().and_then(|(state, _)| state.identity())
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
    ) -> Observation {
        let hurries = node.role == Role::Manager && self.membership.is_none();
        let ticket = self.ticket.as_ref().map(Learnt::reading);
        let registers = self.registers.as_ref().map(Learnt::reading);
        Observation {
            instance_id: node.instance_id.clone(),
            role: node.role,
            since: self.watch(&engine),
            engine,
            membership: self.membership.clone(),
            peers: self.peers.clone(),
            forced: self.forced,
            ticket: ticket.map(|reading| soon(reading, hurries || node.role == Role::Worker)),
            registers: registers.map(|reading| soon(reading, hurries)),
            managers: self.managers.as_ref().map(Learnt::reading),
            standing: self.standing(),
            join: self.join.as_ref().map(|(at, attempts, cause)| JoinFailure {
                age: at.elapsed(),
                attempts: *attempts,
                cause: cause.clone(),
            }),
            unlock: self.unlock.as_ref().map(Learnt::reading),
            left: self.left.map(|at| at.elapsed()),
            acted: self.acted.map(|(at, age)| age + at.elapsed()),
            holder: self.holder(),
            fleet: self.fleet.fleet(),
            recovery,
            departure,
        }
    }

    /// How long the engine has been of this kind by this agent's watch: Docker does not tell.
    fn watch(&mut self, state: &EngineState) -> Duration {
        let since = match &self.engine {
            Some((before, since)) if before.kind() == state.kind() => *since,
            _ => Instant::now(),
        };
        // What was said in an earlier loss says nothing of how long this one lasts.
        let known = self.kind();
        if state.kind() == Kind::NoLeader && known.is_some_and(|kind| kind != Kind::NoLeader) {
            self.standing = None;
            self.managers = None;
        }
        self.engine = Some((state.clone(), since));
        since.elapsed()
    }

    /// Managers without a leader and managers that are silent are the same to a member. For how long
    /// others have been answering counts from when the own ones fell silent.
    pub(super) fn note_standing(&mut self, verdict: Verdict, leaderless: usize) {
        self.leaderless = leaderless;
        if verdict == Verdict::Member {
            self.managers = None;
        }
        let bereft = |v: &Verdict| matches!(v, Verdict::NoLeader | Verdict::Silent);
        note(&mut self.standing, Ok(verdict), |old, new| {
            old == new || (bereft(old) && bereft(new))
        });
    }

    /// A manager has just taken this node.
    pub(super) fn joined(&mut self, membership: Membership) {
        self.forced = None;
        self.membership = Some(membership);
        self.join = None;
        self.left = None;
        self.standing = None;
        self.note_standing(Verdict::Member, 0);
    }

    pub(super) fn has_acted(&mut self, act: &Act) {
        self.acted = Some((Instant::now(), Duration::ZERO));
        if let Act::Recover(epoch) = act {
            self.forced = Some(*epoch);
        }
    }

    pub(super) fn has_not_forced(&mut self) {
        self.forced = None;
    }

    pub(super) fn join_failed(&mut self, cause: String) {
        let attempts = self.join.as_ref().map_or(0, |(_, attempts, _)| *attempts);
        self.join = Some((Instant::now(), attempts + 1, cause));
    }

    /// The engine has left: what was known of the swarm it was in is of no use any more.
    pub(super) fn has_left(&mut self) {
        let acted = self.acted;
        let progress = std::mem::take(&mut self.progress);
        let launch = self.launch.take();
        *self = Self {
            left: Some(Instant::now()),
            acted,
            progress,
            launch,
            ..Self::new(Recalled::default(), self.patience)
        };
    }

    /// Starts or goes on waiting for another node's claim.
    pub(super) fn await_claim(&mut self, nonce: Option<&str>) {
        if self.awaited.as_ref().map(|(nonce, _)| nonce.as_str()) != nonce {
            self.awaited = nonce.map(|nonce| (nonce.to_owned(), Instant::now()));
        }
    }

    fn standing(&self) -> Option<Standing> {
        let reading = self.standing.as_ref()?.reading();
        Some(Standing {
            verdict: reading.value.ok()?,
            age: reading.age,
            looks: reading.looks,
            lasted: reading.lasted,
            leaderless: self.leaderless,
        })
    }

    fn holder(&self) -> Holder {
        let waited = self.awaited.as_ref().map(|(_, since)| since.elapsed());
        Holder {
            waited: waited.unwrap_or_default(),
            patience: self.patience,
        }
    }
}
