//! `swarmlet dashboard`

use clap::Args;
use secrecy::ExposeSecret;

use super::{Exit, fail, print};
use crate::config::Settings;
use view::dashboard;

/// What is wanted of it.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// Print the password that the running dashboard has made, and serve nothing
    #[arg(long)]
    password: bool,
}

pub(super) async fn run(settings: Settings, form: Form) -> Exit {
    if form.password {
        return password(&settings);
    }
    match dashboard::start(
        &settings.dashboard,
        &settings.engine.socket,
        &settings.runtime_dir,
    )
    .await
    {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}

fn password(settings: &Settings) -> Exit {
    match dashboard::password(&settings.dashboard, &settings.runtime_dir) {
        Ok(password) => print(password.expose_secret()),
        Err(error) => fail(Exit::Failed, &error),
    }
}
