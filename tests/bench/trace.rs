//! One boot of a worker, step by step: systemd's times of the units, and in between what the agent
//! says that it did (`swarmlet status --boot`).

use anyhow::{Context as _, Result};
use lab::Lab;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;
use crate::machines;

/// The boot of a machine, in seconds since its kernel handed over to systemd.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Boot {
    /// In the order in which they begin.
    pub(crate) bars: Vec<Bar>,
    /// Ready on the manager.
    pub(crate) ready: f64,
}

/// Something that took its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) name: String,
    /// `unit`, or `step` of the agent.
    pub(crate) kind: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

const UNITS: [(&str, &str); 4] = [
    ("swarmlet prepare", "swarmlet-prepare.service"),
    ("containerd", "containerd.service"),
    ("engine", "docker.service"),
    ("swarmlet run", "swarmlet.service"),
];

/// Reads it from a machine whose node has become Ready at the given moment.
pub(crate) fn read(lab: &Lab, id: &str, ready: f64) -> Result<Boot> {
    let begun = machines::booted(lab, id)?;
    let stamp = |unit: &str, property: &str| -> Result<f64> {
        Ok(machines::stamp(lab, id, unit, property)? - begun)
    };
    let system = stamp("basic.target", "ActiveEnterTimestamp")?;
    let mut bars = vec![bar("system, until services start", "unit", 0.0, system)];
    for (name, unit) in UNITS {
        let from = stamp(unit, "InactiveExitTimestamp")?;
        bars.push(bar(
            name,
            "unit",
            from,
            stamp(unit, "ActiveEnterTimestamp")?,
        ));
    }
    let told = lab
        .exec(id, &["swarmlet", "status", "--boot", "--json"])?
        .ok()?;
    let told: Value = serde_json::from_str(&told).context("cannot read the agent's own times")?;
    // The sandbox was made before that.
    let started = clock::of_boot(told["started_ms"].as_f64().unwrap_or_default() / 1000.0);
    bars.extend(steps(&told, started - begun));
    bars.sort_by(|a, b| a.from.total_cmp(&b.from));
    Ok(Boot {
        bars,
        ready: ready - begun,
    })
}

/// The agent counts from its own start.
fn steps(told: &Value, started: f64) -> Vec<Bar> {
    let steps = told["steps"].as_array().into_iter().flatten();
    let seconds = |value: &Value| started + value.as_f64().unwrap_or_default() / 1000.0;
    let read = |step: &Value| {
        let name = step["name"].as_str().unwrap_or_default();
        bar(
            name,
            "step",
            seconds(&step["from_ms"]),
            seconds(&step["to_ms"]),
        )
    };
    steps.map(read).collect()
}

fn bar(name: &str, kind: &str, from: f64, to: f64) -> Bar {
    Bar {
        name: name.to_owned(),
        kind: kind.to_owned(),
        from,
        to: to.max(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_agents_steps_are_put_after_its_start() {
        let told = json!({"steps": [{"name": "read-ticket", "from_ms": 12.5, "to_ms": 20.0}]});
        let found = steps(&told, 1.0);
        assert_eq!(found, [bar("read-ticket", "step", 1.0125, 1.02)]);
    }
}
