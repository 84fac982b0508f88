//! Stacks by the `docker` command, and what it has no word for by the engine's API.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{Credential, Deployed, Deployment, HUB, Secret, StackError, Stacks};
use crate::EngineError;
use crate::api::Docker;
use crate::sentences::is_collision;
use host::command::{Command, Host, Output, Runner, Surroundings};
use host::file;
use protocol::stacks::Note;
use protocol::stacks::objects::{Kind, LocalNetwork, NetworkSetup};

/// The agent's sandbox lets it run this one program beside itself.
const PROGRAM: &str = "/usr/bin/docker";
/// Reading a file.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// Removing, and what deploying takes beside its services: what was done by then stays done, and the
/// next try goes on from there.
const DEPLOY_LIMIT: Duration = Duration::from_mins(2);
/// For each service Docker waits for its image's registry: 15 s and more where that does not answer
/// (moby/moby#42821), and twice that where there is a mirror as well.
const SERVICE_LIMIT: Duration = Duration::from_mins(1);
/// Docker's own name of Docker Hub among its passwords.
const HUB_SERVER: &str = "https://index.docker.io/v1/";
/// How `docker stack deploy` begins what it warns of, and which line of it says that it could not ask for
/// an image.
const WARNINGS: [&str; 2] = ["Ignoring ", "could not be accessed on a registry"];

/// How often the command is run again where it collides with an update.
const COLLISIONS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

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

    async fn local(&self) -> Result<Vec<LocalNetwork>, EngineError> {
        self.docker.local_networks().await
    }

    async fn has_containers(&self, network: &LocalNetwork) -> Result<bool, EngineError> {
        self.docker.has_containers(network).await
    }

    async fn is_of_one_machine(&self, driver: &str) -> Result<Option<bool>, EngineError> {
        self.docker.is_of_one_machine(driver).await
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

    async fn needs_version(&self) -> Result<bool, StackError> {
        Ok(!self.abilities().await?.config)
    }

    async fn resolve(&self, file: &str) -> Result<Option<String>, StackError> {
        if !self.abilities().await?.config {
            return Ok(None);
        }
        let output = self.run(&["config", "-c", "-"], file, READ_LIMIT).await?;
        if output.is_success() {
            return Ok(Some(output.stdout));
        }
        Err(StackError::Invalid(output.complaint()))
    }

    async fn deploy(&self, deployment: &Deployment<'_>) -> Result<Vec<String>, StackError> {
        // An image whose name did not change is not looked up again by default: a repeated deployment
        // changes nothing, whatever has become of a tag.
        let resolve = format!("--resolve-image={}", deployment.resolve.as_str());
        let mut words = vec!["deploy", "--with-registry-auth", "--prune", &resolve];
        if self.abilities().await?.detach {
            words.push("--detach=true");
        }
        words.extend(["-c", "-"]);
        let passwords = auths(deployment.credentials);
        let passwords = json!({"auths": passwords}).to_string();
        let own = &self.place.own;
        let _passwords = Own::put(own, "config.json", &passwords)?;
        let overlay = deployment
            .overlay
            .map(|text| Own::put(own, "names.json", text));
        let overlay = overlay.transpose()?;
        let overlay_path = overlay.as_ref().map(|file| file.0.display().to_string());
        if let Some(path) = &overlay_path {
            words.extend(["-c", path]);
        }
        words.push(deployment.name);
        let services = u32::try_from(deployment.services).unwrap_or(u32::MAX);
        let limit = SERVICE_LIMIT
            .saturating_mul(services)
            .saturating_add(DEPLOY_LIMIT);
        let mut output = self.run(&words, deployment.file, limit).await?;
        for _ in 0..COLLISIONS {
            if output.is_success() || !is_collision(&output.stderr) {
                break;
            }
            sleep(PAUSE).await;
            output = self.run(&words, deployment.file, limit).await?;
        }
        if !output.is_success() {
            return Err(StackError::Failed(output.complaint()));
        }
        Ok(warnings(&output.stderr))
    }

    async fn remove(&self, name: &str) -> Result<(), StackError> {
        let output = self.run(&["rm", name], "", DEPLOY_LIMIT).await?;
        if output.is_success() {
            return Ok(());
        }
        Err(StackError::Failed(output.complaint()))
    }

    async fn create_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        setup: &NetworkSetup,
    ) -> Result<(), EngineError> {
        self.docker.create_network(name, labels, setup).await
    }

    async fn remove_object(&self, kind: Kind, id: &str) -> Result<(), EngineError> {
        self.docker.remove_object(kind, id).await
    }

    async fn forget_image(&self, service_id: &str) -> Result<(), EngineError> {
        self.docker.forget_image(service_id).await
    }
}

/// What Docker says it leaves out, and which images it could not ask for.
fn warnings(complaint: &str) -> Vec<String> {
    let lines = complaint.lines().map(str::trim);
    let warned = lines.filter(|line| WARNINGS.iter().any(|warning| line.contains(warning)));
    warned.map(str::to_owned).collect()
}

fn server(host: &str) -> &str {
    if host == HUB { HUB_SERVER } else { host }
}

/// A file of the command's own folder, which may hold passwords: there while the command runs, and no
/// longer.
struct Own(PathBuf);

impl Own {
    fn put(folder: &Path, name: &str, text: &str) -> Result<Self, StackError> {
        let path = folder.join(name);
        let failed =
            |e: std::io::Error| StackError::Folder(path.display().to_string(), e.to_string());
        private(folder).map_err(failed)?;
        file::replace(&path, text.as_bytes(), 0o600).map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, file = %self.0.display(), "not removed, and may hold passwords");
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
