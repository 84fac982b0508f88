//! Room on the disks, and whether the state folder can be written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::engine::Facts as Engine;
use super::{Finding, Grade};
use crate::config::Settings;

const CONCERN: &str = "disk";
const MIB: u64 = 1024 * 1024;
/// The agent's own files are some KiB, but raft and images grow.
const STATE_NEEDS: u64 = 4 * MIB;
const ENGINE_NEEDS: u64 = 256 * MIB;
/// What an engine should have to pull its next image.
const ENGINE_WANTS: u64 = 2048 * MIB;

/// One folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Room {
    what: &'static str,
    path: PathBuf,
    needs: u64,
    wants: u64,
    /// Bytes and files that are free, and files that there can be; or why that cannot be told.
    free: Result<(u64, u64, u64), String>,
    /// Why it cannot be written, if that was tried.
    unwritable: Option<String>,
}

pub(super) fn gather(settings: &Settings, engine: &Engine) -> Vec<Room> {
    let data = engine.data_root().unwrap_or("/var/lib/docker");
    let state = &settings.state_dir;
    let mut rooms = vec![
        room(
            "state folder",
            state,
            (STATE_NEEDS, STATE_NEEDS),
            write(state),
        ),
        room(
            "engine",
            &settings.host_path(data),
            (ENGINE_NEEDS, ENGINE_WANTS),
            None,
        ),
    ];
    // The engine does not say where; this is containerd's default, which no distribution's package changes.
    if engine.in_containerd() {
        let images = settings.host_path(Path::new("/var/lib/containerd"));
        rooms.push(room("images", &images, (ENGINE_NEEDS, ENGINE_WANTS), None));
    }
    rooms
}

fn room(
    what: &'static str,
    path: &Path,
    (needs, wants): (u64, u64),
    unwritable: Option<String>,
) -> Room {
    Room {
        what,
        path: path.to_owned(),
        needs,
        wants,
        free: free(path),
        unwritable,
    }
}

/// Of the folder, or of where it will be made.
fn free(path: &Path) -> Result<(u64, u64, u64), String> {
    let there = path
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(there).map_err(|error| error.to_string())?;
    Ok((stat.f_bavail * stat.f_frsize, stat.f_favail, stat.f_files))
}

/// Writes a file as the agent would, and takes it away.
fn write(folder: &Path) -> Option<String> {
    let probe = folder.join("doctor.probe");
    let written = host::file::replace(&probe, &[b'x'; 4096], 0o600);
    let _ = std::fs::remove_file(&probe);
    match written {
        // It is made when the agent starts.
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        written => written.err().map(|error| error.to_string()),
    }
}

pub(super) fn findings(rooms: &[Room]) -> Vec<Finding> {
    rooms.iter().map(finding).collect()
}

fn finding(room: &Room) -> Finding {
    let path = room.path.display();
    let found =
        |grade, seen: String| Finding::new(CONCERN, room.what, grade, format!("{path}: {seen}"));
    let advice = format!("free some, or give the file system of {path} more room: `df -h {path}`");
    if let Some(error) = &room.unwritable {
        return found(Grade::Fail, format!("cannot be written: {error}")).advise(advice);
    }
    match &room.free {
        Err(error) => found(
            Grade::Skipped,
            format!("cannot tell the free space: {error}"),
        ),
        Ok((bytes, files, all)) => {
            let seen = format!("{} MiB free", bytes / MIB);
            // Some file systems do not count files.
            if *all > 0 && *files < 100 {
                return found(Grade::Fail, format!("{files} files can be made yet"))
                    .advise(format!("remove files: `df -i {path}`"));
            }
            match *bytes {
                bytes if bytes < room.needs => found(Grade::Fail, seen).advise(advice),
                bytes if bytes < room.wants => found(Grade::Warn, seen).advise(advice),
                _ => found(Grade::Ok, seen),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_enough_short_or_none() {
        let with = |free, unwritable: Option<&str>| Room {
            what: "engine",
            path: "/var/lib/docker".into(),
            needs: 10 * MIB,
            wants: 100 * MIB,
            free,
            unwritable: unwritable.map(str::to_owned),
        };
        let plenty = Ok((200 * MIB, 5000, 10_000));
        for (room, grade) in [
            (with(plenty.clone(), None), Grade::Ok),
            (with(Ok((200 * MIB, 0, 0)), None), Grade::Ok),
            (with(Ok((50 * MIB, 5000, 10_000)), None), Grade::Warn),
            (with(Ok((5 * MIB, 5000, 10_000)), None), Grade::Fail),
            (with(Ok((200 * MIB, 5, 10_000)), None), Grade::Fail),
            (with(plenty, Some("No space left on device")), Grade::Fail),
            (with(Err("x".into()), None), Grade::Skipped),
        ] {
            let found = finding(&room);
            assert_eq!(found.grade, grade, "{found:?}");
            assert_eq!(
                found.advice.is_some(),
                [Grade::Warn, Grade::Fail].contains(&grade)
            );
        }
    }

    #[test]
    fn a_folder_is_tried_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write(folder.path()), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(write(&folder.path().join("absent")), None);
        assert!(free(&folder.path().join("absent/deep")).unwrap().0 > 0);
    }
}
