//! What the cases of healing need: clusters to break, and proof that they are whole again.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, ClusterSpec, Image, Instance, Lab, Role, wait_until};
use serde_json::Value;

use crate::cases::support::{answers_of, docker, parameters, unique, unit};

const FORMED: Duration = Duration::from_mins(3);
/// A new manager looks every five seconds. Before, it could not tell who the others are.
const KNOWN: Duration = Duration::from_secs(15);
const REPLACED: Duration = Duration::from_mins(2);

/// A cluster of its own for a case.
pub(super) fn formed(lab: &Lab, name: &str, managers: u32, workers: u32) -> Result<Cluster> {
    formed_of(lab, &Image::Baked, name, managers, workers)
}

/// The same, of another image.
pub(super) fn formed_of(
    lab: &Lab,
    image: &Image,
    name: &str,
    managers: u32,
    workers: u32,
) -> Result<Cluster> {
    let spec = ClusterSpec {
        image: image.clone(),
        ..ClusterSpec::new(&unique(name), managers, workers)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(FORMED)?;
    for manager in cluster.machines_of(Role::Manager)? {
        wait_until("it knows that it is a manager", KNOWN, || {
            let status = status(lab, &manager.id)?;
            ensure!(status.starts_with("in the swarm"), "{status}");
            ensure!(!status.contains("promoted"), "{status}");
            Ok(())
        })?;
    }
    Ok(cluster)
}

/// The moment in which something broke.
pub(in crate::cases) struct Fault(Instant);

impl Fault {
    pub(in crate::cases) fn now() -> Self {
        Self(Instant::now())
    }

    /// How long ago, in seconds.
    pub(super) fn age(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// All is well again: says after how long, and that this is what was promised. Healing that
    /// comes too early has skipped a safeguard, or there was no fault.
    pub(in crate::cases) fn healed(
        &self,
        what: &str,
        promised: &RangeInclusive<u64>,
    ) -> Result<()> {
        let time = self.age();
        eprintln!("    {what}: healed {time:.1} s after the fault");
        let seconds = self.0.elapsed().as_secs();
        ensure!(
            promised.contains(&seconds),
            "{what}: healed after {time:.1} s instead of {promised:?}"
        );
        Ok(())
    }
}

/// Whether `LAB_LONG=1` asks for what takes many minutes.
pub(super) fn long() -> bool {
    std::env::var("LAB_LONG").is_ok_and(|value| value == "1")
}

/// Ends an instance for good, without a goodbye of its software.
pub(super) fn kill(lab: &Lab, id: &str) -> Result<()> {
    lab.terminate(id)?;
    // It may be off already.
    let _ = lab.reset(id);
    Ok(())
}

/// The id of the manager that leads.
pub(in crate::cases) fn leader(lab: &Lab, cluster: &Cluster) -> Result<Instance> {
    for manager in cluster.machines_of(Role::Manager)? {
        // One that is on its way in or out does not answer, and does not lead.
        let Ok(nodes) = cluster.nodes_of(&manager.id) else {
            continue;
        };
        let own = docker(lab, &manager.id, &["info", "--format", "{{.Swarm.NodeID}}"])?;
        let leads = |node: &lab::Node| node.id == own && node.manager_status == "Leader";
        if nodes.iter().any(leads) {
            return Ok(manager);
        }
    }
    bail!("nobody leads")
}

/// The managers that do not lead.
pub(in crate::cases) fn followers(lab: &Lab, cluster: &Cluster) -> Result<Vec<Instance>> {
    let leader = leader(lab, cluster)?;
    let mut others = cluster.machines_of(Role::Manager)?;
    others.retain(|manager| manager.id != leader.id);
    Ok(others)
}

/// Waits until a group is as large as it was, without these instances.
pub(in crate::cases) fn replaced(
    cluster: &Cluster,
    role: Role,
    count: usize,
    gone: &[&str],
) -> Result<()> {
    wait_until("the group has replaced what ended", REPLACED, || {
        let mut machines = cluster.machines_of(role)?;
        machines.retain(|machine| !gone.contains(&machine.id.as_str()));
        ensure!(machines.len() == count, "{} so far", machines.len());
        Ok(())
    })
}

/// The swarm that all managers say they are in.
pub(super) fn one_swarm(lab: &Lab, cluster: &Cluster) -> Result<String> {
    let managers = cluster.machines_of(Role::Manager)?;
    wait_until("all managers agree", Duration::from_secs(30), || {
        let format = "{{.Swarm.Cluster.ID}} {{.Swarm.Nodes}} {{.Swarm.Managers}}";
        let told = managers.iter().map(|m| {
            let info = docker(lab, &m.id, &["info", "--format", format])?;
            Ok(info)
        });
        let told: Vec<String> = told.collect::<Result<_>>()?;
        ensure!(told.iter().all(|t| *t == told[0]), "they say {told:?}");
        let swarm = told[0].split(' ').next().unwrap_or_default();
        ensure!(!swarm.is_empty(), "they know no swarm: {told:?}");
        Ok(swarm.to_owned())
    })
}

/// What became of each epoch, from the first on. Each has one claim and one outcome, and each of
/// these was written once.
pub(in crate::cases) fn epochs(lab: &Lab, cluster: &Cluster) -> Result<Vec<String>> {
    let root = format!("/swarmlet/{}/epochs", cluster.name());
    let registers = parameters(lab, &root)?;
    let mut outcomes = Vec::new();
    for (index, pair) in registers.chunks(2).enumerate() {
        let folder = format!("{root}/{:010}", index + 1);
        for (register, name) in pair.iter().zip(["claim", "outcome"]) {
            let name = format!("{folder}/{name}");
            ensure!(register["Name"] == name, "there is no {name}");
            let writes = answers_of(lab, "PutParameter", &name)?.len();
            ensure!(writes == 1, "{name} was written {writes} times");
        }
        let outcome = pair.get(1).context("the last claim has no outcome")?;
        outcomes.push(field(outcome, "outcome")?);
    }
    Ok(outcomes)
}

fn field(parameter: &Value, name: &str) -> Result<String> {
    let value: Value = serde_json::from_str(parameter["Value"].as_str().unwrap_or_default())?;
    let field = value[name].as_str();
    Ok(field
        .with_context(|| format!("no {name} in {value}"))?
        .to_owned())
}

/// The ticket, as it is stored.
pub(super) fn ticket(lab: &Lab, cluster: &Cluster) -> Result<Value> {
    let name = format!("/swarmlet/{}/ticket", cluster.name());
    let words = ["ssm", "get-parameter", "--with-decryption", "--name", &name];
    let answer = lab.aws(&words)?;
    let value = answer["Parameter"]["Value"].as_str().unwrap_or_default();
    Ok(serde_json::from_str(value)?)
}

/// The ticket names this swarm and epoch.
pub(super) fn ticket_is(lab: &Lab, cluster: &Cluster, epoch: u64, swarm: &str) -> Result<()> {
    wait_until("the ticket is the swarm's", Duration::from_secs(90), || {
        let ticket = ticket(lab, cluster)?;
        ensure!(ticket["epoch"] == epoch, "its epoch is {}", ticket["epoch"]);
        ensure!(
            ticket["swarm_id"] == swarm,
            "its swarm is {}",
            ticket["swarm_id"]
        );
        Ok(())
    })
}

/// What the agent says of itself.
pub(super) fn status(lab: &Lab, id: &str) -> Result<String> {
    unit(lab, id, "swarmlet.service", "StatusText")
}

/// Waits until it says something.
pub(in crate::cases) fn says(lab: &Lab, id: &str, what: &str, limit: Duration) -> Result<()> {
    wait_until(&format!("the status of {id} says {what:?}"), limit, || {
        let status = status(lab, id)?;
        ensure!(status.contains(what), "it is: {status}");
        Ok(())
    })
}
