//! `scripts/prove-on-aws`, its whole course against the lab: what it would do with an account works before somebody has one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use lab::Lab;

use super::support::unique;
use crate::Case;

pub(super) const SLOW: &[Case] = &[Case {
    name: "proof::the_whole_course_of_prove_on_aws",
    run: course,
}];

/// In this order; the report has a row each.
const STEPS: [&str; 11] = [
    "image",
    "stack",
    "whole",
    "facts",
    "scale-out",
    "spot",
    "refresh",
    "scale-in",
    "leader",
    "managers",
    "deleted",
];
/// What is asked, and what the answer has in it.
const ANSWERS: [(&str, &str); 5] = [
    ("creation waits for the launching hook", "of 6 instances"),
    (
        "kernel modules of the routing mesh and overlays",
        "debian-13, kernel ",
    ),
    ("doctor's tries of permissions, manager", "ssm:PutParameter"),
    ("doctor's tries of permissions, worker", "ssm:GetParameter"),
    ("a group at its maximum in a refresh", "4 by WorkerMax"),
];

fn course(lab: &Lab) -> Result<()> {
    let name = unique("proof");
    let folder = lab.paths().state.join(&name);
    fs::create_dir_all(&folder)?;
    let report = folder.join("report.md");
    let record = folder.join("lab.tsv");
    let text = |path: &'_ Path| {
        path.to_str()
            .map(str::to_owned)
            .context("a path that is no text")
    };
    let (told, recorded) = (text(&report)?, text(&record)?);
    let words = [
        "--lab", "--name", &name, "--report", &told, "--record", &recorded,
    ];
    let done = lab.script("prove-on-aws", &words)?;
    let said = fs::read_to_string(&report).unwrap_or_default();
    eprintln!("{said}");
    done.ok()?;
    let rows: Vec<_> = said.lines().filter(|line| line.starts_with("| ")).collect();
    for (index, step) in STEPS.iter().enumerate() {
        let row = rows.get(index + 1).context("a row is missing")?;
        ensure!(row.starts_with(&format!("| {step} | ok | ")), "{row}");
    }
    for (question, answer) in ANSWERS {
        let has =
            |row: &&&str| row.starts_with(&format!("| {question} | ")) && row.contains(answer);
        ensure!(rows.iter().any(|row| has(&row)), "{question}: {said}");
    }
    ensure!(said.ends_with("Left behind: nothing\n"), "{said}");
    // Not by the command's own word.
    super::fleet::stack::nothing_tells_of(lab, &name)
}
