//! What is wanted of one machine, and the thread that brings it there.

use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::rest::{Exit, Rest};
use crate::aws;
use crate::machine::{Machine, Shutdown};
use crate::paths::Paths;
use crate::terminal::say;

const STEP: Duration = Duration::from_millis(50);
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// EC2 is patient with a shutdown too, before it pulls the plug.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the control plane says a machine should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// On; `boots` counts the reboots asked for.
    On {
        /// Reboots so far.
        boots: u64,
    },
    /// Off, its disk kept.
    Off,
    /// Off and deleted.
    Gone,
}

/// Carries what is wanted from the control plane's thread to the machine's.
#[derive(Clone, Debug)]
pub(super) struct Wish(Arc<Mutex<Wanted>>);

impl Wish {
    /// A first wish.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self(Arc::new(Mutex::new(wanted)))
    }

    /// Wants something else from now on.
    pub(super) fn set(&self, wanted: Wanted) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = wanted;
    }

    fn get(&self) -> Wanted {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// One machine's thread.
pub(super) struct Keeper {
    pub paths: Paths,
    pub id: String,
    pub machine: Machine,
    pub wish: Wish,
    pub on: Option<On>,
    pub rest: Rest,
}

/// A machine that is on.
pub(super) struct On {
    child: Child,
    since: Instant,
    boots: u64,
}

impl Keeper {
    /// Keeps the machine until it is gone.
    pub(super) fn keep(mut self) {
        loop {
            match self.step() {
                Ok(false) => thread::sleep(STEP),
                Ok(true) => return,
                Err(error) => {
                    self.tell(&format!("{error:#}"));
                    thread::sleep(AFTER_ERROR);
                }
            }
        }
    }

    /// One look and at most one deed; true when nothing is left to keep.
    fn step(&mut self) -> Result<bool> {
        let wanted = self.wish.get();
        match (wanted, self.on.take()) {
            (Wanted::On { boots }, Some(on)) => self.on = self.watch(on, boots)?,
            (Wanted::On { boots }, None) if self.rest.may_boot(boots) => self.boot(boots)?,
            (Wanted::On { .. }, None) => {}
            (Wanted::Off | Wanted::Gone, Some(on)) => self.go_down(on, Shutdown::PowerOff)?,
            (Wanted::Off, None) => self.rest = Rest::default(),
            (Wanted::Gone, None) => {
                self.machine.destroy()?;
                self.tell("gone");
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn boot(&mut self, boots: u64) -> Result<()> {
        self.tell("boot");
        self.on = Some(On {
            child: self.machine.boot()?,
            since: Instant::now(),
            boots,
        });
        Ok(())
    }

    /// Looks at a machine that is on and should be; what is still on comes back.
    fn watch(&mut self, mut on: On, boots: u64) -> Result<Option<On>> {
        if let Some(status) = on.child.try_wait()? {
            return self.went_off(on, status).map(|()| None);
        }
        if boots > on.boots {
            return self.go_down(on, Shutdown::Reboot).map(|()| None);
        }
        Ok(Some(on))
    }

    /// A machine went off by itself.
    fn went_off(&mut self, mut on: On, status: ExitStatus) -> Result<()> {
        let exit = Exit::from(status);
        self.tell(&format!("off by itself: {exit:?} ({status})"));
        self.machine.cut_power(&mut on.child)?;
        self.rest.after(exit, on.since.elapsed(), on.boots);
        if exit == Exit::PoweredOff {
            // As an instance with the default shutdown behaviour: the state becomes stopped.
            aws::stop_instance(&self.paths, &self.id)?;
        }
        Ok(())
    }

    fn go_down(&mut self, mut on: On, how: Shutdown) -> Result<()> {
        let started = Instant::now();
        self.machine.shut_down(&mut on.child, how, PATIENCE)?;
        self.tell(&format!(
            "{how:?}: down in {:.1} s",
            started.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    fn tell(&self, what: &str) {
        say(format_args!("{}: {what}", self.id));
    }
}
