//! Commands of the host, behind a trait so that drivers can be held to their exact arguments.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// A program, its arguments, what is added to its environment, and how long it may take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// Program and arguments. Never a secret: every process of the host can read them.
    pub argv: Vec<String>,
    /// Added to the environment.
    pub env: Vec<(&'static str, &'static str)>,
    /// The limit after which it is killed.
    pub limit: Duration,
    /// Where it runs, what it reads, and an environment of its own; most commands need none of it.
    pub surroundings: Option<Surroundings>,
}

/// All that a command is given that is not the agent's own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    /// Its working folder.
    pub folder: PathBuf,
    /// Its whole environment.
    pub env: Vec<(&'static str, String)>,
    /// What it reads from its standard input.
    pub input: String,
}

impl Command {
    /// A command with a limit of a minute.
    pub fn new<T: AsRef<str>>(argv: impl IntoIterator<Item = T>) -> Self {
        let argv = argv
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        Self {
            argv,
            env: Vec::new(),
            limit: Duration::from_mins(1),
            surroundings: None,
        }
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        self.argv.join(" ")
    }
}

/// How a command ended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Output {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Output {
    /// Whether it ended well.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The last lines it complained in, for an error message.
    pub fn complaint(&self) -> String {
        let text = if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let last = lines[lines.len().saturating_sub(3)..].join("; ");
        match self.code {
            Some(code) if last.is_empty() => format!("exit code {code}"),
            Some(_) => last,
            None => format!("ended by a signal; {last}"),
        }
    }
}

/// A command that did not run to its end.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot run {0}: {1}")]
    NotStarted(String, String),
    /// It took longer than its limit.
    #[error("cannot wait longer for {0}: it took more than {1:?}")]
    TooSlow(String, Duration),
}

/// Runs commands.
pub trait Runner {
    /// Runs a command to its end.
    async fn run(&self, command: &Command) -> Result<Output, CommandError>;
}

/// Runs commands on this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host;

