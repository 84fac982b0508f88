//! How late AWS's reads are: by a number that is told, so that a run can be had again.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};

use crate::terminal::say;

const NAME: &str = "LAB_AWS_SEED";

/// `LAB_AWS_SEED`, or a number of its own each time; none where that says `none`: reads are never late then.
pub(crate) fn seed() -> Result<Option<u32>> {
    let seed = match env::var(NAME).ok().filter(|given| !given.is_empty()) {
        Some(given) => read(&given)?,
        None => Some(drawn()),
    };
    match seed {
        Some(seed) => say(format!("  AWS's reads are late by {NAME}={seed}")),
        None => say("  AWS's reads are never late"),
    }
    Ok(seed)
}

fn read(given: &str) -> Result<Option<u32>> {
    if given == "none" {
        return Ok(None);
    }
    let number = given.parse();
    number
        .map(Some)
        .map_err(|cause| anyhow!("cannot read {NAME}={given}: {cause}; give a number, or none"))
}

/// Any number does that is another one the next time.
fn drawn() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().subsec_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number_or_none() {
        assert_eq!(read("17").expect("a number"), Some(17));
        assert_eq!(read("none").expect("none"), None);
        let refused = read("-1").expect_err("no number").to_string();
        assert!(
            refused.starts_with("cannot read LAB_AWS_SEED=-1: "),
            "{refused}"
        );
    }
}
