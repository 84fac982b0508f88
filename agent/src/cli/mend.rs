//! `swarmlet mend-engine`, which a drop-in of `docker.service` and `swarmlet-mend-engine.service` run

use clap::Args;

use super::{Exit, fail};
use crate::config::Settings;
use crate::prepare;
use host::command::Host;

/// What has become of the engine.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// It has started: what it has started with is remembered
    #[arg(long)]
    started: bool,
    /// The package goes: labels that were flags are flags again
    #[arg(long, conflicts_with = "started")]
    withdraw: bool,
}

pub(super) async fn run(settings: Settings, form: Form) -> Exit {
    let done = if form.started {
        prepare::started(&settings, &Host).await
    } else if form.withdraw {
        prepare::withdraw(&settings, &Host).await
    } else {
        prepare::failed(&settings, &Host).await
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
