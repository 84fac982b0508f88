//! Reading and writing the write-once registers of an epoch.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::info;

use super::{Agent, Names, Outside, StepError, digest};
use aws::parameter_store::{Created, ParameterStore};
use aws::{ClockOffset as _, CloudError, wrong_by};
use docker::Engine;
use protocol::node::Event;
use protocol::{Claim, Epoch, Outcome, Registers, Trouble};

impl<O: Outside> Agent<O> {
    /// Trouble is an answer here, as with the ticket.
    pub(super) async fn read_registers(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let value = self.stored_registers(epoch).await;
        self.learn(Event::Registers(value));
        Ok(())
    }

    pub(super) async fn stored_registers(&self, epoch: Epoch) -> Result<Registers, Trouble> {
        let values = read(&self.edges.store, &self.names, epoch).await?;
        self.parse(epoch, &values)
    }

    fn parse(&self, epoch: Epoch, values: &[Option<String>]) -> Result<Registers, Trouble> {
        let (claim, outcome) = parse(&self.names, epoch, values)?;
        let mine = self.node.nonce(epoch);
        let claim_is_mine = claim
            .as_ref()
            .is_some_and(|claim| Some(claim.nonce.as_str()) == mine);
        Ok(Registers {
            epoch,
            claim,
            outcome,
            claim_is_mine,
        })
    }

    /// A swarm's certificates have the date of whoever makes it. Reading the registers again tells whether the clock was
    /// set meanwhile.
    pub(super) async fn check_clock(&mut self, epoch: Epoch) -> Result<(), StepError> {
        if wrong_by(self.edges.clock.aws_ahead()).is_some() {
            self.read_registers(epoch).await?;
        }
        wrong_by(self.edges.clock.aws_ahead()).map_or(Ok(()), |by| Err(StepError::Clock(by)))
    }

    /// Creates the claim and reads it back: the first answer may be lost and the second say
    /// that the claim exists, which is then this node's own.
    pub(super) async fn create_claim(&mut self, epoch: Epoch) -> Result<(), StepError> {
        self.check_clock(epoch).await?;
        let claim = Claim {
            nonce: self.draw_nonce(epoch)?,
            instance_id: self.identity.instance_id.clone(),
        };
        let created = self
            .edges
            .store
            .create(&self.names.claim(epoch), &text(&claim))
            .await?;
        let Some(mut registers) = self.read_back(epoch).await? else {
            return Ok(());
        };
        match (&registers.claim, created) {
            (Some(_), _) => {}
            // Reads may lag behind the write they follow; the write itself has said it.
            (None, Created::Now) => {
                registers.claim = Some(claim);
                registers.claim_is_mine = true;
            }
            (None, Created::Before) => return Err(contradiction(epoch, "claim")),
        }
        info!(
            epoch = epoch.number(),
            mine = registers.claim_is_mine,
            "claim stands"
        );
        self.learn(Event::Registers(Ok(registers)));
        Ok(())
    }

    /// Writes down that this node's swarm is the cluster's, unless the epoch went another
    /// way before: whichever was written first stands.
    pub(super) async fn declare_formed(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let swarm = self.edges.engine.swarm().await?;
        let (_, ca_digest) = digest(swarm.worker_token)?;
        let outcome = Outcome::Formed {
            nonce: self.draw_nonce(epoch)?,
            swarm_id: swarm.id,
            ca_digest,
            address: self.address(),
        };
        self.create_outcome(epoch, outcome).await
    }

    /// Writes down that an epoch will have no swarm, unless it has one by now.
    pub(super) async fn pass_over(&mut self, epoch: Epoch) -> Result<(), StepError> {
        let why = format!(
            "seen from {}: its holder is gone or stalled",
            self.identity.instance_id
        );
        let outcome = Outcome::PassedOver {
            nonce: self.draw_nonce(epoch)?,
            by: self.identity.instance_id.clone(),
            why,
        };
        self.create_outcome(epoch, outcome).await
    }

    async fn create_outcome(&mut self, epoch: Epoch, outcome: Outcome) -> Result<(), StepError> {
        let created = self
            .edges
            .store
            .create(&self.names.outcome(epoch), &text(&outcome))
            .await?;
        let Some(mut registers) = self.read_back(epoch).await? else {
            return Ok(());
        };
        match (&registers.outcome, created) {
            (Some(_), _) => {}
            (None, Created::Now) => registers.outcome = Some(outcome),
            (None, Created::Before) => return Err(contradiction(epoch, "outcome")),
        }
        // A lagging read may miss the claim that an outcome always follows.
        if registers.claim.is_none() {
            self.keep_claim(&mut registers);
        }
        info!(
            epoch = epoch.number(),
            outcome = kind(registers.outcome.as_ref()),
            "outcome stands"
        );
        self.learn(Event::Registers(Ok(registers)));
        Ok(())
    }

    fn keep_claim(&self, registers: &mut Registers) {
        let known = self.node.registers();
        if let Some(known) = known.filter(|known| known.epoch == registers.epoch) {
            registers.claim.clone_from(&known.claim);
            registers.claim_is_mine = known.claim_is_mine;
        }
    }

    /// What stands after a create. Where AWS has too many requests for the read, only the read is made again: the
    /// registers are not known then, and the next round asks.
    async fn read_back(&mut self, epoch: Epoch) -> Result<Option<Registers>, StepError> {
        let values = match read(&self.edges.store, &self.names, epoch).await {
            Err(error @ CloudError::Throttled { .. }) => {
                self.learn(Event::Registers(Err(error.into())));
                return Ok(None);
            }
            values => values?,
        };
        let parsed = self.parse(epoch, &values);
        parsed.map(Some).map_err(|trouble| StepError::Register {
            epoch,
            cause: trouble.to_string(),
        })
    }
}

/// Both values of an epoch.
async fn read(
    store: &impl ParameterStore,
    names: &Names,
    epoch: Epoch,
) -> Result<Vec<Option<String>>, CloudError> {
    let names = [names.claim(epoch), names.outcome(epoch)];
    store.read_all(&names).await
}

fn parse(
    names: &Names,
    epoch: Epoch,
    values: &[Option<String>],
) -> Result<(Option<Claim>, Option<Outcome>), Trouble> {
    let text = |index: usize| values.get(index).and_then(Option::as_deref);
    let claim = value(&names.claim(epoch), text(0))?;
    let outcome = value(&names.outcome(epoch), text(1))?;
    Ok((claim, outcome))
}

/// What became of an epoch, as it is stored.
pub(super) async fn stored_outcome(
    store: &impl ParameterStore,
    names: &Names,
    epoch: Epoch,
) -> Result<Option<Outcome>, Trouble> {
    let values = read(store, names, epoch).await?;
    let (_, outcome) = parse(names, epoch, &values)?;
    Ok(outcome)
}

fn value<T: DeserializeOwned>(name: &str, text: Option<&str>) -> Result<Option<T>, Trouble> {
    let parse = |text| serde_json::from_str(text);
    text.map(parse)
        .transpose()
        .map_err(|error| Trouble::Failed(format!("cannot read {name}: {error}")))
}

fn text(register: &impl Serialize) -> String {
    serde_json::to_string(register).expect("a struct of strings always serialises")
}

fn contradiction(epoch: Epoch, register: &str) -> StepError {
    let cause = format!("its {register} exists, and reads show none yet");
    StepError::Register { epoch, cause }
}

fn kind(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Formed { .. }) => "formed",
        Some(Outcome::PassedOver { .. }) => "passed-over",
        None => "none",
    }
}
