//! Questions: to Parameter Store, to EC2, to managers. The answers become knowledge.

use std::net::SocketAddr;

use super::{Agent, Chance, Outside, StepError};
use aws::fleet::Fleet;
use aws::parameter_store::ParameterStore;
use docker::probe::Probe;
use protocol::addressing::{self, Choice};
use protocol::{
    Epoch, Identity, Kind, Moment, Probed, Role, Series, Ticket, Trouble, Verdict, leaderless,
    pace, verdict,
};

impl<O: Outside> Agent<O> {
    /// Trouble is an answer here: the decision waits it out and says what it is.
    pub(super) async fn read_ticket(&mut self) -> Result<(), StepError> {
        let value = self.stored_ticket().await;
        self.note_ticket(value);
        Ok(())
    }

    async fn stored_ticket(&self) -> Result<Option<Ticket>, Trouble> {
        let value = self.edges.store.read(&self.names.ticket()).await?;
        let ticket = value.map(|value| Ticket::parse(&value)).transpose();
        ticket.map_err(|error| Trouble::Failed(error.to_string()))
    }

    fn note_ticket(&mut self, value: Result<Option<Ticket>, Trouble>) {
        let now = self.edges.now();
        Series::hear(
            &mut self.knowledge.ticket,
            value,
            |old, new| old == new,
            now,
        );
        self.give_way(now);
    }

    /// Reads the ticket before the first round: a node that knows of no swarm of its own will ask for it
    /// whatever else it sees. A manager asks for the first epoch's registers in the same moment, since it
    /// needs them where there is no ticket yet.
    pub(super) async fn look_ahead(&mut self) {
        if !self.knowledge.is_blank() || self.departure.is_some() {
            return;
        }
        let registers = async {
            match self.node.role {
                Role::Manager => Some(self.stored_registers(Epoch::FIRST).await),
                Role::Worker => None,
            }
        };
        let (ticket, registers) = tokio::join!(self.stored_ticket(), registers);
        self.note_ticket(ticket);
        // Where the ticket could not be read the registers may be needed yet.
        if let Some(value) = registers.filter(Result::is_ok) {
            self.note_registers(value);
        }
    }

    /// After a refusal for too many requests a worker asks at some time of its own. Managers, of
    /// which there are few, go first: everybody waits for them.
    fn give_way(&mut self, now: Moment) {
        if let (Role::Worker, Some(refusals)) = (self.node.role, self.knowledge.refusals()) {
            let time = self.edges.chance.within(pace::crowd(refusals));
            self.knowledge.hold(time, now);
        }
    }

    pub(super) fn ticket(&self) -> Option<&Ticket> {
        let learnt = self.knowledge.ticket.as_ref();
        learnt.and_then(Series::answer).and_then(Option::as_ref)
    }

    /// An answer counts only if it contains this node's own instance: an empty or partial one
    /// says nothing about anybody.
    pub(super) async fn ask_fleet(&mut self, ids: &[String]) -> Result<(), StepError> {
        let own = &self.node.instance_id;
        let answer = self.edges.fleet.instances(own, ids).await?;
        if !answer.knows(own) {
            return Err(StepError::PartialAnswer);
        }
        let now = self.edges.now();
        self.knowledge.instances.see(&answer.about(ids), now);
        let silent = ids.iter().filter(|id| answer.silent.contains(*id));
        let silent: Vec<_> = silent.cloned().collect();
        if silent.is_empty() {
            return Ok(());
        }
        Err(StepError::Silent(silent.join(", ")))
    }

    /// Asks the ticket's managers but for this one: an engine that hangs may answer there all the same.
    pub(super) async fn probe(&mut self) -> Result<(), StepError> {
        let Some(ticket) = self.ticket().cloned() else {
            return Ok(());
        };
        let own = self.address();
        let mut others = ticket.managers.clone();
        others.retain(|address| *address != own);
        let answers = self.edges.probe.probe(&others, None).await;
        let able = |answers: &Vec<Probed>| {
            matches!(addressing::choose(&ticket, answers, 0), Choice::Join(_))
        };
        let same = |old: &Vec<Probed>, new: &Vec<Probed>| able(old) == able(new);
        let now = self.edges.now();
        Series::hear(&mut self.knowledge.managers, Ok(answers), same, now);
        Ok(())
    }

    /// Asks the managers that this node knows about this node: one of them, while its word is
    /// that all is well; else all.
    pub(super) async fn ask_standing(&mut self) -> Result<(), StepError> {
        let Some(identity) = self.knowledge.identity().cloned() else {
            return Ok(());
        };
        let known = self.others(&identity);
        let one = known.get(self.edges.chance.pick(known.len()));
        let mut answers = match one {
            Some(&address) => self.asked(&identity, &[address]).await,
            None => Vec::new(),
        };
        if verdict(&identity, &answers) != Verdict::Member && known.len() > 1 {
            answers = self.asked(&identity, &known).await;
        }
        self.knowledge.note_standing(
            verdict(&identity, &answers),
            leaderless(&identity, &answers),
            self.edges.now(),
        );
        Ok(())
    }

    async fn asked(&self, identity: &Identity, managers: &[SocketAddr]) -> Vec<Probed> {
        let node_id = identity.node_id.as_deref();
        self.edges.probe.probe(managers, node_id).await
    }

    /// A manager without a leader also remembers those that its engine may have lost.
    fn others(&self, identity: &Identity) -> Vec<SocketAddr> {
        let mut known = identity.managers.clone();
        if self.knowledge.kind() == Some(Kind::NoLeader) {
            known.extend(self.knowledge.peers.iter().map(|peer| peer.address));
        }
        known.retain(|address| *address != self.address());
        known.sort();
        known.dedup();
        known
    }
}
