//! Questions: to Parameter Store, to EC2, to managers. The answers are events of the node.

use std::net::SocketAddr;

use super::{Agent, Chance, Outside, StepError};
use aws::fleet::{Fleet, Word};
use aws::parameter_store::ParameterStore;
use docker::probe::Probe;
use protocol::node::Event;
use protocol::{Epoch, Identity, Probed, Role, Ticket, Trouble, Verdict, verdict};

/// EC2's word about these instances.
pub(super) type Lives = (Vec<String>, Word);

/// An answer counts only if it contains the asker's own instance: an empty or partial one says nothing about anybody.
pub(super) async fn lives(
    fleet: &impl Fleet,
    own: &str,
    ids: Vec<String>,
) -> Result<Lives, StepError> {
    let answer = fleet.instances(own, &ids).await?;
    if !answer.knows(own) {
        return Err(StepError::PartialAnswer);
    }
    Ok((ids, answer))
}

impl<O: Outside> Agent<O> {
    /// Trouble is an answer here: the decision waits it out and says what it is.
    pub(super) async fn read_ticket(&mut self) -> Result<(), StepError> {
        let value = self.stored_ticket().await;
        self.learn(Event::Ticket(value));
        Ok(())
    }

    async fn stored_ticket(&self) -> Result<Option<Ticket>, Trouble> {
        let value = self.edges.store.read(&self.names.ticket()).await?;
        let ticket = value.map(|value| Ticket::parse(&value)).transpose();
        ticket.map_err(|error| Trouble::Failed(error.to_string()))
    }

    /// Reads the ticket before the first round: a node that knows of no swarm of its own will ask for it
    /// whatever else it sees. A manager asks for the first epoch's registers in the same moment, since it
    /// needs them where there is no ticket yet.
    pub(super) async fn look_ahead(&mut self) {
        if !self.node.is_blank() || self.node.departure().is_some() {
            return;
        }
        let registers = async {
            match self.identity.role {
                Role::Manager => Some(self.stored_registers(Epoch::FIRST).await),
                Role::Worker => None,
            }
        };
        let (ticket, registers) = tokio::join!(self.stored_ticket(), registers);
        self.learn(Event::Ticket(ticket));
        // Where the ticket could not be read the registers may be needed yet.
        if let Some(value) = registers.filter(Result::is_ok) {
            self.learn(Event::Registers(value));
        }
    }

    /// Asks EC2 whether these live.
    pub(super) async fn ask_fleet(&mut self, ids: &[String]) -> Result<(), StepError> {
        let (fleet, own) = (&self.edges.fleet, &self.identity.instance_id);
        let lives = lives(fleet, own, ids.to_vec()).await?;
        self.hear_lives(lives)
    }

    /// Folds in whether they do.
    pub(super) fn hear_lives(&mut self, (ids, answer): Lives) -> Result<(), StepError> {
        self.learn(Event::Instances(answer.about(&ids)));
        let silent = ids.iter().filter(|id| answer.silent.contains(*id));
        let silent: Vec<_> = silent.cloned().collect();
        if silent.is_empty() {
            return Ok(());
        }
        Err(StepError::Silent(silent.join(", ")))
    }

    /// Asks the ticket's managers, which swarm they serve.
    pub(super) async fn probe(&mut self) {
        let others = self.node.probed_managers();
        let answers = self.edges.probe.probe(&others, None).await;
        self.learn(Event::Probed(answers));
    }

    /// Asks the managers that this node knows about this node: one of them, while its word is
    /// that all is well; else all.
    pub(super) async fn ask_standing(&mut self) {
        let Some(identity) = self.node.identity().cloned() else {
            return;
        };
        let known = self.node.asked_managers();
        let one = known.get(self.edges.chance.pick(known.len()));
        let mut answers = match one {
            Some(&address) => self.asked(&identity, &[address]).await,
            None => Vec::new(),
        };
        if verdict(&identity, &answers) != Verdict::Member && known.len() > 1 {
            answers = self.asked(&identity, &known).await;
        }
        self.learn(Event::Standing(answers));
    }

    async fn asked(&self, identity: &Identity, managers: &[SocketAddr]) -> Vec<Probed> {
        let node_id = identity.node_id.as_deref();
        self.edges.probe.probe(managers, node_id).await
    }
}
