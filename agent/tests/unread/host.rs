//! What a command needs around it: folders of its own, a service manager that says "active", instance metadata.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

const AGENT: &str = env!("CARGO_BIN_EXE_swarmlet");
/// What an agent has left for `status --boot`.
const STATUS: &str = r#"{
    "at": 0, "version": "0", "instance_id": "i-0123456789abcdef0", "cluster": "demo", "role": "worker",
    "action": "serve", "reason": "member", "text": "in the swarm", "serving": true, "facts": null,
    "trouble": null, "epoch": null, "claim": null, "ticket": null, "decisions": []
}"#;

/// Where a command's output goes.
#[derive(Clone, Copy)]
pub(crate) enum To {
    /// It is kept.
    Kept,
    /// Into a pipe that has no reader.
    Nobody,
    /// A device that has no space.
    FullDisk,
}

impl To {
    fn stdio(self) -> Stdio {
        match self {
            Self::Kept => Stdio::piped(),
            Self::Nobody => {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                drop(reader);
                writer.into()
            }
            Self::FullDisk => File::create("/dev/full").expect("the device").into(),
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn is(&self, code: i32) -> bool {
        self.code == Some(code)
    }
}

/// A command that runs, ended with this.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn lives(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_none()
    }

    /// As a mask; none if it has ended.
    pub(crate) fn ignored_signals(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let status = status.unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        u64::from_str_radix(mask.unwrap_or("0").trim(), 16).expect("a mask")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Folders, programs and metadata of a host.
pub(crate) struct Host {
    folder: TempDir,
    metadata: u16,
    /// Where its dashboard listens.
    pub(crate) dashboard: u16,
}

impl Host {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let systemctl = folder.path().join("systemctl");
        fs::write(&systemctl, "#!/bin/sh\necho active\n").expect("a program");
        fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).expect("a program");
        let host = Self {
            folder,
            metadata: serve_metadata(),
            dashboard: free_port(),
        };
        for name in ["run", "state"] {
            fs::create_dir(host.path(name)).expect("a folder");
        }
        fs::write(host.path("run/status.json"), STATUS).expect("a file");
        host
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command to its end. One that goes on (`--watch`) and is read gets a second.
    pub(crate) fn run(&self, words: &[&str], out: To, err: To) -> Ended {
        let mut command = self.command(AGENT);
        if words.contains(&"--watch") && matches!(out, To::Kept) {
            command = self.command("timeout");
            command.args(["1", AGENT]);
        }
        command.env("SWARMLET_METADATA_BUDGET", "1s");
        command.args(words).stdout(out.stdio()).stderr(err.stdio());
        let output = command.output().expect("an end");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn start(&self, words: &[&str], out: To, err: To) -> Running {
        let mut command = self.command(AGENT);
        command.args(words).stdout(out.stdio()).stderr(err.stdio());
        Running(command.spawn().expect("the program"))
    }

    fn command(&self, program: &str) -> Command {
        let folder = self.folder.path().to_str().expect("a name");
        let dashboard = format!("127.0.0.1:{}", self.dashboard);
        let metadata = format!("http://127.0.0.1:{}", self.metadata);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{folder}:/usr/bin:/bin"))
            .env("SWARMLET_ROOT", folder)
            // Below the root.
            .env("SWARMLET_RUNTIME_DIR", "/run")
            .env("SWARMLET_STATE_DIR", "/state")
            .env("SWARMLET_DASHBOARD_LISTEN", dashboard)
            .env("SWARMLET_METADATA_ENDPOINT", metadata)
            .stdin(Stdio::null());
        command
    }
}

/// Taken by nobody a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Instance metadata that knows the instance's id, and is not there yet for all else.
fn serve_metadata() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    while let Some(Ok(asked)) = lines.next() {
        for line in lines.by_ref().map_while(Result::ok) {
            if line.is_empty() {
                break;
            }
        }
        let (status, text) = if asked.contains("api/token") || asked.contains("instance-id") {
            ("200 OK", "i-0123456789abcdef0")
        } else {
            ("503 Slow Down", "")
        };
        let length = text.len();
        let said = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{text}");
        if stream.write_all(said.as_bytes()).is_err() {
            return;
        }
    }
}
