//! What QEMU is told from outside, by its machine protocol: JSON, a line each way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// It answers at once, unless another command is being answered.
const LIMIT: Duration = Duration::from_secs(5);

/// Gives a command that takes no arguments.
pub(super) fn call(socket: &Path, command: &str) -> Result<()> {
    let call = || -> Result<()> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        // Nothing else is understood before.
        for command in ["qmp_capabilities", command] {
            writeln!(stream, "{}", json!({ "execute": command }))?;
            answer(&mut lines)?;
        }
        Ok(())
    };
    call().with_context(|| format!("cannot tell the virtual machine {command}"))
}

/// The answer to one command; greetings and events come between.
fn answer(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Result<()> {
    for line in lines {
        let said: Value = serde_json::from_str(&line?)?;
        if said.get("return").is_some() {
            return Ok(());
        }
        if let Some(error) = said.get("error") {
            bail!("{}", error["desc"].as_str().unwrap_or("refused"));
        }
    }
    bail!("it hung up")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Result<()> {
        let lines: Vec<_> = lines.iter().map(|line| Ok((*line).to_owned())).collect();
        answer(&mut lines.into_iter())
    }

    #[test]
    fn greetings_and_events_are_no_answers() {
        let greeting = r#"{"QMP": {"version": {}}}"#;
        let event = r#"{"event": "POWERDOWN"}"#;
        assert!(said(&[greeting, event, r#"{"return": {}}"#]).is_ok());
        assert!(said(&[greeting, event]).is_err());
    }

    #[test]
    fn a_refusal_keeps_its_words() {
        let error = said(&[r#"{"error": {"class": "CommandNotFound", "desc": "no such"}}"#]);
        assert_eq!(error.expect_err("refused").to_string(), "no such");
    }
}
