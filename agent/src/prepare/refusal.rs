//! Whether the engine takes a `daemon.json`, before it is written and after.
//!
//! What it refused once is not tried again before something of it changes: the file, the flags or the engine's program.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PrepareError;
use crate::config::Settings;
use docker::daemon_flags::DaemonFlags;
use docker::daemon_json::{DaemonJson, Plan};
use host::command::{Command, Runner};
use host::file;
use view::status::engine_trouble::Trouble;

/// In the state folder: what was written, what it replaced, and what was refused.
pub(super) const WRITTEN: &str = "daemon-written.json";
pub(super) const STARTED: &str = "daemon-started.json";
pub(super) const REFUSED: &str = "daemon-refused.json";
/// Of engines that know it (23.0), this takes about 70 ms.
const LIMIT: Duration = Duration::from_secs(10);

/// What became of a plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The file is as it is to be, and was before.
    Same,
    /// It may be written.
    Changed,
    /// The engine does not start with it, for this reason: the file stays as it was.
    Refused(String),
}

/// A file of ours, and what stood there before.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) before: Earlier,
}

/// A file as it was; with what was added to it then.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Earlier {
    pub(super) text: Option<String>,
    pub(super) added: Map<String, Value>,
}

impl Earlier {
    pub(super) fn read(file: &DaemonJson) -> Result<Self, PrepareError> {
        Ok(Self {
            text: read_text(file.path())?,
            added: file.added(),
        })
    }
}

/// A file of ours that the engine does not start with.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Refused {
    text: String,
    with: Circumstances,
    cause: String,
}

/// What may change a refusal.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Circumstances {
    command: Vec<String>,
    /// Size and time of the engine's program.
    program: Option<(u64, u64)>,
}

/// Looks whether the engine takes this, and notes what is going to be written.
pub(super) async fn judge(
    plan: &Plan,
    file: &DaemonJson,
    flags: &DaemonFlags,
    settings: &Settings,
    runner: &impl Runner,
) -> Result<Verdict, PrepareError> {
    let text = plan.text();
    if !plan.is_change() {
        forget(settings)?;
        return Ok(Verdict::Same);
    }
    let before = read::<Refused>(settings, REFUSED);
    let known = before.filter(|it| it.text == text && it.with == circumstances(flags, settings));
    let cause = match known {
        Some(refused) => Some(refused.cause),
        None => validate(&text, flags, settings, runner).await?,
    };
    if let Some(cause) = cause {
        refuse(text, cause.clone(), flags, settings)?;
        return Ok(Verdict::Refused(cause));
    }
    let before = Earlier::read(file)?;
    write(settings, WRITTEN, &Written { text, before })?;
    forget(settings)?;
    Ok(Verdict::Changed)
}

/// Remembers that the engine does not start with this.
pub(super) fn refuse(
    text: String,
    cause: String,
    flags: &DaemonFlags,
    settings: &Settings,
) -> Result<(), PrepareError> {
    let told =
        format!("it goes on with its earlier daemon.json, since it refuses the agent's: {cause}");
    let with = circumstances(flags, settings);
    write(settings, REFUSED, &Refused { text, with, cause })?;
    tell(Trouble::Refused, &told, settings)
}

/// Nothing is refused any more.
pub(super) fn forget(settings: &Settings) -> Result<(), PrepareError> {
    let path = settings.state_dir.join(REFUSED);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(PrepareError::file("remove", &path, &error));
        }
        _ => {}
    }
    let forgotten = Trouble::Refused.forget(&settings.runtime_dir);
    forgotten.map_err(|error| PrepareError::file("change", &settings.runtime_dir, &error))
}

/// Tells people who ask for the status.
pub(super) fn tell(trouble: Trouble, text: &str, settings: &Settings) -> Result<(), PrepareError> {
    let told = trouble.tell(&settings.runtime_dir, text);
    told.map_err(|error| PrepareError::file("change", &settings.runtime_dir, &error))
}

/// Why the engine would not start with this file; nothing where it would, or cannot tell.
async fn validate(
    text: &str,
    flags: &DaemonFlags,
    settings: &Settings,
    runner: &impl Runner,
) -> Result<Option<String>, PrepareError> {
    let path = state(settings, "daemon-tried.json")?;
    let written = file::replace_unflushed(&path, text.as_bytes(), 0o600);
    written.map_err(|error| PrepareError::file("write", &path, &error))?;
    let cause = complaint(&path, flags, runner).await;
    fs::remove_file(&path).map_err(|error| PrepareError::file("remove", &path, &error))?;
    Ok(cause)
}

/// What `dockerd --validate` says against a file (it is known since 23.0); nothing where it says nothing.
pub(super) async fn complaint(
    path: &Path,
    flags: &DaemonFlags,
    runner: &impl Runner,
) -> Option<String> {
    flags.program()?;
    let mut words = flags.command_without("config-file");
    words.insert(1, "--validate".to_owned());
    words.push(format!("--config-file={}", path.display()));
    let mut command = Command::new(words);
    command.limit = LIMIT;
    let output = match runner.run(&command).await {
        Ok(output) => output,
        Err(error) => {
            tracing::debug!(%error, "the engine does not say whether it takes its settings");
            return None;
        }
    };
    let cause = output.complaint();
    let is_unknown = cause.contains("unknown flag: --validate");
    let cause = cause.replace(&path.display().to_string(), "daemon.json");
    (!output.is_success() && !is_unknown).then_some(cause)
}

fn circumstances(flags: &DaemonFlags, settings: &Settings) -> Circumstances {
    let program = flags.program().map(|path| settings.host_path(path));
    let metadata = program.and_then(|path| fs::metadata(path).ok());
    let stamp = metadata.and_then(|metadata| {
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((metadata.len(), changed.as_secs()))
    });
    Circumstances {
        command: flags.command_without(""),
        program: stamp,
    }
}

/// A record of the state folder. A damaged one is none.
pub(super) fn read<T: for<'a> Deserialize<'a>>(settings: &Settings, name: &str) -> Option<T> {
    let bytes = fs::read(settings.state_dir.join(name)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What a file says, byte for byte as far as it is text; nothing where it is not there.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, PrepareError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PrepareError::file("read", path, &error)),
    }
}

pub(super) fn write(
    settings: &Settings,
    name: &str,
    what: &impl Serialize,
) -> Result<(), PrepareError> {
    let path = state(settings, name)?;
    let text = serde_json::to_vec(what);
    let text = text.map_err(|error| PrepareError::file("write", &path, &error))?;
    let written = file::replace(&path, &text, 0o600);
    written.map_err(|error| PrepareError::file("write", &path, &error))
}

fn state(settings: &Settings, name: &str) -> Result<PathBuf, PrepareError> {
    let folder = &settings.state_dir;
    fs::create_dir_all(folder).map_err(|error| PrepareError::file("make", folder, &error))?;
    Ok(folder.join(name))
}
