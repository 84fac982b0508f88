//! `swarmlet leave`, `swarmlet drain`, `swarmlet activate`

use super::{Exit, fail, print};
use crate::config::Settings;
use crate::run::{self, RequestError};
use host::command::Host;

pub(super) async fn leave(settings: Settings) -> Exit {
    said(
        run::leave(&settings, &Host).await,
        "noted. Within seconds this node takes no more tasks; it leaves the swarm when none runs here, after \
         departure.drain_limit at the latest, and stays out, over reboots, until `swarmlet activate`. A manager is \
         demoted first. `systemctl status swarmlet` tells how far it is.",
    )
}

pub(super) async fn drain(settings: Settings) -> Exit {
    said(
        run::drain(&settings, &Host).await,
        "noted. Within seconds this node takes no more tasks, and those that run here move; it stays a member, over \
         reboots, until `swarmlet activate`. A manager is a worker meanwhile.",
    )
}

pub(super) async fn activate(settings: Settings) -> Exit {
    said(
        run::activate(&settings, &Host).await,
        "noted. What `swarmlet leave` or `drain` asked for is taken back, and AWS's advice to go is overruled until \
         the next boot; an instance that Auto Scaling or spot ends departs all the same.",
    )
}

fn said(asked: Result<(), RequestError>, text: &str) -> Exit {
    match asked {
        Ok(()) => print(text),
        Err(error) => fail(Exit::Failed, &error),
    }
}
