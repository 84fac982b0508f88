//! This node, and on a manager the whole swarm: what `swarmlet status` shows.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::{SwarmView, Unseen, gather};
use crate::metrics::SOCKET;
use crate::ready;
use crate::status::engine_trouble::Trouble;
use crate::status::failure::Failure;
use crate::status::note::{self, Note};
use crate::status::{self, Status, StatusError};
use docker::EngineError;
use docker::api::Docker;
use protocol::node::Readiness;
use protocol::{Control, EngineState, Member};

/// The form that `schema` names; another number is another form.
const SCHEMA: u32 = 1;

/// Everything that can be seen from this host. What the agent said last has its fields at the top
/// level; they are missing where it has said nothing since the host started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Of which form this is: 1.
    pub schema: u32,
    /// When it was made, in seconds since the Unix epoch.
    pub looked_at: u64,
    /// Whether all is well: the exit code is 0 then, and else 1.
    pub healthy: bool,
    /// What the agent said last.
    #[serde(flatten)]
    pub said: Option<Status>,
    /// Whether the agent runs.
    pub agent: AgentView,
    /// Whether the engine answers.
    pub engine: EngineView,
    /// What load balancers hear of this node, `ready` or why not; none without `ready.listen`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub ready: Option<Readiness>,
    /// The whole swarm, on a manager whose swarm has a leader.
    pub swarm: Option<SwarmView>,
    /// Why a manager cannot see it.
    pub swarm_unseen: Option<String>,
}

/// The agent of this node.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AgentView {
    /// Its process lives.
    pub running: bool,
    /// What is wrong with it, and what to do.
    pub problem: Option<String>,
    /// Its last start, if that failed.
    pub failure: Option<Failure>,
}

/// The engine of this node.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EngineView {
    /// It answers.
    pub answers: bool,
    /// What it is in a swarm, by its own word: `worker`, `manager`, `no-leader`, `inactive`, `pending`,
    /// `error`, `locked`.
    pub state: Option<String>,
    /// Whether it is the manager that leads.
    pub leader: bool,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Looks at agent, engine and swarm. No part of it waits longer than `limit`, and none for another
/// that is down.
pub async fn look(docker: &Docker, runtime_dir: &Path, limit: Duration) -> Report {
    let said = Status::read(runtime_dir);
    let agent = agent(runtime_dir, &said);
    let state = docker.state_within(limit).await;
    let said = said.ok();
    let ready = ready::told(runtime_dir);
    let swarm = match &state {
        Ok(state) => gather::see(docker, state.kind(), said.as_ref(), limit).await,
        Err(_) => Err(Unseen::NotManager),
    };
    report(
        said,
        agent,
        engine(&state, Trouble::read(runtime_dir)),
        ready,
        swarm,
    )
}

fn report(
    said: Option<Status>,
    agent: AgentView,
    engine: EngineView,
    ready: Option<Readiness>,
    swarm: Result<SwarmView, Unseen>,
) -> Report {
    let (swarm, unseen) = match swarm {
        Ok(swarm) => (Some(swarm), None),
        Err(Unseen::NotManager) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let serving = said.as_ref().is_some_and(|status| status.serving);
    Report {
        schema: SCHEMA,
        looked_at: status::now(),
        healthy: serving && agent.running && agent.problem.is_none() && engine.answers,
        said,
        agent,
        engine,
        ready,
        swarm,
        swarm_unseen: unseen,
    }
}

/// The agent listens on its socket for as long as it lives.
fn agent(runtime_dir: &Path, said: &Result<Status, StatusError>) -> AgentView {
    let running = UnixStream::connect(runtime_dir.join(SOCKET)).is_ok();
    let failure = Failure::read(runtime_dir);
    let waits = waits(runtime_dir, running);
    let problem = match (running, said, &failure) {
        _ if waits.is_some() => waits.clone(),
        (false, _, Some(failure)) => Some(failure.text.clone()),
        (false, _, None) => Some("it does not run: `systemctl status swarmlet` tells why".to_owned()),
        (true, Err(StatusError::Damaged { .. }), _) => {
            Some("its status is not of this version: `systemctl restart swarmlet`".to_owned())
        }
        (true, Err(StatusError::Unread { .. }), _) => Some(
            "it has decided nothing yet: it reads instance metadata and tags (`systemctl status swarmlet`)"
                .to_owned(),
        ),
        (true, Ok(status), _) => status.outdated().map(|age| {
            let age = age.as_secs();
            format!("it has said nothing for {age} s: `systemctl restart swarmlet` if that goes on")
        }),
    };
    AgentView {
        running,
        problem,
        failure: failure.filter(|_| !running && waits.is_none()),
    }
}

/// What agent or `prepare` wait for before the node is known.
fn waits(runtime_dir: &Path, running: bool) -> Option<String> {
    let prepare = || {
        let text = Note::read(runtime_dir, note::PREPARE)?;
        Some(format!("swarmlet-prepare is {text}"))
    };
    let agent = || Note::read(runtime_dir, note::AGENT).filter(|_| running);
    prepare().or_else(agent)
}

/// `trouble` is what was said of its starts.
fn engine(state: &Result<EngineState, EngineError>, trouble: Option<String>) -> EngineView {
    let state = match state {
        Ok(state) => state,
        Err(error) => {
            let more = match error {
                // Its own words say what to do.
                EngineError::Unspoken(_) => None,
                _ => Some(
                    trouble.unwrap_or_else(|| "`systemctl status docker` tells more".to_owned()),
                ),
            };
            let more = more.map_or_else(String::new, |more| format!(": {more}"));
            return EngineView {
                problem: Some(format!("{error}{more}")),
                ..EngineView::default()
            };
        }
    };
    let (leader, problem) = match state {
        EngineState::Active(Member { control, .. }) => match control {
            Control::Manager { leader, .. } => (*leader, None),
            Control::NoLeader(error) => (false, Some(error.clone())),
            Control::Worker => (false, None),
        },
        EngineState::Error(failure) => (false, Some(failure.said.clone())),
        _ => (false, None),
    };
    EngineView {
        answers: true,
        state: Some(state.kind().name().to_owned()),
        leader,
        problem: problem.filter(|text| !text.is_empty()).or(trouble),
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
