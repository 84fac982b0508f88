//! The engine label that says that this node departs, at the agent's request.

use std::fs;
use std::io::ErrorKind;

use super::PrepareError;
use super::daemon_json::daemon_json;
use crate::config::Settings;
use docker::api::ANNOUNCEMENT;
use docker::daemon_flags::DaemonFlags;
use host::command::Runner;

/// Takes the agent's request and puts it into `daemon.json`, which the unit then has the engine
/// read again. The request is taken by a rename: one that comes meanwhile is not lost.
pub async fn announce(settings: &Settings, runner: &impl Runner) -> Result<(), PrepareError> {
    let request = settings.runtime_dir.join(ANNOUNCEMENT);
    let taken = settings.runtime_dir.join(format!("{ANNOUNCEMENT}.taken"));
    match fs::rename(&request, &taken) {
        // A crash may have come between.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        renamed => renamed.map_err(|error| PrepareError::file("take", &request, &error))?,
    }
    let text = match fs::read_to_string(&taken) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| PrepareError::file("read", &taken, &error))?,
    };
    // What is no time says that the node departs all the same.
    let deadline = match text.trim() {
        "" => None,
        text => Some(text.parse().unwrap_or_default()),
    };
    let flags = DaemonFlags::look(runner, &settings.root).await?;
    if daemon_json(settings, &flags).announce(deadline, &flags)? {
        tracing::info!(departing = deadline, "engine label written");
    }
    fs::remove_file(&taken).map_err(|error| PrepareError::file("remove", &taken, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::command::scripted::Scripted;

    #[tokio::test]
    async fn a_request_is_taken_once_and_may_be_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let settings = Settings {
            root: root.path().to_owned(),
            runtime_dir: root.path().join("run"),
            state_dir: root.path().join("state"),
            ..Settings::default()
        };
        fs::create_dir(&settings.runtime_dir).unwrap();
        let daemon = || fs::read_to_string(root.path().join("etc/docker/daemon.json"));
        let host = Scripted::default();
        announce(&settings, &host).await.unwrap();
        assert!(daemon().is_err(), "nothing was asked for");
        for (request, expected) in [("17", true), ("", false), ("soon", true)] {
            fs::write(settings.runtime_dir.join(ANNOUNCEMENT), request).unwrap();
            announce(&settings, &host).await.unwrap();
            let text = daemon().unwrap();
            assert_eq!(text.contains("swarmlet.departing="), expected, "{text}");
            assert_eq!(fs::read_dir(&settings.runtime_dir).unwrap().count(), 0);
        }
        fs::write(settings.runtime_dir.join("departing.taken"), "18").unwrap();
        announce(&settings, &host).await.unwrap();
        assert!(daemon().unwrap().contains("swarmlet.departing=18"));
    }
}
