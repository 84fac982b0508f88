//! This node: what its agent does, and why.

use super::age::age;
use super::table::{Cell, Paint, Table, Tone};
use crate::report::Report;
use crate::status::Status;
use crate::status::disk::{Disk, DiskState};
use crate::status::facts::Shown;
use crate::status::groups::ManagerGroup;
use crate::status::story::Told;
use protocol::node::Readiness;

/// So many of the last decisions are shown.
const DECISIONS: usize = 6;

pub(super) fn render(report: &Report, paint: Paint) -> String {
    let now = report.looked_at;
    let mut parts = Table::new(&["", ""]);
    parts.row(vec![plain("agent"), agent(report, now)]);
    parts.row(vec![plain("engine"), engine(report)]);
    if let Some(word) = report.ready {
        parts.row(vec![plain("balancers"), balancers(word)]);
    }
    if let Some(problem) = &report.swarm_unseen {
        parts.row(vec![plain("swarm"), bad(problem)]);
    }
    let mut text = headline(report, paint);
    if let Some(said) = &report.said {
        for (name, what) in rows(said, now) {
            parts.row(vec![plain(name), what]);
        }
        text.push_str(&parts.render("  ", paint));
        text.push_str(&decisions(&said.decisions, now, paint));
    } else {
        text.push_str(&parts.render("  ", paint));
    }
    text
}

/// The one line that scripts and people look for.
fn headline(report: &Report, paint: Paint) -> String {
    let Some(said) = &report.said else {
        return format!(
            "{}\n\n",
            paint.cell("nothing is known of this node yet", Tone::Bad)
        );
    };
    let tone = if report.healthy {
        Tone::Good
    } else {
        Tone::Bad
    };
    let who = format!(
        "{} {} of cluster {}:",
        said.instance_id, said.role, said.cluster
    );
    let stale = if report.agent.running {
        ""
    } else {
        " (the last thing it said)"
    };
    let what = format!("{}{stale}", said.text);
    format!(
        "{} {}\n\n",
        paint.cell(&who, Tone::Bold),
        paint.cell(&what, tone)
    )
}

fn agent(report: &Report, now: u64) -> Cell {
    let agent = &report.agent;
    match (&agent.problem, &report.said) {
        (Some(problem), _) => {
            let begin = if agent.running { "" } else { "does not run: " };
            let failed = agent.failure.as_ref().map(|failure| {
                let next = if failure.terminal {
                    "not tried again"
                } else {
                    "tried again"
                };
                format!("; failed {} ago, {next}", age(failure.at, now))
            });
            let plain = problem.strip_prefix("it does not run: ").unwrap_or(problem);
            bad(&format!("{begin}{plain}{}", failed.unwrap_or_default()))
        }
        (None, Some(said)) => (
            format!(
                "runs, version {}, said this {} ago",
                said.version,
                age(said.at, now)
            ),
            Tone::Good,
        ),
        (None, None) => ("runs".to_owned(), Tone::Good),
    }
}

fn engine(report: &Report) -> Cell {
    let engine = &report.engine;
    let state = engine.state.as_deref().unwrap_or_default();
    match &engine.problem {
        Some(problem) if engine.answers => bad(&format!("{state}: {problem}")),
        Some(problem) => bad(problem),
        None if engine.leader => ("answers: manager, leader".to_owned(), Tone::Good),
        None => (format!("answers: {state}"), Tone::Good),
    }
}

/// What those hear that ask for this node's health.
fn balancers(word: Readiness) -> Cell {
    let told = word.word();
    match word {
        Readiness::Ready => (format!("hear: {told}"), Tone::Good),
        Readiness::Lost | Readiness::Unknown => {
            bad(&format!("hear: {told}, and send nothing here"))
        }
        _ => (format!("hear: {told}, and send nothing here"), Tone::Warn),
    }
}

fn rows(said: &Status, now: u64) -> Vec<(&'static str, Cell)> {
    let mut rows = Vec::new();
    if let Some(trouble) = &said.trouble {
        rows.push(("trouble", bad(trouble)));
    }
    let epoch = said.epoch.map(|epoch| epoch.to_string());
    rows.push(("epoch", plain(epoch.as_deref().unwrap_or("none yet"))));
    if let Some(claim) = &said.claim {
        let holder = claim
            .holder
            .as_deref()
            .map_or("nobody's".to_owned(), |id| format!("{id}'s"));
        let outcome = claim.outcome.as_deref().unwrap_or("open");
        rows.push((
            "claim",
            plain(&format!("epoch {}: {holder}, {outcome}", claim.epoch)),
        ));
    }
    let ticket = said.ticket.as_ref().map(|ticket| {
        let (issued, seen) = (age(ticket.issued_at, now), age(ticket.seen_at, now));
        format!(
            "epoch {}, issued {issued} ago by {}, seen {seen} ago",
            ticket.epoch, ticket.by
        )
    });
    rows.push((
        "ticket",
        plain(
            ticket
                .as_deref()
                .unwrap_or("not asked for since the agent started"),
        ),
    ));
    if let Some(departure) = departure(said) {
        rows.push(("departure", (departure, Tone::Warn)));
    }
    for warning in said.groups.iter().flat_map(ManagerGroup::warnings) {
        rows.push(("group", (warning, Tone::Warn)));
    }
    rows.extend(said.disk.as_ref().and_then(disk).map(|what| ("disk", what)));
    for registry in &said.registries {
        if let Some(error) = &registry.error {
            rows.push(("registry", bad(&format!("{}: {error}", registry.host))));
        }
    }
    rows
}

/// One that is full, or that cannot be looked after.
fn disk(disk: &Disk) -> Option<Cell> {
    let does = match (disk.state, &disk.error) {
        (DiskState::Enough, None) => return None,
        (DiskState::Cleaning, None) => "removing what nobody uses".to_owned(),
        (_, error) => error.clone().unwrap_or_default(),
    };
    let text = format!("{}: {} % full: {does}", disk.folder, disk.used_percent);
    let tone = match disk.state {
        DiskState::Stuck => Tone::Bad,
        _ => Tone::Warn,
    };
    Some((text, tone))
}

/// This node's own, with what is left of its time.
fn departure(said: &Status) -> Option<String> {
    let departure = Shown::of(&said.facts).departure?;
    let cause = departure.cause?;
    let left = match departure.remaining {
        Some(seconds) => format!("{seconds} s left when this was said"),
        None => "nothing presses".to_owned(),
    };
    let tasks = departure.tasks;
    let tasks = tasks.map(|tasks| format!(", {tasks} tasks still run here"));
    Some(format!("{cause}, {left}{}", tasks.unwrap_or_default()))
}

fn decisions(told: &[Told], now: u64, paint: Paint) -> String {
    if told.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["", "", "", ""]);
    for told in told.iter().take(DECISIONS) {
        let times = if told.times > 1 {
            format!(" ({} times)", told.times)
        } else {
            String::new()
        };
        let error = told.error.as_ref().map(|error| format!(" - {error}"));
        let tone = if told.error.is_some() {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let why = format!("{}{times}{}", told.text, error.unwrap_or_default());
        table.row(vec![
            (format!("{} ago", age(told.last, now)), Tone::Dim),
            plain(&told.action),
            (why, tone),
        ]);
    }
    format!(
        "\n{}\n{}",
        paint.cell("LAST DECISIONS", Tone::Bold),
        table.render("  ", paint)
    )
}

fn plain(text: &str) -> Cell {
    (text.to_owned(), Tone::Plain)
}

fn bad(text: &str) -> Cell {
    (text.to_owned(), Tone::Bad)
}
