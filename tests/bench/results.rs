//! What was measured: series of values by name, `<row>/<contender>`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::trace::Boot;

/// A whole run, or several of which each measured some rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Where, with what, when and how it was measured last.
    pub(crate) host: Host,
    /// The values, in the order in which they were measured.
    pub(crate) series: BTreeMap<String, Series>,
    /// A boot, of which there is a picture.
    pub(crate) boot: Option<Boot>,
}

/// The same thing, measured several times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) unit: String,
    pub(crate) values: Vec<f64>,
    /// When it was measured.
    pub(crate) when: String,
}

/// A series in three numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) count: usize,
}

impl Results {
    /// One more value, told at once: whoever waits sees that it goes on.
    pub(crate) fn add(&mut self, name: &str, unit: &str, value: f64) {
        lab::say(format_args!("    {name:<34} {value:>9.3} {unit}"));
        let when = &self.host.when;
        let series = self.series.entry(name.to_owned()).or_default();
        if series.when != *when {
            *series = Series {
                unit: unit.to_owned(),
                values: Vec::new(),
                when: when.clone(),
            };
        }
        series.values.push(round(value));
    }

    /// A value that there is only one of.
    pub(crate) fn note(&mut self, name: &str, value: f64) {
        self.series.remove(name);
        self.add(name, "", value);
    }

    /// A series in three numbers.
    pub(crate) fn of(&self, name: &str) -> Option<Summary> {
        summary(&self.series.get(name)?.values)
    }

    /// The middle one of a series.
    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        Some(self.of(name)?.median)
    }

    /// Those of an earlier run, to put some rows anew; nothing where there is none.
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("cannot write down the results")?;
        fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

/// A tenth of a millisecond, or of a thousandth of whatever it is.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn summary(values: &[f64]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        *sorted.get(middle)?
    } else {
        f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *sorted.get(middle)?)
    };
    Some(Summary {
        median,
        least: *sorted.first()?,
        most: *sorted.last()?,
        count: sorted.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_a_middle_and_ends() {
        let of = |values: &[f64]| {
            let found = summary(values).expect("values");
            (
                found.median.to_string(),
                found.least.to_string(),
                found.most.to_string(),
            )
        };
        assert_eq!(of(&[3.0, 1.0, 2.0]), ("2".into(), "1".into(), "3".into()));
        assert_eq!(of(&[4.0, 1.0]), ("2.5".into(), "1".into(), "4".into()));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn values_of_another_run_do_not_mix() {
        let mut results = Results::default();
        results.host.when = "monday".into();
        results.add("join/hand", "s", 1.0);
        results.add("join/hand", "s", 3.0);
        assert_eq!(results.of("join/hand").map(|s| s.count), Some(2));
        results.host.when = "tuesday".into();
        results.add("join/hand", "s", 2.0);
        assert_eq!(results.of("join/hand").map(|s| s.count), Some(1));
    }
}
