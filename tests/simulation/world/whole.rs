//! Whether the cluster is as it should be.

use host::state_folder::StateFolder;
use protocol::labels::{DEPARTING_LABEL, DRAINED_LABEL};
use protocol::leader::labelling::ACTIVATED;
use protocol::{Availability, Role, Ticket};
use secrecy::SecretString;

use super::State;
use super::elections::View;
use super::engine::Phase;
use super::groups::Stage;
use super::machine::MachineId;
use super::swarm::{Entry, Status, SwarmId};

impl State {
    /// All living nodes are in the swarm of the highest formed epoch, its managers are promoted,
    /// its ticket is right, and nothing is left of the dead.
    pub(crate) fn whole(&self) -> Result<(), String> {
        let (epoch, name) = self.highest().ok_or("no epoch is formed")?;
        let ours = (0..self.swarms.len()).rev().find(|&id| {
            let swarm = &self.swarms[id];
            let same = swarm
                .origin
                .as_ref()
                .is_some_and(|origin| origin.epoch == epoch);
            swarm.name == name && same && self.leads(id)
        });
        let ours = ours.ok_or_else(|| format!("the swarm of epoch {epoch} has no leader"))?;
        for id in self.living() {
            self.belongs(id, ours)?;
        }
        self.has_members()?;
        self.has_managers(ours)?;
        self.is_published(ours)?;
        match self.swarms[ours].entries.len() - self.living().len() {
            0 => Ok(()),
            left => Err(format!("{left} entries of the dead are left")),
        }
    }

    fn belongs(&self, id: MachineId, swarm: SwarmId) -> Result<(), String> {
        let machine = &self.machines[id];
        let place = machine.engine.place.as_ref();
        let place = place.ok_or_else(|| format!("machine {id} is in no swarm"))?;
        let is_in = machine.engine.link == Some(swarm) && machine.engine.phase == Phase::Active;
        let entry = self.swarms[swarm].entry(&place.node).filter(|_| is_in);
        let entry = entry.ok_or_else(|| format!("machine {id} is not in the swarm"))?;
        if entry.status != Status::Ready || machine.engine.hangs {
            return Err(format!("machine {id} is not ready"));
        }
        if entry.labels.get(ACTIVATED) != Some(&machine.instance_id)
            || entry.availability != Availability::Active
        {
            return Err(format!("machine {id} is not activated"));
        }
        self.stays(id, entry)?;
        let memory = StateFolder::new(&machine.folder, &machine.instance_id);
        let membership = memory.membership().map_err(|error| error.to_string())?;
        match membership.filter(|m| m.node_id == place.node) {
            Some(_) => Ok(()),
            None => Err(format!("machine {id} does not remember its swarm")),
        }
    }

    /// Nothing of a departure is left, on it or on its entry, and nothing is to come: AWS may have announced one that its
    /// agent has not heard of yet.
    fn stays(&self, id: MachineId, entry: &Entry) -> Result<(), String> {
        let machine = &self.machines[id];
        if self.departs(id) {
            return Err(format!("machine {id} is to leave"));
        }
        if machine.member.is_some() && self.stage(id) != Some(Stage::InService) {
            let stage = self.stage(id);
            return Err(format!("machine {id} is not in service: {stage:?}"));
        }
        if (machine.engine.label, entry.asks) != (None, None) {
            return Err(format!("machine {id} still says that it leaves"));
        }
        let left = [DEPARTING_LABEL, DRAINED_LABEL];
        let left = left.iter().find(|key| entry.labels.contains_key(**key));
        left.map_or(Ok(()), |key| {
            Err(format!("machine {id} still has the label {key}"))
        })
    }

    /// Its groups have as many as they are to have.
    fn has_members(&self) -> Result<(), String> {
        for (number, group) in self.groups.iter().enumerate() {
            let (there, wanted) = (self.staying(number).len(), group.desired + group.surge);
            if there != wanted {
                let name = &group.name;
                return Err(format!("{name} has {there} instances, not {wanted}"));
            }
        }
        Ok(())
    }