impl Runner for Host {
    async fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let (program, arguments) = command.argv.split_first().ok_or_else(|| {
            CommandError::NotStarted(String::new(), "there is no program".to_owned())
        })?;
        tracing::debug!(command = command.line(), "running");
        let mut prepared = tokio::process::Command::new(program);
        let surroundings = command.surroundings.as_ref();
        if let Some(around) = surroundings {
            prepared.env_clear().current_dir(&around.folder);
            prepared.envs(around.env.iter().map(|(key, value)| (key, value)));
        }
        prepared
            .args(arguments)
            .envs(command.env.iter().copied())
            .kill_on_drop(true);
        let input = surroundings.map(|around| around.input.as_str());
        let ended = timeout(command.limit, finish(prepared, input))
            .await
            .map_err(|_| CommandError::TooSlow(command.line(), command.limit))?;
        let output =
            ended.map_err(|error| CommandError::NotStarted(program.clone(), error.to_string()))?;
        Ok(Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// Starts it, hands it its input, and waits for its end.
async fn finish(
    mut command: tokio::process::Command,
    input: Option<&str>,
) -> std::io::Result<std::process::Output> {
    let Some(input) = input else {
        return command.stdin(Stdio::null()).output().await;
    };
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    let feed = async move {
        // One that ends before it has read everything says why itself.
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    output
}

#[cfg(any(test, feature = "scripted"))]
pub mod scripted {
    //! A runner that answers by a table and remembers what it was asked.

    use std::cell::RefCell;

    use super::{Command, CommandError, Output, Runner};

    /// Answers the first line of the table that the command starts with; each line is used
    /// once, except the last one for its command. Everything else succeeds silently.
    #[derive(Default)]
    pub struct Scripted {
        table: RefCell<Vec<(String, Result<Output, CommandError>)>>,
        /// The commands, in their order.
        pub ran: RefCell<Vec<Command>>,
    }

    impl Scripted {
        /// Commands that start with `line` end with `code` and complain in `stderr`.
        #[must_use]
        pub fn on(self, line: &str, code: i32, stderr: &str) -> Self {
            self.ends(line, code, "", stderr)
        }

        /// Commands that start with `line` succeed and write `stdout`.
        #[must_use]
        pub fn says(self, line: &str, stdout: &str) -> Self {
            self.ends(line, 0, stdout, "")
        }

        /// A command that starts like this ends so, and writes this.
        #[must_use]
        pub fn prints(self, line: &str, code: i32, stdout: &str) -> Self {
            self.ends(line, code, stdout, "")
        }

        fn ends(self, line: &str, code: i32, stdout: &str, stderr: &str) -> Self {
            let output = Output {
                code: Some(code),
                stdout: stdout.to_owned(),
                stderr: stderr.to_owned(),
            };
            self.table.borrow_mut().push((line.to_owned(), Ok(output)));
            self
        }

        /// The commands as lines.
        pub fn lines(&self) -> Vec<String> {
            self.ran.borrow().iter().map(Command::line).collect()
        }
    }

    impl Runner for Scripted {
        async fn run(&self, command: &Command) -> Result<Output, CommandError> {
            self.ran.borrow_mut().push(command.clone());
            let mut table = self.table.borrow_mut();
            let fits = |entry: &(String, _)| command.line().starts_with(&entry.0);
            match table.iter().filter(|entry| fits(entry)).count() {
                0 => Ok(Output {
                    code: Some(0),
                    ..Output::default()
                }),
                1 => table
                    .iter()
                    .find(|entry| fits(entry))
                    .map(|entry| entry.1.clone())
                    .expect("one"),
                _ => {
                    let first = table.iter().position(fits).expect("several");
                    table.remove(first).1
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_ends_with_what_it_wrote() {
        let mut command = Command::new(["sh", "-c", "echo out $GREETING; echo bad >&2; exit 3"]);
        command.env.push(("GREETING", "hello"));
        let output = Host.run(&command).await.expect("an end");
        assert_eq!(
            (
                output.code,
                output.stdout.as_str(),
                output.complaint().as_str()
            ),
            (Some(3), "out hello\n", "bad")
        );
        assert!(!output.is_success());
    }

    #[tokio::test]
    async fn a_command_can_be_given_an_environment_a_folder_and_an_input_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(["/bin/sh", "-c", "cat; echo $HOME; pwd; echo ${CARGO-no}"]);
        command.surroundings = Some(Surroundings {
            folder: folder.path().to_owned(),
            env: vec![("HOME", "/h".to_owned())],
            input: "x\n".repeat(100_000),
        });
        let output = Host.run(&command).await.expect("an end");
        let rest = output.stdout.trim_start_matches("x\n");
        assert_eq!(rest, format!("/h\n{}\nno\n", folder.path().display()));
        command.argv = vec!["/bin/true".to_owned()];
        assert!(Host.run(&command).await.expect("an end").is_success());
    }

    #[tokio::test]
    async fn a_command_that_takes_too_long_is_ended() {
        let mut command = Command::new(["sleep", "60"]);
        command.limit = Duration::from_millis(50);
        let error = Host.run(&command).await.expect_err("too slow");
        assert_eq!(
            error.to_string(),
            "cannot wait longer for sleep 60: it took more than 50ms"
        );
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Host
            .run(&Command::new(["/nonexistent/x", "y"]))
            .await
            .expect_err("missing");
        assert!(
            error
                .to_string()
                .starts_with("cannot run /nonexistent/x: No such file"),
            "{error}"
        );
    }

    #[test]
    fn a_complaint_is_short_and_never_empty() {
        let output = |code, stdout: &str, stderr: &str| Output {
            code,
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        assert_eq!(output(Some(1), "", "a\n\nb\nc\nd\n").complaint(), "b; c; d");
        assert_eq!(output(Some(1), "only this", " ").complaint(), "only this");
        assert_eq!(output(Some(7), "", "").complaint(), "exit code 7");
        assert_eq!(output(None, "", "x").complaint(), "ended by a signal; x");
    }
}
