//! Amazon Linux, Fedora and their kin.

use std::time::Duration;

use super::{Failure, InstallError, PackageManager, RUN_LIMIT, persist};
use crate::command::{Command, Runner};

/// `dnf`. It waits for its own lock.
#[derive(Debug)]
pub struct Dnf<'a, R> {
    runner: &'a R,
}

impl<'a, R: Runner> Dnf<'a, R> {
    /// `dnf`, run by `runner`.
    pub fn new(runner: &'a R) -> Self {
        Self { runner }
    }

    async fn attempt(&self, packages: &[String]) -> Result<(), Failure> {
        let mut argv = vec![
            "dnf",
            "--quiet",
            "--assumeyes",
            "--setopt=install_weak_deps=False",
            "--setopt=retries=3",
            "--setopt=timeout=30",
            "install",
        ];
        argv.extend(packages.iter().map(String::as_str));
        let command = Command {
            env: vec![("LC_ALL", "C.UTF-8")],
            limit: RUN_LIMIT,
            ..Command::new(argv)
        };
        let output = self.runner.run(&command).await;
        let output = output.map_err(|error| Failure::Passing(error.to_string()))?;
        let missing = ["Unable to find a match", "No match for argument"];
        match output.is_success() {
            true => Ok(()),
            false if missing.iter().any(|words| output.stderr.contains(words)) => {
                Err(Failure::NoSuchPackage(output.complaint()))
            }
            false => Err(Failure::Passing(output.complaint())),
        }
    }
}

impl<R: Runner> PackageManager for Dnf<'_, R> {
    async fn install(&self, packages: &[String], patience: Duration) -> Result<(), InstallError> {
        persist(packages, patience, async || self.attempt(packages).await).await
    }
}
