//! An instance: its machine, its engine, its agent.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::ops::Sub;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use protocol::Role;
use protocol::departure::latch::Heard;
use protocol::departure::notice::Target;
use swarmlet::identity::InstanceIdentity;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::State;
use super::engine::Engine;
use super::groups::Member;
use super::notices::Notice;

/// Its place in the list of machines, for ever.
pub(crate) type MachineId = usize;

/// What outlives the agent on its machine.
pub(crate) struct Machine {
    pub(crate) instance_id: String,
    pub(crate) ip: Ipv4Addr,
    pub(crate) role: Role,
    pub(crate) launched: Duration,
    pub(crate) terminated: Option<Duration>,
    /// When it was booted last; `None` while it is off.
    pub(crate) booted: Option<Duration>,
    pub(crate) engine: Engine,
    /// The state folder.
    pub(crate) folder: PathBuf,
    /// What wakes the agent.
    pub(crate) wake: Rc<Notify>,
    pub(crate) agent: Option<AbortHandle>,
    /// The agent's process dies at this many calls from now.
    pub(crate) dies_in: Rc<Cell<Option<u32>>>,
    /// When it joined a swarm for the first time.
    pub(crate) joined: Option<Duration>,
    pub(crate) calls: Calls,
    /// When it did what cannot be undone.
    pub(crate) acts: Vec<Duration>,
    /// Its Auto Scaling group.
    pub(crate) group: Option<String>,
    /// What its metadata announces.
    pub(crate) heard: watch::Sender<Heard>,
    /// Auto Scaling has heard that it is done.
    pub(crate) released: Option<Duration>,
    /// Its place in its group's life, where that is simulated.
    pub(crate) member: Option<Member>,
    /// Why it is to leave, besides its group.
    pub(crate) notice: Notice,
    /// The first time at which AWS ever said that it ends it.
    pub(crate) published: Option<Duration>,
    /// Since when it has had to leave by a cause that names no time.
    pub(crate) departing_since: Option<Duration>,
    /// What its agent has heard, and when it hears of something else.
    pub(crate) known: (Target, Notice),
    pub(crate) hears_at: Option<Duration>,
    /// The first time at which its host is to be retired, of those that its agent has heard of since there was none: a
    /// departure does not wait for one that was put off.
    pub(crate) first_retires: Option<Duration>,
    /// Since when its agent has known that it is to leave the swarm.
    pub(crate) told_to_leave: Option<Duration>,
    /// When it left the swarm for that.
    pub(crate) left: Option<Duration>,
    /// Since when its agent has run and has reached Auto Scaling.
    pub(crate) reaches_group_since: Duration,
    /// When calls of its to Auto Scaling were not answered.
    pub(crate) lost: Vec<Duration>,
}

/// Calls to AWS, and to the engines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) reads: u32,
    pub(crate) writes: u32,
    pub(crate) fleet: u32,
    /// Of Auto Scaling.
    pub(crate) scaling: u32,
    pub(crate) throttled: u32,
    /// `GET /info`: one a round.
    pub(crate) looks: u32,
    /// The list of all nodes.
    pub(crate) lists: u32,
    /// Changes of the swarm.
    pub(crate) changes: u32,
    /// Probes of managers.
    pub(crate) probes: u32,
}

impl Calls {
    /// Those to AWS.
    pub(crate) fn all(self) -> u32 {
        self.reads + self.writes + self.fleet + self.scaling
    }
}

impl Sub for Calls {
    type Output = Self;

    /// Those since then.
    fn sub(self, then: Self) -> Self {
        Self {
            reads: self.reads - then.reads,
            writes: self.writes - then.writes,
            fleet: self.fleet - then.fleet,
            scaling: self.scaling - then.scaling,
            throttled: self.throttled - then.throttled,
            looks: self.looks - then.looks,
            lists: self.lists - then.lists,
            changes: self.changes - then.changes,
            probes: self.probes - then.probes,
        }
    }
}

impl Machine {
    pub(crate) fn is_on(&self) -> bool {
        self.booted.is_some() && self.terminated.is_none()
    }

    pub(crate) fn runtime_dir(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// What the agent learns of it from its metadata.
    pub(crate) fn node(&self) -> InstanceIdentity {
        InstanceIdentity {
            instance_id: self.instance_id.clone(),
            account: None,
            region: "r".into(),
            zone: "ra".into(),
            instance_type: "t3.small".into(),
            private_ip: self.ip,
            name: None,
            role: self.role,
            cluster: "c".parse().expect("a name"),
            labels: std::collections::BTreeMap::new(),
            group: self.group.clone(),
            kms_key: None,
        }
    }
}

impl State {
    /// A new instance, not yet booted. Addresses of terminated ones are used again at times.
    pub(crate) fn launch(&mut self, role: Role, folder: PathBuf) -> MachineId {
        let id = self.machines.len();
        let ip = self.new_address(id);
        self.addresses.insert(ip, id);
        self.machines.push(Machine {
            instance_id: format!("i-{id}"),
            ip,
            role,
            launched: self.now,
            terminated: None,
            booted: None,
            engine: Engine::default(),
            folder,
            wake: Rc::default(),
            agent: None,
            dies_in: Rc::default(),
            joined: None,
            calls: Calls::default(),
            acts: Vec::new(),
            group: None,
            heard: watch::channel(Heard::default()).0,
            released: None,
            member: None,
            notice: Notice::default(),
            published: None,
            departing_since: None,
            known: (Target::None, Notice::default()),
            hears_at: None,
            first_retires: None,
            told_to_leave: None,
            left: None,
            reaches_group_since: self.now,
            lost: Vec::new(),
        });
        id
    }

    fn new_address(&mut self, id: MachineId) -> Ipv4Addr {
        let gone = self.machines.iter().filter(|m| m.terminated.is_some());
        let free: Vec<Ipv4Addr> = gone
            .map(|m| m.ip)
            .filter(|&ip| self.machine_at(ip).is_none())
            .collect();
        if let Some(ip) = self.random.one(&free)
            && self.random.permille(200)
        {
            return ip;
        }
        let number = u8::try_from(id % 250).unwrap_or_default();
        let net = u8::try_from(id / 250).unwrap_or_default();
        Ipv4Addr::new(10, 0, net, number + 1)
    }

    /// The living machine that has an address: the last one that was given it.
    pub(crate) fn machine_at(&self, ip: Ipv4Addr) -> Option<MachineId> {
        let last = self.addresses.get(&ip).copied();
        last.filter(|&id| self.machines[id].terminated.is_none())
    }

    pub(crate) fn living(&self) -> Vec<MachineId> {
        let all = self.machines.iter().enumerate();
        all.filter(|(_, m)| m.terminated.is_none())
            .map(|(id, _)| id)
            .collect()
    }
}
