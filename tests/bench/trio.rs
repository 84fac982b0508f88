//! Three machines that are to be managers, by hand and by swarmlet.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Instance, Lab, Requests, Role, wait_until};

use crate::clock;
use crate::machines::{self, BY_HAND};
use crate::pair::bare;
use crate::sight::Sight;

const AGENT: &str = "swarmlet.service";
const FORMED: Duration = Duration::from_mins(3);

/// Three machines, and how each contender makes managers of them.
pub(crate) trait Trio {
    /// As if nothing had ever happened.
    fn reset(&self) -> Result<()>;

    /// The first one creates its swarm: for how long, until others can join.
    fn first(&self) -> Result<f64>;

    /// The other two, after the first: until all three are reachable.
    fn others(&self) -> Result<f64>;

    /// All three at once, from nothing.
    fn all(&self) -> Result<f64>;
}

/// The moment in which one of them sees all three as reachable.
fn quorum(machines: &[Instance]) -> Result<f64> {
    let sights: Vec<Sight> = machines
        .iter()
        .map(|machine| Sight::of(&machine.id))
        .collect::<Result<_>>()?;
    let begun = Instant::now();
    loop {
        ensure!(
            begun.elapsed() < FORMED,
            "three managers were never reachable"
        );
        for sight in &sights {
            let nodes = sight.engine.nodes().unwrap_or_default();
            if nodes.iter().filter(|node| node.reachable).count() == machines.len() {
                return Ok(clock::now());
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// When the first of them was started.
fn earliest(lab: &Lab, machines: &[Instance], unit: &str) -> Result<f64> {
    machines
        .iter()
        .map(|machine| machines::started(lab, &machine.id, unit))
        .try_fold(f64::MAX, |least, started| Ok(least.min(started?)))
}

/// Made by hand.
pub(crate) struct ByHand<'a> {
    lab: &'a Lab,
    machines: Vec<Instance>,
}

impl<'a> ByHand<'a> {
    pub(crate) fn create(lab: &'a Lab) -> Result<Self> {
        let machines = machines::launch(lab, &bare(3, "#!/bin/sh\n", false))?;
        for machine in &machines {
            machines::wait_up(lab, &machine.id)?;
        }
        Ok(Self { lab, machines })
    }

    pub(crate) fn end(&self) -> Result<()> {
        machines::terminate(self.lab, &self.machines)
    }

    /// Has the others join with a token: the worker's, or the manager's.
    fn join(&self, token: &str) -> Result<()> {
        let address = &self.machines[0].address;
        let command = format!("docker swarm join --token {token} {address}:2377");
        machines::each(&self.machines[1..], |machine| {
            machines::by_hand(self.lab, &machine.id, &command)
        })
    }
}

impl Trio for ByHand<'_> {
    fn reset(&self) -> Result<()> {
        machines::reset_all(self.lab, &self.machines)
    }

    fn first(&self) -> Result<f64> {
        let first = &self.machines[0];
        let init = format!("docker swarm init --advertise-addr {}", first.address);
        machines::by_hand(self.lab, &first.id, &init)?;
        let sight = Sight::of(&first.id)?;
        sight.until("it leads", |nodes| nodes.iter().any(|n| n.reachable))?;
        // The command's own end: its token is printed then.
        let ended = wait_until("the command has ended", FORMED, || {
            let at = machines::stamp(self.lab, &first.id, BY_HAND, "ExecMainExitTimestamp")?;
            ensure!(at > 0.0, "it runs");
            Ok(at)
        })?;
        Ok(ended - machines::started(self.lab, &first.id, BY_HAND)?)
    }

    fn others(&self) -> Result<f64> {
        let sight = Sight::of(&self.machines[0].id)?;
        let [worker, _] = sight.engine.tokens()?;
        let addresses: Vec<String> = self.machines[1..]
            .iter()
            .map(|m| m.address.clone())
            .collect();
        self.join(&worker)?;
        sight.joined(&addresses, &[])?;
        for node in sight.engine.nodes()? {
            if !node.reachable {
                sight.engine.promote(&node.id)?;
            }
        }
        let at = quorum(&self.machines)?;
        Ok(at - earliest(self.lab, &self.machines[1..], BY_HAND)?)
    }

    /// The shortest way there is: with the managers' token, without a promotion.
    fn all(&self) -> Result<f64> {
        self.first()?;
        let [_, manager] = Sight::of(&self.machines[0].id)?.engine.tokens()?;
        self.join(&manager)?;
        let at = quorum(&self.machines)?;
        Ok(at - machines::started(self.lab, &self.machines[0].id, BY_HAND)?)
    }
}

/// Made by swarmlet.
pub(crate) struct Ours<'a> {
    lab: &'a Lab,
    cluster: Cluster,
    machines: Vec<Instance>,
}

impl<'a> Ours<'a> {
    pub(crate) fn create(lab: &'a Lab, name: &str) -> Result<Self> {
        let cluster = Cluster::create(lab, &ClusterSpec::new(name, 3, 0))?;
        cluster.wait_whole(FORMED)?;
        Ok(Self {
            lab,
            machines: cluster.machines_of(Role::Manager)?,
            cluster,
        })
    }

    pub(crate) fn end(self) -> Result<()> {
        self.cluster.delete()
    }

    fn parameter(&self, name: &str) -> String {
        format!("/swarmlet/{}/{name}", self.cluster.name())
    }

    fn start(&self, machines: &[Instance]) -> Result<()> {
        machines::each(machines, |machine| {
            machines::start(self.lab, &machine.id, AGENT)
        })
    }

    /// Every write of the ticket that succeeded, by the moment of its answer.
    fn published(&self) -> Result<Vec<f64>> {
        let writes = Requests::to("ssm").action("PutParameter");
        let writes = self
            .lab
            .requests(&writes.target(&self.parameter("ticket")))?;
        let good = writes.iter().filter(|write| write.status == Some(200));
        Ok(good
            .map(|write| clock::of_wall(write.time + write.ms / 1000.0))
            .collect())
    }
}

impl Trio for Ours<'_> {
    /// Nobody deletes these in earnest: a cluster's name is used once. Here it saves new machines.
    fn reset(&self) -> Result<()> {
        machines::reset_all(self.lab, &self.machines)?;
        let names = [
            "ticket",
            "epochs/0000000001/claim",
            "epochs/0000000001/outcome",
        ]
        .map(|name| self.parameter(name));
        let mut words = vec!["ssm", "delete-parameters", "--names"];
        words.extend(names.iter().map(String::as_str));
        self.lab.aws(&words).map(drop)
    }

    fn first(&self) -> Result<f64> {
        let before = self.published()?.len();
        self.start(&self.machines[..1])?;
        let at = wait_until("the ticket is published", FORMED, || {
            let published = self.published()?;
            published.get(before).copied().context("not yet")
        })?;
        Ok(at - machines::started(self.lab, &self.machines[0].id, AGENT)?)
    }

    fn others(&self) -> Result<f64> {
        self.start(&self.machines[1..])?;
        let at = quorum(&self.machines)?;
        Ok(at - earliest(self.lab, &self.machines[1..], AGENT)?)
    }

    fn all(&self) -> Result<f64> {
        self.start(&self.machines)?;
        let at = quorum(&self.machines)?;
        Ok(at - earliest(self.lab, &self.machines, AGENT)?)
    }
}