    /// As many as there are, to an odd count; nobody is demoted for the sake of that.
    fn has_managers(&self, id: SwarmId) -> Result<(), String> {
        let tagged = self.living().into_iter();
        let tagged = tagged
            .filter(|&m| self.machines[m].role == Role::Manager)
            .count();
        let expected = tagged - (tagged + 1) % 2;
        let (raft, alive) = (self.swarms[id].raft.len(), self.raft_alive(id).len());
        if raft == alive && (raft == expected || raft == tagged) {
            return Ok(());
        }
        Err(format!(
            "raft has {raft} members, {alive} of them alive, instead of {expected}"
        ))
    }

    fn is_published(&self, id: SwarmId) -> Result<(), String> {
        let swarm = &self.swarms[id];
        let ticket = self.ticket()?;
        let mut managers: Vec<_> = self.managers_of(id);
        managers.sort();
        let mut named: Vec<_> = ticket
            .managers
            .iter()
            .map(std::net::SocketAddr::ip)
            .collect();
        named.sort();
        let epoch = swarm.origin.as_ref().map(|origin| origin.epoch);
        let right = Some(ticket.epoch) == epoch
            && ticket.swarm_id == swarm.name
            && secrecy::ExposeSecret::expose_secret(ticket.token.secret()) == swarm.worker_token()
            && named == managers
            && ticket.instances.len() == swarm.raft.len();
        if right {
            Ok(())
        } else {
            Err(format!("the ticket is not right: {ticket:?}"))
        }
    }

    /// Entries of instances that have ended, or may yet end without a word, in the swarm that has most of them.
    pub(crate) fn dead_entries(&self) -> u32 {
        let hooked = |group: usize| self.groups[group].terminating.is_some();
        let dead = |entry: &&Entry| {
            let machine = &self.machines[entry.machine];
            let member = machine.member.as_ref();
            // One that no manager hears leaves without a word.
            let goes = machine.terminated.is_some() || self.leaves(entry.machine);
            goes || member.is_some_and(|m| !hooked(m.group))
        };
        // Also in the middle of an election.
        let lives = |&swarm: &usize| self.raft_alive(swarm).len() >= self.swarms[swarm].majority();
        let living = (0..self.swarms.len()).filter(lives);
        let counts = living.map(|swarm| self.swarms[swarm].entries.iter().filter(dead).count());
        u32::try_from(counts.max().unwrap_or_default()).unwrap_or_default()
    }

    /// The machines that lead a swarm.
    pub(crate) fn leaders(&self) -> Vec<MachineId> {
        self.swarms
            .iter()
            .filter_map(|swarm| swarm.leader)
            .collect()
    }

    /// Whether the majority of a manager's raft is terminated.
    pub(crate) fn is_lost(&self, id: MachineId) -> bool {
        let Some(place) = &self.machines[id].engine.place else {
            return false;
        };
        let swarm = &self.swarms[place.swarm];
        let members = swarm.raft.iter().filter_map(|node| swarm.entry(node));
        let left = members.filter(|e| self.machines[e.machine].terminated.is_none());
        swarm.raft.contains(&place.node) && left.count() < swarm.majority()
    }

    /// Living managers of a lost majority.
    pub(crate) fn stuck(&self) -> Vec<MachineId> {
        let leaderless = |id: &MachineId| self.view(*id) == Some(View::Leaderless);
        let living = self.living().into_iter().filter(leaderless);
        living.filter(|&id| self.is_lost(id)).collect()
    }

    /// Living nodes that the leader of their swarm was about to make managers when it ended: the
    /// ticket names them, and they are none.
    pub(crate) fn never_promoted(&self, stuck: &[MachineId]) -> Vec<MachineId> {
        let named = self.ticket().map(|ticket| ticket.instances);
        let named = named.unwrap_or_default();
        let manages = |id: MachineId| {
            let place = self.machines[id].engine.place.as_ref();
            place.is_some_and(|place| self.swarms[place.swarm].raft.contains(&place.node))
        };
        let mut living = self.living();
        living.retain(|&id| named.contains(&self.machines[id].instance_id));
        living.retain(|&id| !stuck.contains(&id) && !manages(id));
        living
    }

    /// The ticket as it is stored.
    fn ticket(&self) -> Result<Ticket, String> {
        let name = self.aws.names().find(|name| name.ends_with("/ticket"));
        let value = name.and_then(|name| self.aws.latest(name));
        let value: SecretString = value.cloned().ok_or("there is no ticket")?.into();
        Ticket::parse(&value).map_err(|error| error.to_string())
    }
}
