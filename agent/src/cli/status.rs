//! `swarmlet status`

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::terminal::Screen;
use super::{Exit, fail, print, printed_to_the_end};
use crate::config::Settings;
use docker::api::Docker;
use view::report::{Report, look};
use view::status::Status;
use view::text;

/// Whatever hangs, there is an answer after this; a healthy engine answers in some milliseconds.
const LIMIT: Duration = Duration::from_secs(1);

/// How it is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// As JSON (docs/status.schema.json)
    #[arg(long)]
    json: bool,
    /// Show it again whenever something happens, at least every second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Only how this agent came into its swarm, step by step, with the times
    #[arg(long, conflicts_with = "watch")]
    boot: bool,
}

/// Success if the agent runs, the engine answers, and the node serves in its swarm.
pub(super) async fn run(settings: Settings, form: Form) -> Exit {
    if form.boot {
        return boot(&settings, form.json);
    }
    let socket = settings.host_path(&settings.engine.socket);
    let docker = Docker::new(&socket, &settings.runtime_dir);
    if form.watch {
        return watch(&settings, docker, form.json).await;
    }
    let report = look(&docker, &settings.runtime_dir, LIMIT).await;
    match print(show(&report, form.json, super::terminal::has_colours()).trim_end()) {
        Exit::Done => verdict(&report),
        unprinted => unprinted,
    }
}

/// Success if there is something to show.
fn boot(settings: &Settings, json: bool) -> Exit {
    match Status::read(&settings.runtime_dir) {
        Ok(said) if json => print(&pretty(&said.boot)),
        Ok(said) => print(text::boot(&said.boot, super::terminal::has_colours()).trim_end()),
        Err(error) => fail(Exit::Failed, &error),
    }
}

async fn watch(settings: &Settings, docker: Docker, json: bool) -> Exit {
    let screen = Screen::open(!json && std::io::stdout().is_terminal());
    let changes = docker::api::Watch::start(docker.clone());
    let mut ended = std::pin::pin!(super::terminal::ended());
    loop {
        let report = look(&docker, &settings.runtime_dir, LIMIT).await;
        let text = if json {
            // A line a picture, for programs.
            serde_json::json!(report).to_string()
        } else {
            show(&report, false, super::terminal::has_colours())
        };
        let drawn = screen.draw(&text);
        if drawn.is_err() {
            drop(screen);
            return printed_to_the_end(drawn);
        }
        tokio::select! {
            () = &mut ended => return verdict(&report),
            () = super::terminal::pause(changes.happening()) => {}
        }
    }
}

fn show(report: &Report, json: bool, colour: bool) -> String {
    if json {
        return pretty(report);
    }
    text::render(report, colour)
}

fn pretty(what: &impl Serialize) -> String {
    let written = serde_json::to_string_pretty(what);
    written.unwrap_or_else(|error| format!("cannot write the status: {error}"))
}

fn verdict(report: &Report) -> Exit {
    if report.healthy {
        Exit::Done
    } else {
        Exit::Failed
    }
}
