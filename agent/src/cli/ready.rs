//! `swarmlet ready`, which `swarmlet-ready.service` runs

use std::path::PathBuf;

use clap::Args;

use super::{Exit, fail};
use view::ready;

/// What it answers from.
#[derive(Clone, Debug, Args)]
pub(super) struct Form {
    /// The agent's word, in its runtime folder
    #[arg(long, default_value = "/run/swarmlet/ready")]
    file: PathBuf,
}

/// It reads no settings, which only root may: the agent's word says where to listen.
pub(super) async fn run(form: Form) -> Exit {
    match ready::start(&form.file).await {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::Failed, &error),
    }
}
