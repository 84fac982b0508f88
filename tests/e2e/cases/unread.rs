//! Output that nobody reads: the command `lab` against a lab, and those verbs of the agent that need a swarm.

use std::collections::BTreeSet;
use std::io::pipe;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role};

use super::support::{unique, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "unread::lab",
        run: lab_commands,
    },
    Case {
        name: "unread::agent",
        run: agent_commands,
    },
    Case {
        name: "unread::journal",
        run: journal_goes,
    },
];

/// The code that a shell shows for a program that was ended by SIGPIPE.
const UNREAD: i32 = 141;

/// Every verb that answers. `MANAGER` and `CLUSTER` stand for names.
const ANSWERS: &[&str] = &[
    "ls",
    "ls --ids",
    "launch --tag Name=unread",
    "exec MANAGER docker node ls",
    "logs MANAGER",
    "console MANAGER",
    "cluster wait CLUSTER",
    "notice MANAGER maintenance --only-tell",
    "aws ec2 describe-instances",
    "aws ec2 describe-instances --output text",
    "aws --version",
    "journal",
    "journal --imds",
    "help",
];
/// Those that answer by what they do; a script's end is its own, which the shell tells as it tells of `aws`.
const SILENT: &[&str] = &[
    "script",
    "up",
    "down",
    "reboot",
    "reset",
    "stop",
    "start",
    "terminate",
];

fn lab_commands(lab: &Lab) -> Result<()> {
    let cluster = small(lab, "unread")?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let told = ANSWERS
        .iter()
        .chain(SILENT)
        .map(|line| line.split(' ').next());
    let told: BTreeSet<_> = told.flatten().collect();
    for verb in verbs()? {
        ensure!(
            told.contains(verb.as_str()),
            "nothing is said of lab {verb}"
        );
    }
    for line in ANSWERS {
        let line = line
            .replace("MANAGER", &manager)
            .replace("CLUSTER", cluster.name());
        let words: Vec<_> = line.split(' ').collect();
        let (code, said) = unread(&words, nobody()?, Stdio::piped())?;
        ensure!(code == Some(UNREAD), "lab {line}: {code:?}, {said}");
        // What happens meanwhile may be told.
        let quiet = words[0] == "cluster" || said.is_empty();
        ensure!(
            quiet && !said.contains("pipe") && !said.contains("panic"),
            "lab {line}: {said}"
        );
    }
    let wait = ["cluster", "wait", cluster.name()];
    let (code, _) = unread(&wait, Stdio::piped(), nobody()?)?;
    ensure!(
        code == Some(0),
        "what nobody reads on the way ends lab {wait:?}: {code:?}"
    );
    Ok(())
}

fn unread(words: &[&str], out: Stdio, err: Stdio) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let ended = command
        .args(words)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .output()?;
    Ok((
        ended.status.code(),
        String::from_utf8_lossy(&ended.stderr).into_owned(),
    ))
}

fn nobody() -> Result<Stdio> {
    let (reader, writer) = pipe()?;
    drop(reader);
    Ok(writer.into())
}

/// By the command's own help.
fn verbs() -> Result<Vec<String>> {
    let help = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("--help")
        .output()?;
    let help = String::from_utf8(help.stdout)?;
    let verbs = help.split("Commands:\n").nth(1).unwrap_or_default();
    let verbs = verbs.split("\n\n").next().unwrap_or_default();
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let verbs: Vec<_> = verbs.lines().filter_map(first).collect();
    ensure!(verbs.len() > 15, "cannot read its help: {verbs:?}");
    Ok(verbs)
}

/// What only a node of a swarm can be asked; the rest is shown without one.
fn agent_commands(lab: &Lab) -> Result<()> {
    let cluster = small(lab, "unread-agent")?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    for (id, line) in [
        (&manager, "status"),
        (&manager, "status --json"),
        (&manager, "status --watch"),
        (&manager, "status --boot"),
        (&manager, "doctor"),
        (&manager, "recover"),
        (&manager, "--log-level error token rotate"),
        (&worker, "drain"),
        (&worker, "activate"),
    ] {
        // The reader has gone before the command starts.
        let script = format!("(sleep 0.2; exec swarmlet {line}) | true; exit ${{PIPESTATUS[0]}}");
        let output = lab.exec(id, &["bash", "-c", &script])?;
        let is_quiet = output.stderr.is_empty();
        ensure!(
            output.status == UNREAD && is_quiet,
            "swarmlet {line}: {output:?}"
        );
    }
    Ok(())
}

/// The journal is killed, and away for a while: who writes to it goes on.
fn journal_goes(lab: &Lab) -> Result<()> {
    let cluster = small(lab, "unread-journal")?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let run = |script: &str| lab.exec(&manager, &["bash", "-ec", script])?.ok();
    run("systemctl enable --now swarmlet-dashboard.service")?;
    let processes = || -> Result<Vec<String>> {
        ["swarmlet.service", "swarmlet-dashboard.service"]
            .iter()
            .map(|name| unit(lab, &manager, name, "ExecMainPID"))
            .collect()
    };
    let before = processes()?;
    // Its descriptors are kept over the first, and closed by the second.
    run("systemctl kill -s KILL systemd-journald.service; sleep 1")?;
    run("systemctl stop 'systemd-journald*.socket' systemd-journald.service")?;
    // Something to tell.
    run("swarmlet token rotate")?;
    run("systemctl restart docker.service; sleep 3")?;
    run("curl --fail --silent --output /dev/null http://127.0.0.1:8377/healthz")?;
    run("systemctl start systemd-journald.socket systemd-journald.service")?;
    ensure!(
        processes()? == before,
        "{before:?} have become {:?}",
        processes()?
    );
    cluster.wait_whole(Duration::from_mins(1)).map(drop)
}

fn small(lab: &Lab, name: &str) -> Result<Cluster> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique(name), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    Ok(cluster)
}
