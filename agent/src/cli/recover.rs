//! `swarmlet recover`

use super::{Exit, fail, print};
use crate::config::Settings;
use crate::run;

pub(super) async fn run(settings: Settings) -> Exit {
    match run::consent(&settings).await {
        Ok(()) => print(
            "noted. If EC2 says that most managers are terminated, this manager goes on from its own copy of the \
             swarm within half a minute; what only the others had is lost. \
             `systemctl status swarmlet` tells what it does. The consent ends when the swarm has a leader.",
        ),
        Err(error) => fail(Exit::Failed, &error),
    }
}
