//! What an operator sees: `swarmlet status`, `swarmlet doctor`, metrics.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, Output, wait_until};
use serde_json::Value;

pub(super) mod faults;
pub(super) mod strangers;
pub(super) mod whole;

/// What a command prints, whatever it exits with.
fn said(lab: &Lab, id: &str, argv: &[&str]) -> Result<Output> {
    lab.exec(id, argv)
}

/// The JSON of `swarmlet status`.
fn status(lab: &Lab, id: &str) -> Result<Value> {
    let output = said(lab, id, &["swarmlet", "status", "--json"])?;
    serde_json::from_str(&output.stdout).with_context(|| format!("{output:?}"))
}

/// The status says this, and that all is not well.
fn status_says(lab: &Lab, id: &str, line: &str, part: &str) -> Result<()> {
    wait_until(
        &format!("the status of {id} says {part:?}"),
        Duration::from_secs(40),
        || {
            let output = said(lab, id, &["swarmlet", "status"])?;
            let found = output
                .stdout
                .lines()
                .any(|l| l.trim_start().starts_with(line) && l.contains(part));
            ensure!(found, "{}", output.stdout);
            ensure!(output.status == 1, "exit code {}", output.status);
            Ok(())
        },
    )
}

/// The doctor finds this failing, and says what to do.
pub(super) fn doctor_says(
    lab: &Lab,
    id: &str,
    concern: &str,
    part: &str,
    advice: &str,
) -> Result<()> {
    let output = said(lab, id, &["swarmlet", "doctor", "--json"])?;
    ensure!(
        output.status == 1,
        "exit code {}: {}",
        output.status,
        output.stdout
    );
    let told: Value = serde_json::from_str(&output.stdout)?;
    let text =
        |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let findings = told["findings"].as_array().context("no findings")?;
    let found = findings.iter().any(|finding| {
        let all = format!("{} {}", text(finding, "check"), text(finding, "seen"));
        let advised = format!("{} {}", text(finding, "advice"), text(finding, "seen"));
        text(finding, "concern") == concern
            && text(finding, "grade") == "fail"
            && all.contains(part)
            && advised.contains(advice)
    });
    let failed: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["grade"] == "fail")
        .collect();
    ensure!(
        found,
        "no {concern} with {part:?} and {advice:?} among {failed:#?}"
    );
    Ok(())
}
