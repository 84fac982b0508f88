//! The results as `docs/performance.md` shows them: tables between markers, the rest is prose.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::goals::{self, spread};
use crate::picture;
use crate::results::Results;

/// Rows of the comparison: what it is, and the name of its series.
const COMPARED: &[(&str, &str)] = &[
    (
        "a worker, its engine up: start of the service to Ready",
        "join",
    ),
    ("a worker's boot: systemd's start to Ready", "boot"),
    (
        "the first manager: start to joinable (`init` returns; the ticket is published)",
        "first",
    ),
    (
        "the second and third manager: start to both Reachable",
        "others",
    ),
    (
        "three managers from nothing: start to three Reachable",
        "quorum",
    ),
    (
        "many workers at once: request to the last one Ready",
        "scale",
    ),
    ("engine killed: to Ready", "engine-killed"),
    ("machine reset: to Ready", "machine-reset"),
    ("agent killed: to an agent that serves", "agent-killed"),
];

const IDLE: &[(&str, &str)] = &[
    ("resident memory (RSS), MiB", "rss"),
    ("of it backed by no file, MiB", "anonymous"),
    (
        "its own: the binary's pages and all private ones, MiB",
        "own",
    ),
    ("proportional (PSS), MiB", "pss"),
    ("growth of RSS, MiB an hour", "rss growth an hour"),
    ("processor time, s an hour", "cpu seconds an hour"),
    ("wake-ups an hour", "wakes an hour"),
    ("AWS calls an hour", "aws calls an hour"),
    ("metadata requests an hour", "metadata requests an hour"),
];

/// Another folder than the documentation's gets its page, if it has none: before anything is measured, which takes minutes.
pub(crate) fn prepare(folder: &Path, docs: &Path) -> Result<()> {
    let pictures = folder.join("images");
    fs::create_dir_all(&pictures).with_context(|| format!("cannot make {}", pictures.display()))?;
    let (page, own) = (docs.join("performance.md"), folder.join("performance.md"));
    if !own.exists() {
        fs::copy(page, &own).with_context(|| format!("cannot write {}", own.display()))?;
    }
    Ok(())
}

/// Writes page, numbers and picture into the folder of the documentation.
pub(crate) fn write(results: &Results, docs: &Path) -> Result<()> {
    results.write(&docs.join("performance.json"))?;
    let file = docs.join("performance.md");
    let mut page =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut parts = vec![
        ("goals", goals(results)),
        ("machine", machine(results)),
        ("measured", compared(results) + "\n" + &idle(results)),
    ];
    if let Some(boot) = &results.boot {
        fs::write(docs.join("images/boot.svg"), picture::draw(boot) + "\n")
            .context("cannot write the picture")?;
        let text = format!(
            "![The boot of a worker, step by step: {:.2} s from systemd's start to Ready](images/boot.svg)\n",
            boot.ready
        );
        parts.push(("boot", text));
    }
    for (name, text) in parts {
        page = between(&page, name, &text)?;
    }
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))
}

/// The goals as a table; also for the terminal.
pub(crate) fn goals(results: &Results) -> String {
    let mut table = String::from(
        "| what | measured | held against | goal | comes to | met |\n|---|---|---|---|---|---|\n",
    );
    for goal in goals::all(results) {
        let met = if goal.met { "yes" } else { "**no**" };
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {met} |",
            goal.what, goal.measured, goal.against, goal.wanted, goal.comes_to
        );
    }
    table
}

fn machine(results: &Results) -> String {
    let host = &results.host;
    let versions = host.versions.iter();
    let versions: Vec<String> = versions
        .map(|(name, version)| format!("{name} {version}").trim_start().to_owned())
        .collect();
    format!(
        "Measured on {} by `{}`: {} cores of {}, {} GiB, Linux {}, load {} at the start. In the machines: {}.\n",
        host.when,
        host.command,
        host.cores,
        host.processor,
        host.memory_gib,
        host.kernel,
        host.load,
        versions.join(", ")
    )
}

/// All times, each contender with its middle and its ends.
pub(crate) fn compared(results: &Results) -> String {
    let mut table = String::from(
        "| | by hand | swarmlet | user-data script | rounds |\n|---|---|---|---|---|\n",
    );
    for (what, row) in COMPARED {
        let of = |contender: &str| results.of(&format!("{row}/{contender}"));
        let Some(own) = of("swarmlet") else {
            continue;
        };
        let cell = |contender: &str| of(contender).map_or("-".to_owned(), |s| spread(s, "s"));
        let many = results.median("scale/workers").filter(|_| *row == "scale");
        let what = many.map_or((*what).to_owned(), |many| {
            what.replace("many", &many.to_string())
        });
        let _ = writeln!(
            table,
            "| {what} | {} | {} | {} | {} |",
            cell("hand"),
            spread(own, "s"),
            cell("script"),
            own.count
        );
    }
    table
}

fn idle(results: &Results) -> String {
    let Some(minutes) = results.median("idle/minutes") else {
        return String::new();
    };
    let mut table = format!(
        "| idle for {minutes:.1} minutes, rates put to an hour | worker | leader |\n|---|---|---|\n"
    );
    for (what, name) in IDLE {
        let cell = |role: &str| {
            let value = results.of(&format!("idle-{role}/{name}"));
            value.map_or("-".to_owned(), |value| spread(value, ""))
        };
        let _ = writeln!(
            table,
            "| {what} | {} | {} |",
            cell("worker"),
            cell("leader")
        );
    }
    let fresh = results.of("fresh/rss").map(|s| spread(s, "MiB"));
    let calls = results.of("boot/aws calls");
    if let (Some(fresh), Some(calls)) = (fresh, calls) {
        let _ = writeln!(
            table,
            "\nA worker that has just booted has {fresh} resident; calls of AWS it has made: {:.0}, at most {:.0}.",
            calls.median, calls.most
        );
    }
    table
}

/// The page with another text between the markers of that name.
fn between(page: &str, name: &str, text: &str) -> Result<String> {
    let (open, close) = (
        format!("<!-- bench:{name} -->\n"),
        format!("<!-- /bench:{name} -->"),
    );
    let begin = page.find(&open).map(|at| at + open.len());
    let end = page.find(&close);
    let (Some(begin), Some(end)) = (begin, end) else {
        anyhow::bail!("cannot find the markers {open:?} and {close:?} in the page");
    };
    ensure!(
        begin <= end,
        "the markers of {name} are the wrong way round"
    );
    Ok(format!("{}{text}{}", &page[..begin], &page[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n";
        let put = between(page, "x", "new\n").expect("markers");
        assert_eq!(put, "a\n<!-- bench:x -->\nnew\n<!-- /bench:x -->\nb\n");
        assert!(between(page, "y", "").is_err());
    }

    #[test]
    fn the_page_has_all_markers() {
        let page = include_str!("../../docs/performance.md");
        for name in ["goals", "machine", "measured", "boot"] {
            assert!(between(page, name, "").is_ok(), "{name}");
        }
    }

    #[test]
    fn a_contender_that_was_not_measured_is_a_dash() {
        let mut results = Results::default();
        results.add("scale/swarmlet", "s", 4.0);
        results.note("scale/workers", 8.0);
        let table = compared(&results);
        let line = "| 8 workers at once: request to the last one Ready | - | 4.00 s | - | 1 |";
        assert!(table.contains(line), "{table}");
    }
}
