//! `swarmlet doctor`

use clap::Args;

use super::{Exit, print};
use crate::config::Settings;
use crate::doctor;

/// How it is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Success if nothing that a node needs is missing.
pub(super) async fn run(settings: Settings, form: Form) -> Exit {
    let examination = doctor::examine(&settings).await;
    let text = if form.json {
        format!("{:#}", serde_json::json!(examination))
    } else {
        doctor::text::render(&examination, super::terminal::has_colours())
    };
    match print(text.trim_end()) {
        Exit::Done if !examination.healthy => Exit::Failed,
        printed => printed,
    }
}
