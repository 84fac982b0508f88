//! Messages to and from the browser: JSON, each ended by a zero byte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Pipe {
    input: ChildStdin,
    messages: Receiver<Value>,
    asked: u64,
    /// What the browser said without being asked.
    pub(super) events: Vec<Value>,
}

impl Pipe {
    pub(super) fn new(child: &mut Child) -> Result<Self> {
        let input = child.stdin.take().context("the browser has no input")?;
        let output = child.stdout.take().context("the browser has no output")?;
        let (sender, messages) = channel();
        thread::spawn(move || read(output, &sender));
        Ok(Self {
            input,
            messages,
            asked: 0,
            events: Vec::new(),
        })
    }

    /// Says something, and waits for the answer to it.
    pub(super) fn ask(&mut self, mut message: Value, limit: Duration) -> Result<Value> {
        self.asked += 1;
        message["id"] = json!(self.asked);
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.input
            .write_all(&bytes)
            .context("the browser has ended")?;
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let heard = self.messages.recv_timeout(left);
            let heard = heard.map_err(|_| anyhow!("the browser does not answer"))?;
            if heard["id"] == self.asked {
                return Ok(heard);
            }
            self.events.push(heard);
        }
    }

    /// Takes in what came meanwhile.
    pub(super) fn drain(&mut self) {
        self.events.extend(self.messages.try_iter());
    }
}

fn read(output: ChildStdout, sender: &Sender<Value>) {
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output
        .read_until(0, &mut bytes)
        .is_ok_and(|length| length > 0)
    {
        bytes.pop();
        let sent = serde_json::from_slice(&bytes).is_ok_and(|message| sender.send(message).is_ok());
        if !sent {
            return;
        }
        bytes.clear();
    }
}
