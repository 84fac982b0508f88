//! The facts of a round, as they are shown. What is secret is left out by naming what is shown.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use protocol::departure::Departing;
use protocol::{Fleet, Observation, Reading, Registers, Standing, Ticket};

/// What of the facts is shown beside them. All of it may be missing: a file of another version's.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub(crate) struct Shown {
    pub(crate) node_id: Option<String>,
    pub(crate) departure: Option<ShownDeparture>,
}

/// This node's own departure.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub(crate) struct ShownDeparture {
    /// Why it leaves, by [`protocol::departure::Cause`]'s name.
    pub(crate) cause: Option<String>,
    /// Seconds that are left.
    pub(crate) remaining: Option<u64>,
    /// How many tasks still run here.
    pub(crate) tasks: Option<u64>,
}

impl Shown {
    /// Nothing, where the facts are of another form.
    pub(crate) fn of(facts: &Value) -> Self {
        Self::deserialize(facts).unwrap_or_default()
    }
}

/// What a decision rested on: ages and times in seconds.
pub fn of(seen: &Observation) -> Value {
    let identity = seen.engine.identity();
    let facts = json!({
        "engine": seen.engine.kind().name(),
        "engine_for": seconds(seen.since),
        "node_id": identity.and_then(|here| here.node_id.clone()),
        "swarm_id": identity.and_then(|here| here.swarm_id.clone()),
        "managers": identity.map(|here| here.managers.clone()),
        "membership": seen.membership,
        "peers": seen.peers,
        "ticket": seen.ticket.as_ref().map(|r| reading(r, |t| t.as_ref().map_or(Value::Null, ticket))),
        "registers": seen.registers.as_ref().map(|r| reading(r, registers)),
        "standing": seen.standing.as_ref().map(standing),
        "fleet": fleet(&seen.fleet),
        "forced": seen.forced,
        "acted": seen.acted.map(seconds),
        "departure": seen.departure.as_ref().map(departure),
    });
    compact(facts)
}

/// What is not known is not shown.
fn compact(facts: Value) -> Value {
    match facts {
        Value::Object(fields) => {
            let known = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(known.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs()
}

fn reading<T>(read: &Reading<T>, show: impl Fn(&T) -> Value) -> Value {
    let (value, trouble) = match &read.value {
        Ok(value) => (show(value), None),
        Err(trouble) => (Value::Null, Some(trouble.to_string())),
    };
    compact(json!({
        "value": value,
        "trouble": trouble,
        "age": seconds(read.age),
        "looks": read.looks,
        "lasted": seconds(read.lasted),
    }))
}

fn departure(departure: &Departing) -> Value {
    compact(json!({
        "cause": departure.cause,
        "remaining": departure.remaining.map(seconds),
        "announced": departure.announced.map(seconds),
        "marked": departure.marked,
        "tasks": departure.tasks.as_ref().and_then(Reading::value),
        "left": departure.left,
        "withdrawn": departure.withdrawn,
    }))
}

/// All but the token.
fn ticket(ticket: &Ticket) -> Value {
    json!({
        "epoch": ticket.epoch,
        "swarm_id": ticket.swarm_id,
        "managers": ticket.managers,
        "instances": ticket.instances,
        "issued_by": ticket.issued_by,
        "issued_at": ticket.issued_at,
    })
}

fn registers(registers: &Registers) -> Value {
    json!({
        "epoch": registers.epoch,
        "claim": registers.claim.as_ref().map(|claim| claim.instance_id.clone()),
        "claim_is_mine": registers.claim_is_mine,
        "outcome": registers.outcome,
    })
}

fn standing(standing: &Standing) -> Value {
    json!({
        "verdict": standing.verdict.name(),
        "age": seconds(standing.age),
        "looks": standing.looks,
        "lasted": seconds(standing.lasted),
    })
}

fn fleet(fleet: &Fleet) -> Option<Value> {
    let told = fleet.0.iter().map(|(id, seen)| {
        let word = json!({
            "life": seen.life.name(),
            "gone": seen.is_gone(),
            "age": seconds(seen.age),
            "looks": seen.looks,
        });
        (id.clone(), word)
    });
    let told: Map<String, Value> = told.collect();
    (!told.is_empty()).then_some(Value::Object(told))
}
