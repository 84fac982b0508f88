//! Commands in a virtual machine, by serial ports of their own: they need nothing of the machine's network.
//!
//! `tests/lab/image/guest.py` is the other end, and says what goes over a port. A port carries one command at a time.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Write, stderr, stdin, stdout};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

/// So many commands run at once.
const PORTS: usize = 12;
/// What a machine takes that has booted, under all load, to say that it begins.
const ANSWERS: Duration = Duration::from_secs(10);
const CHUNK: usize = 16 * 1024;

/// The ports, as QEMU's options.
pub(super) fn devices(folder: &Path) -> Vec<String> {
    let mut words = vec![
        "-device".to_owned(),
        "virtio-serial-pci,max_ports=16".to_owned(),
    ];
    for number in 0..PORTS {
        let socket = socket(folder, number).display().to_string();
        words.extend([
            "-chardev".to_owned(),
            format!("socket,id=exec{number},server=on,wait=off,path={socket}"),
            "-device".to_owned(),
            format!("virtserialport,chardev=exec{number},name=exec.{number}"),
        ]);
    }
    words
}

fn socket(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("exec.{number}"))
}

/// Runs a command in the machine of that folder with this process's standard streams, and returns its exit status.
pub fn run(folder: &Path, argv: &[String]) -> Result<u8> {
    let (mut stream, _held) = free_port(folder)?;
    greet(&mut stream, argv).context("the machine does not answer; has it booted?")?;
    stream.set_read_timeout(None)?;
    let mut input = stream.try_clone()?;
    // It ends with this process: nothing tells a read of a terminal to give up.
    thread::spawn(move || feed(&mut input));
    relay(&mut stream)
}

/// A port that nobody else uses. It is free again when the lock is dropped, however this process ends.
fn free_port(folder: &Path) -> Result<(UnixStream, File)> {
    let first = usize::try_from(std::process::id()).unwrap_or_default();
    for number in (first..first + PORTS).map(|number| number % PORTS) {
        let lock = File::create(folder.join(format!("exec.{number}.lock")))
            .context("cannot lock a port of the machine")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => {
                return Err(error).context("cannot lock a port of the machine");
            }
        }
        let stream =
            UnixStream::connect(socket(folder, number)).context("the machine is not on")?;
        return Ok((stream, lock));
    }
    bail!("{PORTS} commands run there already")
}

/// Says what to run, and waits until its output begins: before are the remains of an earlier command that was given up.
fn greet(stream: &mut UnixStream, argv: &[String]) -> Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let nonce = format!("<{}-{}>", std::process::id(), now.as_nanos());
    let hello = json!({ "nonce": nonce, "argv": argv }).to_string();
    send(stream, b'h', hello.as_bytes())?;
    stream.set_read_timeout(Some(ANSWERS))?;
    let mut seen = Vec::new();
    while !seen.ends_with(nonce.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        seen.push(byte[0]);
    }
    Ok(())
}

fn feed(stream: &mut UnixStream) {
    let mut buffer = [0; CHUNK];
    loop {
        let length = match stdin().read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        // A command that has ended reads no more.
        if send(stream, b'i', &buffer[..length]).is_err() || length == 0 {
            return;
        }
    }
}

fn relay(stream: &mut impl Read) -> Result<u8> {
    loop {
        let (kind, content) = receive(stream).context("the machine went off")?;
        match kind {
            b'o' => pass_on(&mut stdout(), &content)?,
            b'e' => pass_on(&mut stderr(), &content)?,
            b'x' => return exit_status(&content),
            other => bail!("cannot read what the machine says: a frame of kind {other}"),
        }
    }
}

fn pass_on(to: &mut impl Write, content: &[u8]) -> Result<()> {
    to.write_all(content)
        .and_then(|()| to.flush())
        .context("cannot print")
}

fn exit_status(content: &[u8]) -> Result<u8> {
    let text = String::from_utf8_lossy(content);
    text.parse()
        .with_context(|| format!("cannot read the exit status {text}"))
}

fn send(stream: &mut impl Write, kind: u8, content: &[u8]) -> Result<()> {
    let length = u32::try_from(content.len()).context("cannot send this much at once")?;
    let frame = [&[kind][..], &length.to_be_bytes(), content].concat();
    Ok(stream.write_all(&frame)?)
}

fn receive(stream: &mut impl Read) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut content = vec![0; usize::try_from(length)?];
    stream.read_exact(&mut content)?;
    Ok((head[0], content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_went() {
        let mut wire = Vec::new();
        send(&mut wire, b'o', b"a page\n").expect("sent");
        send(&mut wire, b'x', b"124").expect("sent");
        let mut wire = wire.as_slice();
        assert_eq!(
            receive(&mut wire).expect("whole"),
            (b'o', b"a page\n".to_vec())
        );
        let (kind, content) = receive(&mut wire).expect("whole");
        assert_eq!(
            (kind, exit_status(&content).expect("a number")),
            (b'x', 124)
        );
        assert!(
            receive(&mut wire).is_err(),
            "a machine that went off is an error"
        );
    }
}
