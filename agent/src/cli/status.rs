//! `swarmlet status`

use clap::Args;

use super::{Exit, fail, print};
use crate::config::Settings;
use crate::report::status::Status;

/// How it is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// Everything, as JSON
    #[arg(long)]
    json: bool,
}

/// Success if the node serves in its swarm, and the agent has said so lately.
pub(super) fn run(settings: &Settings, form: Form) -> Exit {
    let status = match Status::read(&settings.runtime_dir) {
        Ok(status) => status,
        Err(error) => return fail(Exit::Failed, &error),
    };
    let text = if form.json {
        format!("{:#}", serde_json::json!(status))
    } else {
        format!(
            "{} {} of cluster {}: {}",
            status.instance_id, status.role, status.cluster, status.text
        )
    };
    match (print(&text), status.outdated()) {
        (Exit::Done, Some(age)) => {
            let age = age.as_secs();
            let why = format!(
                "this is {age} s old: the agent does not run, see `systemctl status swarmlet`"
            );
            fail(Exit::Failed, &why)
        }
        (Exit::Done, None) if status.serving => Exit::Done,
        (Exit::Done, None) => Exit::Failed,
        (failed, _) => failed,
    }
}
