//! Stacks by the `docker` command, and what it has no word for by the engine's API.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Credential, Deployed, HUB, Secret, StackError, Stacks};
use crate::command::{Command, Host, Output, Runner, Surroundings};
use crate::engine::EngineError;
use crate::engine::docker::Docker;
use crate::file;
use crate::swarm::stacks::Note;

/// The agent's sandbox lets it run this one program beside itself.
const PROGRAM: &str = "/usr/bin/docker";
/// Reading a file.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// Deploying: what was done by then stays done, and the next try goes on from there.
const DEPLOY_LIMIT: Duration = Duration::from_secs(30);
/// Docker's own name of Docker Hub among its passwords.
const HUB_SERVER: &str = "https://index.docker.io/v1/";
/// How `docker stack deploy` says that it could not ask for an image.
const UNRESOLVED: &str = "could not be accessed on a registry";

/// What the installed command knows; older ones know less.
#[derive(Clone, Copy, Debug)]
struct Abilities {
    config: bool,
    detach: bool,
}

/// Where the command runs and what it is told of its surroundings.
#[derive(Clone, Debug)]
pub struct Place {
    /// The engine's socket.
    pub socket: PathBuf,
    /// The command's own folder, which nobody else may look into; made when it is needed.
    pub own: PathBuf,
    /// What relative names in a stack's file start from.
    pub files: PathBuf,
    /// What a stack's file can refer to as a variable.
    pub variables: Vec<(&'static str, String)>,
}

/// The `docker` command of this host.
#[derive(Debug)]
pub struct Cli<R = Host> {
    docker: Docker,
    place: Place,
    runner: R,
    abilities: OnceCell<Abilities>,
}

impl<R: Runner> Cli<R> {
    /// A command that is run by `runner`; nothing is run yet.
    pub fn new(docker: Docker, place: Place, runner: R) -> Self {
        Self {
            docker,
            place,
            runner,
            abilities: OnceCell::new(),
        }
    }

    async fn run(&self, words: &[&str], file: &str, limit: Duration) -> Result<Output, StackError> {
        let mut env = self.place.variables.clone();
        env.extend([
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("HOME", self.place.own.display().to_string()),
            ("DOCKER_CONFIG", self.place.own.display().to_string()),
            (
                "DOCKER_HOST",
                format!("unix://{}", self.place.socket.display()),
            ),
        ]);
        let folder = &self.place.files;
        let folder = if folder.is_dir() {
            folder
        } else {
            Path::new("/")
        };
        let surroundings = Surroundings {
            folder: folder.to_owned(),
            env,
            input: file.to_owned(),
        };
        let command = Command {
            limit,
            surroundings: Some(surroundings),
            ..Command::new([&[PROGRAM, "stack"], words].concat())
        };
        Ok(self.runner.run(&command).await?)
    }

    async fn abilities(&self) -> Result<Abilities, StackError> {
        if let Some(known) = self.abilities.get() {
            return Ok(*known);
        }
        let config = self.run(&["config", "--help"], "", READ_LIMIT).await?;
        let deploy = self.run(&["deploy", "--help"], "", READ_LIMIT).await?;
        let known = Abilities {
            config: config.stdout.contains("docker stack config"),
            detach: deploy.stdout.contains("--detach"),
        };
        Ok(*self.abilities.get_or_init(|| known))
    }
}

impl<R: Runner> Stacks for Cli<R> {
    async fn deployed(&self) -> Result<Deployed, EngineError> {
        self.docker.stacks().await
    }

    async fn note(&self, name: &str, note: Option<&Note>) -> Result<(), EngineError> {
        let value = note.map(ToString::to_string);
        self.docker.note_stack(name, value).await
    }

    async fn login(&self, credential: &Credential) -> Result<(), EngineError> {
        match &credential.secret {
            Secret::Password { user, password } => {
                let server = server(&credential.host);
                self.docker.login(server, user, password).await
            }
            // AWS has just made it.
            Secret::Encoded(_) => Ok(()),
        }
    }

    async fn resolve(&self, file: &str) -> Result<String, StackError> {
        if !self.abilities().await?.config {
            return Ok(file.to_owned());
        }
        let output = self.run(&["config", "-c", "-"], file, READ_LIMIT).await?;
        if output.is_success() {
            return Ok(output.stdout);
        }
        Err(StackError::Invalid(output.complaint()))
    }

    async fn deploy(
        &self,
        name: &str,
        file: &str,
        credentials: &[Credential],
    ) -> Result<Vec<String>, StackError> {
        let mut words = vec!["deploy", "--with-registry-auth", "--prune"];
        // An image whose name did not change is not looked up again: a repeated deployment changes
        // nothing, whatever has become of a tag.
        words.push("--resolve-image=changed");
        if self.abilities().await?.detach {
            words.push("--detach=true");
        }
        words.extend(["-c", "-", name]);
        let passwords = Passwords::put(&self.place.own, credentials)?;
        let output = self.run(&words, file, DEPLOY_LIMIT).await;
        drop(passwords);
        let output = output?;
        if !output.is_success() {
            return Err(StackError::Failed(output.complaint()));
        }
        let warnings = output.stderr.lines().filter(|l| l.contains(UNRESOLVED));
        Ok(warnings.map(|line| line.trim().to_owned()).collect())
    }

    async fn remove(&self, name: &str) -> Result<(), StackError> {
        let output = self.run(&["rm", name], "", DEPLOY_LIMIT).await?;
        if output.is_success() {
            return Ok(());
        }
        Err(StackError::Failed(output.complaint()))
    }
}

fn server(host: &str) -> &str {
    if host == HUB { HUB_SERVER } else { host }
}

/// The command's `config.json` with passwords in it: there while the command runs, and no longer.
struct Passwords(PathBuf);

impl Passwords {
    fn put(folder: &Path, credentials: &[Credential]) -> Result<Self, StackError> {
        let path = folder.join("config.json");
        let failed =
            |e: std::io::Error| StackError::Folder(path.display().to_string(), e.to_string());
        private(folder).map_err(failed)?;
        let text = json!({"auths": auths(credentials)}).to_string();
        file::replace(&path, text.as_bytes(), 0o600).map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, file = %self.0.display(), "passwords not removed");
        }
    }
}

/// Makes a folder that only its owner can enter.
fn private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

fn auths(credentials: &[Credential]) -> Map<String, Value> {
    let auth = |credential: &Credential| match &credential.secret {
        Secret::Password { user, password } => {
            json!({"username": user, "password": password.expose_secret()})
        }
        Secret::Encoded(both) => json!({"auth": both.expose_secret()}),
    };
    let entries = credentials.iter();
    entries
        .map(|credential| (server(&credential.host).to_owned(), auth(credential)))
        .collect()
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
