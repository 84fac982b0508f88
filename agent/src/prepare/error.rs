//! Why a host could not be readied.

use std::fmt::Display;
use std::path::Path;

use thiserror::Error;

use crate::identity::IdentifyError;
use docker::daemon_json::DaemonJsonError;
use docker::install::InstallError;
use host::command::CommandError;

/// Why a host could not be readied.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum PrepareError {
    /// The node cannot tell who it is.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// The engine's own settings.
    #[error(transparent)]
    DaemonJson(#[from] DaemonJsonError),
    /// The engine's packages.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// A command did not run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The service manager refused.
    #[error("cannot {verb} {unit}: {cause}")]
    Service {
        /// What it was asked to do.
        verb: &'static str,
        /// With what.
        unit: &'static str,
        /// What it says.
        cause: String,
    },
    /// The engine does not start with the settings, and goes on with its earlier ones.
    #[error(
        "cannot use the engine's settings: {0}; mend engine.daemon, daemon.json or the engine's flags, then \
         `systemctl restart swarmlet-prepare`"
    )]
    Refused(String),
    /// The engine did not start with a file of ours.
    #[error("cannot start the engine with the agent's daemon.json: {0}; the earlier file is back")]
    PutBack(String),
    /// The engine did not start, and no earlier file is there to try.
    #[error("cannot start the engine: {0}")]
    EngineDown(String),
    /// A file of the host.
    #[error("cannot {verb} {path}: {cause}")]
    File {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        cause: String,
    },
}

impl PrepareError {
    /// Whether trying again is useless until a person has changed something.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Identify(error) => error.is_terminal(),
            Self::DaemonJson(error) => error.is_terminal(),
            Self::Install(error) => error.is_terminal(),
            Self::Refused(_) => true,
            Self::Command(_)
            | Self::Service { .. }
            | Self::File { .. }
            | Self::PutBack(_)
            | Self::EngineDown(_) => false,
        }
    }

    pub(super) fn file(verb: &'static str, path: &Path, cause: &impl Display) -> Self {
        Self::File {
            verb,
            path: path.display().to_string(),
            cause: cause.to_string(),
        }
    }
}
