//! What the simulation says of a thousand workers, which no machine here could boot.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Reads the output of the simulation's tests: when the last of 1,000 joined a swarm that stood.
pub(crate) fn read(file: &Path) -> Result<f64> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    find(&text).with_context(|| format!("cannot find 1,000 workers in {}", file.display()))
}

fn find(text: &str) -> Option<f64> {
    let of_interest =
        |line: &&str| line.contains("workers: 1000,") && line.contains("formed: true");
    let line = text.lines().find(of_interest)?;
    let (_, after) = line.split_once("last join after ")?;
    after.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_swarm_that_stands_is_taken() {
        let line = |formed: bool, last: &str| {
            let crowd = format!("Crowd {{ workers: 1000, formed: {formed}, reads_a_second: 40 }}");
            format!("  {crowd}; the slowest of 2: last join after {last} s, 1.9 reads\n")
        };
        let text = line(false, "29.1") + &line(true, "27.4");
        assert_eq!(
            find(&text).map(|time| time.to_string()),
            Some("27.4".into())
        );
        assert_eq!(find("nothing"), None);
    }
}
