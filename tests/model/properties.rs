//! What must hold in every state.

use protocol::Availability;
use protocol::leader::draining::DrainedFor;
use stateright::Property;

use crate::departures::Notice;
use crate::protocol::Protocol;
use crate::world::{Entry, Hook, Outcome, Rule, World};

pub(crate) const ONE_PER_EPOCH: &str = "one swarm an epoch";
pub(crate) const ONE_LIVES: &str = "one declared swarm has a majority";
pub(crate) const NO_TWINS: &str = "no two majorities of one swarm";
pub(crate) const INIT_UNDER_CLAIM: &str = "a swarm is made under its maker's claim";
pub(crate) const PUBLISH_FORMED: &str = "only a formed swarm is published";
pub(crate) const PUBLISH_NEWEST: &str = "nobody publishes who has read of a later epoch";
pub(crate) const STAY: &str = "nobody leaves a newest swarm that serves and has it";
pub(crate) const KEEP: &str = "nobody leaves a swarm that it may still declare";
pub(crate) const LEAVE_DEAD: &str = "who moves to a later swarm leaves one that is lost for good";
pub(crate) const RECOVER_LOST: &str = "only a majority lost for good is recovered";
pub(crate) const RECOVER_ONCE: &str = "one recovery an epoch";

pub(crate) const LEAVE_AS_WORKER: &str = "nobody leaves on purpose whom raft counts";
pub(crate) const TASKS_FIRST: &str = "nobody leaves on purpose while tasks run and there is time";
pub(crate) const COMPLETE_LAST: &str =
    "no hook is completed before its node has left or its time is up";
pub(crate) const KEEP_QUORUM: &str = "where nothing else ends, a departure costs no majority";

pub(crate) const DRAIN_IN_TURN: &str =
    "of a few nodes one at a time loses its tasks to a drain of the leader's";

pub(crate) const PROMOTE_OURS: &str = "no stranger is promoted";
pub(crate) const ADMIT_OURS: &str = "no stranger is admitted";
pub(crate) const REFUSE_STRANGERS: &str = "nobody but a stranger is refused";
pub(crate) const REAP_THE_GONE: &str = "of those that were admitted only the dead, older lives and who says that he leaves are taken off the list";
pub(crate) const DEMOTE_THE_LEAVING: &str = "only those that leave, or are gone, are demoted";

/// No step has broken this rule: a property is a function, and cannot hold which one.
macro_rules! kept {
    ($name:expr, $rule:ident) => {
        Property::always($name, |_, world: &World| {
            !world.history.broken.contains(&Rule::$rule)
        })
    };
}

pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(ONE_PER_EPOCH, |_, world| one_per_epoch(world)),
        Property::always(ONE_LIVES, |_, world| one_lives(world)),
        Property::always(NO_TWINS, |_, world| no_twins(world)),
        kept!(INIT_UNDER_CLAIM, InitUnderClaim),
        kept!(PUBLISH_FORMED, PublishFormed),
        kept!(PUBLISH_NEWEST, PublishNewest),
        kept!(STAY, StayInGoodSwarm),
        kept!(KEEP, KeepOwnSwarm),
        kept!(LEAVE_DEAD, LeaveTheDead),
        kept!(RECOVER_LOST, RecoverLostMajority),
        kept!(RECOVER_ONCE, RecoverOnce),
        kept!(LEAVE_AS_WORKER, LeaveAsWorker),
        kept!(TASKS_FIRST, TasksFirst),
        kept!(COMPLETE_LAST, CompleteAtTheEnd),
        Property::always(KEEP_QUORUM, keeps_quorum),
        Property::always(DRAIN_IN_TURN, |_, world| drains_in_turn(world)),
        kept!(PROMOTE_OURS, PromoteOurs),
        kept!(ADMIT_OURS, AdmitOurs),
        kept!(REFUSE_STRANGERS, RefuseStrangers),
        kept!(REAP_THE_GONE, ReapTheGone),
        kept!(DEMOTE_THE_LEAVING, DemoteTheLeaving),
        Property::sometimes("refused", |_, world| is_refused(world)),
        Property::sometimes("admitted", |_, world| is_admitted(world)),
        Property::sometimes("departed", |_, world| has_departed(world)),
        Property::sometimes("drained", |_, world| is_drained(world)),
        Property::sometimes("taken back", is_taken_back),
        Property::sometimes("passed over", |_, world| is_passed_over(world)),
        Property::sometimes("recovered", |_, world| is_recovered(world)),
        Property::sometimes("replaced", |_, world| is_replaced(world)),
        Property::sometimes("moved on", |_, world| has_moved(world)),
        Property::sometimes("back again", |_, world| is_back(world)),
    ]
}

/// Declared formed or published under one epoch: always the same swarm.
fn one_per_epoch(world: &World) -> bool {
    let mut pairs = world.history.declared.windows(2);
    pairs.all(|pair| pair[0].0 != pair[1].0)
}

