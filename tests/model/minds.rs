//! What agents know and what is on their disks: the production's own state, each different one kept once and known by
//! its number, so that a state of the whole cluster stays small.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use protocol::facts::hooks::HookCall;
use protocol::node::{Act, Event, File, FileName, Files, Node, Own, Policy};
use protocol::{Kind, Role, Span, Stamp};

use crate::ages::{self, NOW, Order};
use crate::engine_view::bland;
use crate::heard::{self, Heard};
use crate::names::{address, epoch_number, instance, instance_of, life_of, swarm_of};
use crate::set::Set;
use crate::world::{Id, Membership, Number};

/// An agent's state without its times, and what is known of them.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Mind {
    number: u32,
    pub(crate) order: Order,
    /// Who is terminated, by EC2's word.
    pub(crate) gone: Set,
    /// What Auto Scaling is being asked.
    pub(crate) asked: Option<HookCall>,
}

/// The state folder, and what the properties read of it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Disk {
    number: u32,
    pub(crate) membership: Option<Membership>,
    pub(crate) peers: Set,
    pub(crate) forced: Option<Number>,
}

/// All different values there are, by their numbers from 1.
struct Table<T> {
    all: Vec<Arc<T>>,
    known: HashMap<Arc<T>, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            known: HashMap::new(),
        }
    }
}

impl<T: Eq + Hash> Table<T> {
    fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.known.get(&value) {
            return *number;
        }
        let value = Arc::new(value);
        self.all.push(value.clone());
        let number = u32::try_from(self.all.len()).expect("few values");
        self.known.insert(value, number);
        number
    }

    fn get(&self, number: u32) -> Arc<T> {
        self.all[number as usize - 1].clone()
    }
}

fn minds() -> MutexGuard<'static, Table<Node>> {
    static MINDS: LazyLock<Mutex<Table<Node>>> = LazyLock::new(Mutex::default);
    MINDS.lock().expect("no panic")
}

fn disks() -> MutexGuard<'static, Table<Files>> {
    static DISKS: LazyLock<Mutex<Table<Files>>> = LazyLock::new(Mutex::default);
    DISKS.lock().expect("no panic")
}

impl Disk {
    pub(crate) fn of(files: Files) -> Self {
        let membership = files.membership.as_ref().map(|known| Membership {
            swarm: swarm_of(&known.swarm_id),
            life: life_of(&known.node_id),
            epoch: epoch_number(known.epoch),
        });
        let peers = files.peers.iter().filter_map(|p| p.instance_id.as_deref());
        let peers = peers.map(instance_of).collect();
        let forced = files.acts.forced.map(epoch_number);
        Self {
            number: disks().number(files),
            membership,
            peers,
            forced,
        }
    }

    pub(crate) fn files(self) -> Files {
        let files = disks().get(self.number);
        Files::clone(&files)
    }

    /// What cannot be undone, as it is written down before it is done.
    pub(crate) fn record(self, mind: Mind, act: Act) -> Self {
        self.write(&File::Acts(mind.node().record_of(act, NOW)))
    }

    fn write(self, file: &File<'_>) -> Self {
        let mut files = self.files();
        files.write(file);
        Self::of(files)
    }
}

impl Mind {
    /// An agent that starts with what is on this disk.
    pub(crate) fn start(me: Id, manager: bool, disk: Disk) -> Self {
        let own = Own {
            instance_id: instance(me),
            role: if manager { Role::Manager } else { Role::Worker },
            address: address(me),
            group: Some("group".to_owned()),
            boot: String::new(),
        };
        let node = Node::start(own, policy(), disk.files(), NOW);
        Self::of(node, Order::default())
    }

    fn of(mut node: Node, order: Order) -> Self {
        heard::level(&mut node, order.probes_after_ticket);
        // Which kind the engine was is all that a later round knows of an earlier look.
        if let Some(kind) = node.kind() {
            node.learn(Event::Engine(bland(kind)), NOW);
        }
        node.learn(Event::Stale, NOW);
        node.retime(&mut |_, _| Span::of(Stamp::START));
        let (gone, asked) = (ages::gone(&node), node.asked());
        Self {
            number: minds().number(node),
            order,
            gone,
            asked,
        }
    }

    /// The state as production has it, with times of no meaning.
    pub(crate) fn node(self) -> Arc<Node> {
        minds().get(self.number)
    }

    pub(crate) fn kind(self) -> Option<Kind> {
        self.node().kind()
    }

    /// What is known once this was heard, and the disk after each file that was written for it. The same few things are heard in very
    /// many states.
    pub(crate) fn hear(self, disk: Disk, me: Id, heard: Heard) -> Arc<Learnt> {
        static KNOWN: LazyLock<Mutex<Heards>> = LazyLock::new(Mutex::default);
        let key = (self, disk, heard);
        if let Some(learnt) = KNOWN.lock().expect("no panic").get(&key) {
            return learnt.clone();
        }
        let learnt = Arc::new(self.learn(disk, me, heard));
        let mut known = KNOWN.lock().expect("no panic");
        known.entry(key).or_insert(learnt).clone()
    }

    fn learn(self, disk: Disk, me: Id, heard: Heard) -> Learnt {
        let before = self.node();
        let mut node = ages::aged(&before, self.order, ages::NEW);
        heard::tell(&mut node, me, heard);
        let order = self.order.after(before.kind(), &node, heard);
        let mut disks = vec![disk];
        while let Some((written, name)) = next_file(&node, disks[disks.len() - 1]) {
            disks.push(written);
            node.learn(Event::Saved(name), NOW);
        }
        Learnt {
            mind: Self::of(node, order),
            disks,
        }
    }
}

type Heards = HashMap<(Mind, Disk, Heard), Arc<Learnt>>;

/// What came of something heard.
pub(crate) struct Learnt {
    pub(crate) mind: Mind,
    /// The disk as it was, and after each file.
    pub(crate) disks: Vec<Disk>,
}

fn next_file(node: &Node, disk: Disk) -> Option<(Disk, FileName)> {
    let file = node.unsaved()?;
    Some((disk.write(&file), file.name()))
}

fn policy() -> Policy {
    Policy {
        claim_patience: ages::PATIENCE,
        recovery: Some(protocol::RecoveryMode::Auto),
        departure: protocol::departure::latch::Rules {
            rebalance: false,
            maintenance: false,
            drain_limit: ages::DRAIN_LIMIT,
            margin: Duration::ZERO,
            traffic_wait: Duration::ZERO,
        },
        manager_availability: protocol::Availability::Active,
        launch: None,
    }
}
