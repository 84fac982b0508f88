//! Installs the engine and the Compose plugin from the distribution's packages.

mod apt;
mod distribution;
mod dnf;
mod hold;

use std::path::Path;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, sleep};

use host::backoff::Backoff;
use host::command::Runner;

pub use apt::Apt;
pub use distribution::{Distribution, Family, Packages};
pub use dnf::Dnf;
pub use hold::Hold;

/// How long package managers are tried again: a first boot shares locks and mirrors with others.
pub const PATIENCE: Duration = Duration::from_mins(15);
/// How long one run of a package manager may take.
const RUN_LIMIT: Duration = Duration::from_mins(20);
const FIRST_GAP: Duration = Duration::from_secs(2);
const LONGEST_GAP: Duration = Duration::from_secs(30);

/// Where distributions put the engine.
const ENGINES: [&str; 4] = [
    "usr/bin/dockerd",
    "usr/sbin/dockerd",
    "usr/local/bin/dockerd",
    "usr/local/sbin/dockerd",
];
/// Where they put the Compose plugin.
const PLUGINS: [&str; 4] = [
    "usr/libexec/docker/cli-plugins/docker-compose",
    "usr/lib/docker/cli-plugins/docker-compose",
    "usr/local/libexec/docker/cli-plugins/docker-compose",
    "usr/local/lib/docker/cli-plugins/docker-compose",
];

/// Why the engine could not be installed.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum InstallError {
    /// No package names are known for this distribution.
    #[error(
        "cannot install Docker: no package of {0} is known to have it; install it in the image, or name the \
         packages in engine.packages"
    )]
    UnknownDistribution(String),
    /// There is no engine and installing is switched off.
    #[error(
        "cannot find Docker Engine on this image and engine.install is off; install it in the image, or set \
         engine.install = true"
    )]
    SwitchedOff,
    /// The repositories can be read and do not have a package.
    #[error(
        "cannot install {packages}: {cause}; add the repository that has them to the image, or name other packages \
         in engine.packages"
    )]
    NoSuchPackage {
        /// What was asked for.
        packages: String,
        /// What the package manager says.
        cause: String,
    },
    /// All attempts failed.
    #[error("cannot install {packages}: {cause} (tried for {} s)", tried.as_secs())]
    Failed {
        /// What was asked for.
        packages: String,
        /// What the last attempt met.
        cause: String,
        /// For how long.
        tried: Duration,
    },
    /// The host's files.
    #[error("cannot {verb} {path}: {cause}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        cause: String,
    },
}

impl InstallError {
    /// Whether a person has to change the image or the settings.
    pub fn is_terminal(&self) -> bool {
        !matches!(self, Self::Failed { .. } | Self::Io { .. })
    }
}

/// Whether the engine is there.
pub fn has_engine(root: &Path) -> bool {
    ENGINES.iter().any(|path| root.join(path).exists())
}

/// Whether the Compose plugin is there.
pub fn has_compose(root: &Path) -> bool {
    PLUGINS.iter().any(|path| root.join(path).exists())
}

/// Why one attempt failed: another one may help, or not.
enum Failure {
    Passing(String),
    NoSuchPackage(String),
}

/// A distribution's package manager.
pub trait PackageManager {
    /// Installs packages without asking anybody, removing nothing and starting nothing for it.
    /// Locks are waited for and failing mirrors tried again, for as long as `patience`.
    async fn install(&self, packages: &[String], patience: Duration) -> Result<(), InstallError>;
}

/// Installs packages with the package manager of `family`.
pub async fn install(
    family: Family,
    runner: &impl Runner,
    packages: &[String],
    patience: Duration,
) -> Result<(), InstallError> {
    match family {
        Family::Apt => Apt::new(runner).install(packages, patience).await,
        Family::Dnf => Dnf::new(runner).install(packages, patience).await,
    }
}

/// Repeats an attempt, with growing gaps, until it succeeds, is hopeless, or patience ends.
async fn persist(
    packages: &[String],
    patience: Duration,
    attempt: impl AsyncFn() -> Result<(), Failure>,
) -> Result<(), InstallError> {
    let begun = Instant::now();
    let mut gaps = Backoff::new(FIRST_GAP, LONGEST_GAP);
    loop {
        let cause = match attempt().await {
            Ok(()) => return Ok(()),
            Err(Failure::NoSuchPackage(cause)) => {
                return Err(InstallError::NoSuchPackage {
                    packages: packages.join(" "),
                    cause,
                });
            }
            Err(Failure::Passing(cause)) => cause,
        };
        let gap = gaps.next_gap();
        if begun.elapsed() + gap >= patience {
            let (packages, tried) = (packages.join(" "), begun.elapsed());
            return Err(InstallError::Failed {
                packages,
                cause,
                tried,
            });
        }
        // The cause is in the text: for minutes it is all that a person can see.
        tracing::warn!("cannot install packages yet, trying again in {gap:.0?}: {cause}");
        sleep(gap).await;
    }
}

#[cfg(test)]
mod tests;