/// Of all swarms that were ever declared, at most one has its majority, also where a link is down.
fn one_lives(world: &World) -> bool {
    let declared = &world.history.declared;
    let alive = world
        .numbers()
        .filter(|raft| declared.iter().any(|(_, known)| known == raft) && world.can_lead(*raft));
    alive.count() <= 1
}

fn no_twins(world: &World) -> bool {
    let mut swarms: Vec<u8> = world
        .numbers()
        .filter(|raft| world.can_lead(*raft))
        .map(|raft| world.raft(raft).swarm)
        .collect();
    let all = swarms.len();
    swarms.sort_unstable();
    swarms.dedup();
    swarms.len() == all
}

/// A manager drains itself at once.
fn drains_in_turn(world: &World) -> bool {
    let loses = |entry: &&Entry| {
        if entry.stranger.is_some() {
            return false;
        }
        let node = &world.nodes[usize::from(entry.node)];
        let here = node.place.is_some_and(|place| place.life == entry.life);
        entry.drained_for == Some(DrainedFor::Asked)
            && entry.mark.is_none()
            && here
            && node.has_task
    };
    let drained = |entry: &&Entry| entry.availability == Availability::Drain;
    let mut lists = world.rafts.iter().map(|raft| &raft.entries);
    lists.all(|list| list.iter().filter(drained).filter(loses).count() <= 1)
}

/// The only manager of all may be taken away; then nothing is left to keep. One whose time is up before a leader
/// demotes it is taken away as well.
fn keeps_quorum(protocol: &Protocol, world: &World) -> bool {
    let peaceful = protocol.start.budget.ends == 0 && protocol.start.budget.notices > 0;
    let Some((_, Outcome::Formed { raft, .. })) = world.newest() else {
        return true;
    };
    !peaceful
        || world.history.ended_in_raft
        || world.stores(raft).is_empty()
        || world.can_lead(raft)
}

// What an exploration comes by, so that it is seen to reach what it is about.

/// Somebody has left, and let Auto Scaling go on.
fn has_departed(world: &World) -> bool {
    let mut nodes = world.nodes.iter();
    nodes.any(|node| node.hook == Hook::Completed && node.place.is_none())
}

fn is_refused(world: &World) -> bool {
    let mut entries = world.rafts.iter().flat_map(|raft| &raft.entries);
    entries.any(|entry| entry.refused.is_some())
}

/// Somebody has joined, and a leader has admitted it while a stranger is there.
fn is_admitted(world: &World) -> bool {
    let entries = || world.rafts.iter().flat_map(|raft| &raft.entries);
    let boots = |entry: &Entry| entry.life == world.nodes[usize::from(entry.node)].lives;
    let joined = |entry: &Entry| entry.stranger.is_none() && entry.admitted && boots(entry);
    let (strangers, ours) = (
        entries().filter(|entry| entry.stranger.is_some()).count(),
        entries().filter(|entry| joined(entry)).count(),
    );
    strangers > 0 && ours == world.nodes.len()
}

fn is_drained(world: &World) -> bool {
    let mut nodes = world.nodes.iter();
    nodes.any(|node| node.notice == Some(Notice::Drain) && !node.has_task)
}

/// A drain is over, and its node is given tasks again.
fn is_taken_back(protocol: &Protocol, world: &World) -> bool {
    let spent = world.budget.notices == 0 && protocol.start.budget.notices > 0;
    let calm = world
        .nodes
        .iter()
        .all(|node| node.notice.is_none() && !node.dead);
    let idle = world
        .nodes
        .iter()
        .any(|node| node.place.is_some() && !node.has_task);
    spent && calm && idle
}

fn is_passed_over(world: &World) -> bool {
    let mut outcomes = world.epochs.iter().map(|epoch| epoch.outcome);
    outcomes.any(|outcome| outcome == Some(Outcome::PassedOver))
}

fn is_recovered(world: &World) -> bool {
    let formed = |(number, _): &(u8, u8)| world.history.recovered.contains(number);
    world.history.declared.iter().any(formed)
}

fn is_replaced(world: &World) -> bool {
    let swarms = world
        .history
        .declared
        .iter()
        .map(|(_, raft)| world.raft(*raft).swarm);
    swarms
        .collect::<Vec<_>>()
        .windows(2)
        .any(|pair| pair[0] != pair[1])
}

/// Somebody who was in the first swarm is in a later one.
fn has_moved(world: &World) -> bool {
    let mut nodes = world.nodes.iter().filter(|node| !node.dead);
    nodes.any(|node| node.lives > 1 && node.disk.membership.is_some_and(|m| m.swarm > 0))
}

fn is_back(world: &World) -> bool {
    let mut nodes = world.nodes.iter().filter(|node| !node.dead);
    nodes.any(|node| node.lives > 1 && node.disk.membership.is_some_and(|m| m.life > 1))
}
