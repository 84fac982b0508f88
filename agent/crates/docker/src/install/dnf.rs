//! Amazon Linux, Fedora and their kin.

use std::time::Duration;

use super::{Failure, InstallError, PackageManager, RUN_LIMIT, persist};
use host::command::{Command, Output, Runner};

/// What dnf 4 and dnf 5 say of a package that no repository has.
const MISSING: [&str; 2] = ["Unable to find a match", "No match for argument"];

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

    /// Tries it with fresh lists of all repositories, so that a package they do not have does not
    /// exist. Then with those that can be reached: one broken repository among several is no
    /// reason not to try. Which of the two is an image's default differs: told to pass over a
    /// repository, dnf calls a package missing that it only could not look for.
    async fn attempt(&self, packages: &[String]) -> Result<(), Failure> {
        let all = self
            .run(
                &["--refresh", "--setopt=*.skip_if_unavailable=False"],
                packages,
            )
            .await?;
        if all.is_success() {
            return Ok(());
        }
        if MISSING.iter().any(|words| all.stderr.contains(words)) {
            return Err(Failure::NoSuchPackage(all.complaint()));
        }
        let reachable = self
            .run(&["--setopt=*.skip_if_unavailable=True"], packages)
            .await?;
        if reachable.is_success() {
            return Ok(());
        }
        Err(Failure::Passing(all.complaint()))
    }

    /// Not quiet: then dnf would not tell what it met at a repository's address.
    async fn run(&self, options: &[&str], packages: &[String]) -> Result<Output, Failure> {
        let mut argv = vec![
            "dnf",
            "--assumeyes",
            "--setopt=install_weak_deps=False",
            "--setopt=retries=3",
            "--setopt=timeout=30",
        ];
        argv.extend(options);
        argv.push("install");
        argv.extend(packages.iter().map(String::as_str));
        let command = Command {
            env: vec![("LC_ALL", "C.UTF-8")],
            limit: RUN_LIMIT,
            ..Command::new(argv)
        };
        self.runner
            .run(&command)
            .await
            .map_err(|error| Failure::Passing(error.to_string()))
    }
}

impl<R: Runner> PackageManager for Dnf<'_, R> {
    async fn install(&self, packages: &[String], patience: Duration) -> Result<(), InstallError> {
        persist(packages, patience, async || self.attempt(packages).await).await
    }
}
