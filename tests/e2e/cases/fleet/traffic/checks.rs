//! Health checks as a balancer makes them, kept with their times on the machine that asks; and what the node itself shows.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Instance, Lab, wait_until};

/// One answer.
#[derive(Debug)]
pub(super) struct Check {
    /// When it was asked for, in milliseconds since the Unix epoch.
    pub(super) at: u64,
    /// The whole body; a dash without an answer.
    pub(super) word: String,
    /// Zero without an answer.
    pub(super) status: u16,
}

/// All that one machine has asked of another.
pub(super) struct Checks<'a> {
    lab: &'a Lab,
    from: &'a Instance,
    of: &'a Instance,
}

/// What a departing node shows from second to second.
pub(super) struct Second {
    /// In milliseconds since the Unix epoch.
    pub(super) at: u64,
    /// Docker's word for its part in the swarm.
    pub(super) state: String,
    /// How many containers run there.
    pub(super) tasks: u32,
}

fn file(of: &Instance) -> String {
    format!("/run/checks-{}", of.id)
}

fn begin(lab: &Lab, id: &str, name: &str, script: &str) -> Result<()> {
    let how = ["systemd-run", "--expand-environment=no", "--unit", name];
    let words = [&how[..], &["sh", "-c", script]].concat();
    lab.exec(id, &words)?.ok().map(drop)
}

/// Begins to ask five times a second.
pub(super) fn listen(lab: &Lab, from: &Instance, of: &Instance) -> Result<()> {
    let script = format!(
        "while :; do t=$(date +%s%3N); \
         a=$(curl -s -m 1 -w ' %{{http_code}}' http://{}:8378/ready | tr -d '\\n'); \
         echo \"$t ${{a:-- 0}}\"; sleep 0.2; done >{} 2>/dev/null",
        of.address,
        file(of)
    );
    begin(lab, &from.id, &format!("checks-{}", of.id), &script)
}

/// Begins to look at the node itself.
pub(super) fn watched(lab: &Lab, node: &Instance) -> Result<()> {
    let script = "while :; do echo $(date +%s%3N) $(docker info --format '{{.Swarm.LocalNodeState}}') \
                  $(docker ps --quiet | wc -l); sleep 0.3; done >/run/seconds 2>/dev/null";
    begin(lab, &node.id, "seconds", script)
}

impl<'a> Checks<'a> {
    pub(super) fn of(lab: &'a Lab, from: &'a Instance, of: &'a Instance) -> Self {
        Self { lab, from, of }
    }

    fn all(&self) -> Result<Vec<Check>> {
        let text = self
            .lab
            .exec(&self.from.id, &["cat", &file(self.of)])?
            .ok()?;
        Ok(text.lines().filter_map(parsed).collect())
    }

    /// Those from one time to another.
    pub(super) fn between(&self, from: u64, to: u64) -> Result<Vec<Check>> {
        let mut all = self.all()?;
        all.retain(|check| (from..=to).contains(&check.at));
        Ok(all)
    }

    /// Waits until the last answer is this word.
    pub(super) fn wait(&self, word: &str, limit: Duration) -> Result<()> {
        wait_until(&format!("{} is {word}", self.of.id), limit, || {
            let all = self.all()?;
            let last = all.last().context("nothing was asked")?;
            ensure!(last.word == word, "it is {last:?}");
            Ok(())
        })
    }

    /// When this word was first heard from then on.
    pub(super) fn first_after(&self, then: u64, word: &str) -> Result<u64> {
        let all = self.all()?;
        let first = all
            .iter()
            .find(|check| check.at >= then && check.word == word);
        Ok(first.with_context(|| format!("nobody heard {word}"))?.at)
    }
}

fn parsed(line: &str) -> Option<Check> {
    let mut words = line.split(' ');
    let at = words.next()?.parse().ok()?;
    let (word, status) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    words.next().is_none().then_some(Check { at, word, status })
}

/// When the agent has begun the departure, by its own words in the journal.
pub(super) fn departed(lab: &Lab, node: &Instance) -> Result<u64> {
    let words = [
        "journalctl",
        "--no-pager",
        "-o",
        "short-unix",
        "-u",
        "swarmlet",
    ];
    let text = lab.exec(&node.id, &words)?.ok()?;
    let line = text
        .lines()
        .find(|line| line.contains("departure: Auto Scaling"));
    let line = line.context("it does not say that it departs")?;
    let (seconds, rest) = line.split_once('.').context("no time")?;
    let seconds: u64 = seconds.trim().parse()?;
    let milliseconds: u64 = rest.get(..3).context("no time")?.parse()?;
    Ok(seconds * 1000 + milliseconds)
}

/// What was seen, once the node is out of the swarm.
pub(super) fn until_left(lab: &Lab, node: &Instance) -> Result<Vec<Second>> {
    let text = lab.exec(&node.id, &["cat", "/run/seconds"])?.ok()?;
    let seconds: Vec<Second> = text.lines().filter_map(second).collect();
    let last = seconds.last().context("nothing was seen")?;
    ensure!(last.state == "inactive", "it is {}", last.state);
    Ok(seconds)
}

fn second(line: &str) -> Option<Second> {
    let mut words = line.split(' ');
    Some(Second {
        at: words.next()?.parse().ok()?,
        state: words.next()?.to_owned(),
        tasks: words.next()?.parse().ok()?,
    })
}
