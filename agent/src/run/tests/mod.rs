//! The real rounds against a small world: one store, one swarm, several nodes.

mod chores;
mod drains;
mod fakes;
mod forming;
mod giving_way;
mod lanes;
mod launching;
mod leaving;
mod protecting;
mod refused;
mod rest;
mod status;
mod traffic;
mod watching;

use std::time::Duration;

use tokio::sync::watch;

use super::edges::Now;
use super::{Agent, Clock, Dice, Edges, Outside};
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use aws::ClockOffset;
use aws::lifecycle::scripted::Group;
use fakes::{Engine, World};
use protocol::departure::latch::Heard;
use protocol::{Action, Epoch, Role};

/// Everything outside is the same small world.
struct Small;

impl Outside for Small {
    type Store = World;
    type Fleet = World;
    type Lifecycle = Group;
    type Engine = Engine;
    type Probe = World;
    type Clock = World;
    type Chance = Dice;
}

impl Clock for World {
    fn uptime(&self) -> Duration {
        self.born.elapsed()
    }

    fn unix(&self) -> u64 {
        EPOCH + self.born.elapsed().as_secs()
    }

    fn boot(&self) -> String {
        format!("boot-{}", self.boots())
    }
}

impl ClockOffset for World {
    fn aws_ahead(&self) -> Option<f64> {
        self.aws_ahead.get()
    }
}

/// Some time of day.
const EPOCH: u64 = 1_800_000_000;

type FakeAgent = Agent<Small>;

/// One node: what a restart of its agent keeps is its engine and its state folder.
struct Host {
    node: InstanceIdentity,
    engine: Engine,
    group: Group,
    heard: watch::Sender<Heard>,
    folder: tempfile::TempDir,
}

impl Host {
    fn new(world: &World, number: u8, role: Role) -> Self {
        let node = InstanceIdentity {
            account: None,
            instance_id: format!("i-{number}"),
            region: "r".into(),
            zone: "ra".into(),
            instance_type: "t3.small".into(),
            private_ip: [10, 0, 0, number].into(),
            name: None,
            role,
            cluster: "c".parse().unwrap(),
            labels: std::collections::BTreeMap::new(),
            group: None,
            kms_key: None,
        };
        world.launched(&node);
        let engine = Engine::new(world.clone(), &node);
        Self {
            node,
            engine,
            group: Group::default(),
            heard: watch::channel(Heard::default()).0,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn agent(&self) -> FakeAgent {
        self.agent_with(|_| {})
    }

    fn agent_with(&self, change: impl FnOnce(&mut Settings)) -> FakeAgent {
        let mut settings = Settings {
            state_dir: self.folder.path().to_owned(),
            runtime_dir: self.folder.path().join("run"),
            ..Settings::default()
        };
        change(&mut settings);
        let world = || self.engine.world.clone();
        let edges = Edges {
            store: world(),
            fleet: world(),
            lifecycle: self.group.clone(),
            heard: self.heard.subscribe(),
            engine: self.engine.clone(),
            probe: world(),
            stacks: stacks::line().0,
            clock: world(),
            chance: Dice,
        };
        Agent::new(self.node.clone(), settings, edges).unwrap()
    }
}

/// One round and its step, as the loop does it; the pause it would make, if any.
async fn turn(agent: &mut FakeAgent) -> (Action, Option<Duration>) {
    let decision = agent.round().await;
    let pause = agent
        .step(&decision)
        .await
        .unwrap_or(Some(Duration::from_secs(2)));
    agent.tell_launch().await;
    (decision.action, pause)
}

/// Turns until the node serves; the clock is the test's, so pauses cost nothing.
async fn until_it_serves(agent: &mut FakeAgent) -> usize {
    for turns in 1..100 {
        let (action, pause) = turn(agent).await;
        if matches!(action, Action::Serve(_)) {
            return turns;
        }
        tokio::time::advance(pause.unwrap_or_default()).await;
    }
    panic!("the node never got into the swarm");
}

/// The rounds of a while, with the pauses between them; how many there were.
async fn live(agent: &mut FakeAgent, time: Duration) -> usize {
    let end = tokio::time::Instant::now() + time;
    let mut rounds = 0;
    while tokio::time::Instant::now() < end {
        let (_, pause) = turn(agent).await;
        let pause = pause.unwrap_or_default().max(Duration::from_millis(10));
        tokio::time::advance(pause).await;
        rounds += 1;
    }
    rounds
}

/// A leader, and members with these roles, numbered from 2.
async fn cluster(world: &World, roles: &[Role]) -> (Vec<Host>, FakeAgent) {
    let mut hosts = vec![Host::new(world, 1, Role::Manager)];
    let mut leader = hosts[0].agent();
    until_it_serves(&mut leader).await;
    for (number, role) in (2..).zip(roles) {
        let host = Host::new(world, number, *role);
        until_it_serves(&mut host.agent()).await;
        hosts.push(host);
    }
    (hosts, leader)
}
