//! A cluster among strangers, and what its leader makes of them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, Instance, Lab, Node, Role, wait_until};
use serde_json::Value;

use crate::cases::fleet::seen::{TASK, stock};
use crate::cases::healing::seen::{followers, leader};
use crate::cases::support::docker;

/// What a node has in its entry that is refused, and no more.
const REFUSED: [&str; 1] = ["swarmlet.admission"];
const ADMITTED: &str = "swarmlet.instance-id";
/// A join takes a second or two; the leader then needs less than one.
const DRAINED: Duration = Duration::from_secs(10);
const AT_ONCE: Duration = Duration::from_secs(5);

/// Three managers and some workers, with a task of a service on each node that is given any.
pub(super) struct Place<'a> {
    pub(super) lab: &'a Lab,
    pub(super) cluster: &'a Cluster,
    pub(super) leader: Instance,
    /// Behind this one's address are strangers.
    pub(super) manager: Instance,
    /// Strangers join at this one.
    pub(super) other: Instance,
    pub(super) workers: Vec<Instance>,
    pub(super) token: String,
}

impl<'a> Place<'a> {
    pub(super) fn of(lab: &'a Lab, cluster: &'a Cluster) -> Result<Self> {
        let leader = leader(lab, cluster)?;
        let mut followers = followers(lab, cluster)?.into_iter();
        let place = Self {
            manager: followers.next().context("no follower")?,
            other: followers.next().context("one follower")?,
            workers: cluster.machines_of(Role::Worker)?,
            token: docker(lab, &leader.id, &["swarm", "join-token", "-q", "worker"])?,
            leader,
            lab,
            cluster,
        };
        for machine in cluster.machines()? {
            stock(lab, &machine.id)?;
        }
        let words = ["service", "create", "--detach", "--no-resolve-image"];
        let what = ["--mode", "global", "--name", "everywhere", "lab/sleeper"];
        let task = ["/usr/bin/dash", "-c", TASK];
        place.ask(&[&words[..], &what, &task].concat())?;
        Ok(place)
    }

    /// What the leader's engine says.
    fn ask(&self, words: &[&str]) -> Result<String> {
        docker(self.lab, &self.leader.id, words)
    }

    /// A node's entry; an error if there is none.
    pub(super) fn entry(&self, node: &str) -> Result<Value> {
        let text = self.ask(&["node", "inspect", "--format", "{{json .}}", node])?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The nodes that a leader has admitted.
    fn admitted(&self) -> Result<Vec<Node>> {
        let filter = format!("node.label={ADMITTED}");
        let words = ["node", "ls", "--format", "{{json .}}", "--filter", &filter];
        let lines = self.ask(&words)?;
        let nodes = lines
            .lines()
            .map(|line| Ok(serde_json::from_str::<Node>(line)?));
        nodes.collect()
    }

    /// Waits until each machine is a node that is ready, and each manager's is a manager: whoever else is on the list.
    pub(super) fn is_whole(&self, limit: Duration) -> Result<()> {
        wait_until("each machine is a node", limit, || {
            let machines = self.cluster.machines()?.len();
            let nodes = self.admitted()?;
            let ready = nodes.iter().filter(|node| node.status == "Ready").count();
            let live = nodes.iter().filter(|node| node.is_live_manager()).count();
            ensure!(
                nodes.len() == machines && ready == machines && live == 3,
                "{ready} of {} nodes are ready, of {machines}; {live} managers",
                nodes.len()
            );
            Ok(())
        })
    }

    /// Waits until a node is drained; how long after its entry was made.
    pub(super) fn drained(&self, node: &str) -> Result<Duration> {
        wait_until(&format!("{node} is drained"), DRAINED, || {
            let spec = self.entry(node)?["Spec"].clone();
            ensure!(spec["Availability"] == "drain", "it is {spec}");
            Ok(())
        })?;
        let made = self.ask(&[
            "node",
            "inspect",
            "--format",
            "{{.CreatedAt.UnixMilli}}",
            node,
        ])?;
        let said = wait_until("the leader says so", DRAINED, || {
            let told = self.told(node)?;
            let first = told.into_iter().find(Line::is_refusal);
            first.context("it does not")
        })?;
        let after = Duration::from_millis(said.at.saturating_sub(made.parse()?));
        ensure!(after < AT_ONCE, "drained after {after:?}: {}", said.message);
        Ok(after)
    }

    /// It is drained, has no role, label or task of a node that belongs here, and no leader has done anything else about it.
    pub(super) fn is_refused(&self, node: &str) -> Result<()> {
        let spec = self.entry(node)?["Spec"].clone();
        ensure!(spec["Availability"] == "drain", "it is not drained: {spec}");
        ensure!(spec["Role"] == "worker", "it is promoted: {spec}");
        let labels = spec["Labels"].as_object().context("no labels")?;
        ensure!(labels.keys().eq(REFUSED), "its labels: {labels:?}");
        let running = ["--filter", "desired-state=running", "--quiet"];
        let tasks = self.ask(&[&["node", "ps", node], &running[..]].concat())?;
        ensure!(tasks.is_empty(), "it is to run {tasks}");
        let told = self.told(node)?;
        ensure!(
            told.iter().all(Line::is_refusal),
            "the leader has done more: {told:?}"
        );
        Ok(())
    }

    /// How many tasks it was given, ended ones among them.
    pub(super) fn tasks_of(&self, node: &str) -> Result<usize> {
        Ok(self.ask(&["node", "ps", "--quiet", node])?.lines().count())
    }

    /// What the leader has said of a node.
    pub(super) fn told(&self, node: &str) -> Result<Vec<Line>> {
        let argv = ["journalctl", "--no-pager", "-o", "json", "-u"];
        let argv = [&argv[..], &["swarmlet.service"]].concat();
        let text = self.lab.exec(&self.leader.id, &argv)?.ok()?;
        let about = text.lines().filter(|line| line.contains(node));
        about.map(Line::read).collect()
    }

    /// Waits until it is off the list; when the leader has said that it took it off, and in which words.
    pub(super) fn removed(&self, node: &str, limit: Duration) -> Result<Line> {
        wait_until(&format!("{node} is removed"), limit, || {
            let told = self.told(node)?;
            let mut told = told
                .into_iter()
                .filter(|line| line.removed.as_deref() == Some(node));
            told.next().context("it is not")
        })
    }
}

/// A line of a journal.
#[derive(Debug)]
pub(super) struct Line {
    /// In milliseconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) message: String,
    /// The node that it says was removed.
    removed: Option<String>,
}

impl Line {
    fn read(text: &str) -> Result<Self> {
        let line: Value = serde_json::from_str(text)?;
        let field = |name: &str| line[name].as_str().map(str::to_owned);
        let micros: u64 = field("__REALTIME_TIMESTAMP").context("no time")?.parse()?;
        Ok(Self {
            at: micros / 1000,
            message: field("MESSAGE").context("no message")?,
            removed: field("SWARMLET_REMOVED"),
        })
    }

    fn is_refusal(&self) -> bool {
        self.message.starts_with("cannot admit node ")
    }
}
