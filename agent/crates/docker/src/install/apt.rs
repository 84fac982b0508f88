//! Debian, Ubuntu and their kin.

use std::time::Duration;

use super::{Failure, InstallError, PackageManager, RUN_LIMIT, persist};
use host::command::{Command, Output, Runner};

/// No questions, and messages in the language they are matched in.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("DEBIAN_PRIORITY", "critical"),
    ("NEEDRESTART_SUSPEND", "1"),
    ("LC_ALL", "C.UTF-8"),
];

/// `apt-get`.
#[derive(Debug)]
pub struct Apt<'a, R> {
    runner: &'a R,
}

impl<'a, R: Runner> Apt<'a, R> {
    /// `apt-get`, run by `runner`.
    pub fn new(runner: &'a R) -> Self {
        Self { runner }
    }

    /// Refreshes the lists and installs. Lists that cannot be refreshed (one broken repository
    /// among several) are no reason not to try.
    async fn attempt(&self, packages: &[String]) -> Result<(), Failure> {
        let refreshed = self
            .run(&[
                "apt-get",
                "--quiet",
                "-o",
                "Acquire::Retries=3",
                "-o",
                "APT::Update::Error-Mode=any",
                "update",
            ])
            .await?;
        let mut install = vec![
            "apt-get",
            "--quiet",
            "--yes",
            "--no-install-recommends",
            "--no-remove",
            "-o",
            "Acquire::Retries=3",
            "-o",
            "DPkg::Lock::Timeout=300",
            "-o",
            "Dpkg::Options::=--force-confdef",
            "-o",
            "Dpkg::Options::=--force-confold",
            "install",
        ];
        install.extend(packages.iter().map(String::as_str));
        let installed = self.run(&install).await?;
        if installed.is_success() {
            return Ok(());
        }
        if installed.stderr.contains("dpkg was interrupted") {
            self.run(&[
                "dpkg",
                "--force-confdef",
                "--force-confold",
                "--configure",
                "-a",
            ])
            .await?;
        }
        Err(sort(&refreshed, &installed))
    }

    async fn run(&self, argv: &[&str]) -> Result<Output, Failure> {
        let command = Command {
            env: ENVIRONMENT.to_vec(),
            limit: RUN_LIMIT,
            ..Command::new(argv)
        };
        self.runner
            .run(&command)
            .await
            .map_err(|error| Failure::Passing(error.to_string()))
    }
}

/// A package that is missing from lists that could not be refreshed may well exist.
fn sort(refreshed: &Output, installed: &Output) -> Failure {
    if !refreshed.is_success() {
        return Failure::Passing(format!(
            "{}; {}",
            refreshed.complaint(),
            installed.complaint()
        ));
    }
    let missing = ["Unable to locate package", "has no installation candidate"];
    if missing.iter().any(|words| installed.stderr.contains(words)) {
        return Failure::NoSuchPackage(installed.complaint());
    }
    Failure::Passing(installed.complaint())
}

impl<R: Runner> PackageManager for Apt<'_, R> {
    async fn install(&self, packages: &[String], patience: Duration) -> Result<(), InstallError> {
        persist(packages, patience, async || self.attempt(packages).await).await
    }
}
