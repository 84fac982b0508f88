//! Reading and writing the write-once registers of an epoch.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::info;

use crate::run::error::StepError;
use crate::run::names::Names;
use aws::CloudError;
use aws::parameter_store::{Created, ParameterStore};
use protocol::node::Event;
use protocol::{Answer, Claim, Epoch, Outcome, Registers, Trouble};

/// The registers of one epoch, and this node's nonce of it, if it has drawn one.
pub(in crate::run) struct Registry<'a, S> {
    pub(in crate::run) store: &'a S,
    pub(in crate::run) names: &'a Names,
    pub(in crate::run) epoch: Epoch,
    pub(in crate::run) mine: Option<&'a str>,
}

impl<S: ParameterStore> Registry<'_, S> {
    /// Trouble is an answer here, as with the ticket.
    pub(in crate::run) async fn read(&self) -> Answer<Registers> {
        let values = read(self.store, self.names, self.epoch).await?;
        self.parse(&values)
    }

    fn parse(&self, values: &[Option<String>]) -> Answer<Registers> {
        let epoch = self.epoch;
        let (claim, outcome) = parse(self.names, epoch, values)?;
        let claim_is_mine = claim
            .as_ref()
            .is_some_and(|claim| Some(claim.nonce.as_str()) == self.mine);
        Ok(Registers {
            epoch,
            claim,
            outcome,
            claim_is_mine,
        })
    }

    /// Creates the claim and reads it back: the first answer may be lost and the second say
    /// that the claim exists, which is then this node's own.
    pub(in crate::run) async fn create_claim(
        &self,
        claim: Claim,
    ) -> Result<Event<'static>, StepError> {
        let name = self.names.claim(self.epoch);
        let created = match self.create(&name, &text(&claim)).await? {
            Ok(created) => created,
            Err(trouble) => return Ok(Event::Registers(Err(trouble))),
        };
        let mut registers = match self.read_back().await? {
            Ok(registers) => registers,
            trouble => return Ok(Event::Registers(trouble)),
        };
        match (&registers.claim, created) {
            (Some(_), _) => {}
            // Reads may lag behind the write they follow; the write itself has said it.
            (None, Created::Now) => {
                registers.claim = Some(claim);
                registers.claim_is_mine = true;
            }
            (None, Created::Before) => return Err(self.contradiction("claim")),
        }
        info!(
            epoch = self.epoch.number(),
            mine = registers.claim_is_mine,
            "claim stands"
        );
        Ok(Event::Registers(Ok(registers)))
    }

    /// Creates the outcome, unless the epoch went another way before: whichever was written first stands. `known` is
    /// what was read of the registers last.
    pub(in crate::run) async fn create_outcome(
        &self,
        outcome: Outcome,
        known: Option<&Registers>,
    ) -> Result<Event<'static>, StepError> {
        let name = self.names.outcome(self.epoch);
        let created = match self.create(&name, &text(&outcome)).await? {
            Ok(created) => created,
            Err(trouble) => return Ok(Event::Registers(Err(trouble))),
        };
        let mut registers = match self.read_back().await? {
            Ok(registers) => registers,
            trouble => return Ok(Event::Registers(trouble)),
        };
        match (&registers.outcome, created) {
            (Some(_), _) => {}
            (None, Created::Now) => registers.outcome = Some(outcome),
            (None, Created::Before) => return Err(self.contradiction("outcome")),
        }
        // A lagging read may miss the claim that an outcome always follows.
        if registers.claim.is_none() {
            keep_claim(&mut registers, known);
        }
        info!(
            epoch = self.epoch.number(),
            outcome = kind(registers.outcome.as_ref()),
            "outcome stands"
        );
        Ok(Event::Registers(Ok(registers)))
    }

    /// Creates a register. Without an answer it may be done: the registers are not known then, and are read before anything
    /// is created again, which may be answered as late.
    async fn create(&self, name: &str, value: &str) -> Result<Answer<Created>, StepError> {
        match self.store.create(name, value).await {
            Err(error @ CloudError::Failed { .. }) => Ok(Err(error.into())),
            created => Ok(Ok(created?)),
        }
    }

    /// What stands after a create. Where AWS has too many requests for the read, only the read is made again: the
    /// registers are not known then, and the next round asks.
    async fn read_back(&self) -> Result<Answer<Registers>, StepError> {
        let values = match read(self.store, self.names, self.epoch).await {
            Err(error @ CloudError::Throttled { .. }) => return Ok(Err(error.into())),
            values => values?,
        };
        let parsed = self.parse(&values);
        parsed.map(Ok).map_err(|trouble| StepError::Register {
            epoch: self.epoch,
            cause: trouble.to_string(),
        })
    }

    fn contradiction(&self, register: &str) -> StepError {
        StepError::Register {
            epoch: self.epoch,
            cause: format!("its {register} exists, and reads show none yet"),
        }
    }
}

fn keep_claim(registers: &mut Registers, known: Option<&Registers>) {
    if let Some(known) = known.filter(|known| known.epoch == registers.epoch) {
        registers.claim.clone_from(&known.claim);
        registers.claim_is_mine = known.claim_is_mine;
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
) -> Answer<(Option<Claim>, Option<Outcome>)> {
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
) -> Answer<Option<Outcome>> {
    let values = read(store, names, epoch).await?;
    let (_, outcome) = parse(names, epoch, &values)?;
    Ok(outcome)
}

fn value<T: DeserializeOwned>(name: &str, text: Option<&str>) -> Answer<Option<T>> {
    let parse = |text| serde_json::from_str(text);
    text.map(parse)
        .transpose()
        .map_err(|error| Trouble::Failed(format!("cannot read {name}: {error}")))
}

fn text(register: &impl Serialize) -> String {
    serde_json::to_string(register).expect("a struct of strings always serialises")
}

fn kind(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Formed { .. }) => "formed",
        Some(Outcome::PassedOver { .. }) => "passed-over",
        None => "none",
    }
}
