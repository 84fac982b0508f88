//! What is put into a folder, told at once (`inotify(7)`).

use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::net::unix::pipe::Receiver;

/// A watch of one folder, not of those in it. The kernel's words are read as from a pipe: waited for, and then taken.
#[derive(Debug)]
pub struct FolderWatch(Receiver);

impl FolderWatch {
    /// Begins to watch. Fails where the folder is missing, or the kernel has no more watches for this user.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // Files are never half written here: each comes by a rename.
        inotify::add_watch(&fd, folder, WatchFlags::MOVED_TO | WatchFlags::ONLYDIR)?;
        Ok(Self(Receiver::from_owned_fd_unchecked(fd)?))
    }

    /// Waits until a file is put there, or has been since the last wait.
    pub async fn changed(&self) -> io::Result<()> {
        loop {
            self.0.readable().await?;
            if self.take()? {
                return Ok(());
            }
        }
    }

    /// Takes all that is told; whether that is anything. What it is does not matter: the files are looked at.
    fn take(&self) -> io::Result<bool> {
        let mut told = false;
        let mut events = [0_u8; 4096];
        loop {
            match self.0.try_read(&mut events) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => told = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(told),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::file;

    const SOON: Duration = Duration::from_secs(5);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn each_file_that_is_put_there_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatch::new(folder.path()).unwrap();
        assert!(
            timeout(SHORT, watch.changed()).await.is_err(),
            "nothing is there"
        );
        let path = folder.path().join("f");
        for _ in 0..2 {
            file::replace(&path, b"1", 0o600).unwrap();
            timeout(SOON, watch.changed())
                .await
                .expect("in time")
                .unwrap();
            assert!(timeout(SHORT, watch.changed()).await.is_err(), "it is told");
        }
        let waits = timeout(SOON, watch.changed());
        let puts = async { file::replace(&path, b"2", 0o600) };
        let (told, put) = tokio::join!(waits, puts);
        put.unwrap();
        told.expect("in time").unwrap();
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        assert!(FolderWatch::new(Path::new("/nonexistent")).is_err());
    }
}
