//! Asking for a restart of the engine, with its swarm state or without.
//!
//! The agent has no capability, starts no program and may not talk to systemd: it leaves a
//! file, which `swarmlet-restart-engine.path` or `swarmlet-clear-swarm.path` waits for.

use std::path::Path;

use tokio::fs;

use crate::EngineError;

/// The same name is in `systemd/swarmlet-restart-engine.path` and `.service`.
pub(super) const RESTART: &str = "restart-engine";
/// The same name is in `systemd/swarmlet-clear-swarm.path`.
pub const CLEAR: &str = "clear-swarm";

/// Leaves the file. One that is still there has not been answered yet; it says the same.
pub(super) async fn ask(runtime_dir: &Path, file: &str) -> Result<(), EngineError> {
    let path = runtime_dir.join(file);
    let written = fs::write(&path, "").await;
    written.map_err(|error| EngineError::Unasked(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_is_there_after_one_request_or_two() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["restart-engine", "clear-swarm"] {
            for _ in 0..2 {
                assert_eq!(ask(folder.path(), name).await, Ok(()));
                assert!(folder.path().join(name).exists());
            }
        }
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_left_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent");
        let error = ask(&absent, RESTART).await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("cannot ask for a restart of the Docker Engine: "),
            "{message}"
        );
        assert!(message.contains("restart-engine"), "{message}");
    }
}
