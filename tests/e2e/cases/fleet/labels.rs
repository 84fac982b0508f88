//! Labels and roles follow the tags of an instance; what a person has set stays.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::seen::{Watch, active, entry, manager};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "fleet::labels_follow_tags",
        run: labels,
    },
    Case {
        name: "fleet::roles_follow_tags",
        run: roles,
    },
];

/// Tags are looked at once a minute.
const FOLLOWED: Duration = Duration::from_secs(100);

fn labels(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("labels"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    active(&cluster)?;
    let manager = manager(&cluster)?.id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0);
    let found = |key: &str| -> Result<String> {
        let entry = entry(lab, &manager, &worker.id)?;
        Ok(entry["Spec"]["Labels"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    };
    for (key, value) in [
        ("swarmlet.instance-id", worker.id.as_str()),
        ("swarmlet.zone", &worker.zone),
    ] {
        ensure!(found(key)? == value, "{key} is {:?}", found(key)?);
    }
    let node = entry(lab, &manager, &worker.id)?["ID"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    docker(
        lab,
        &manager,
        &["node", "update", "--label-add", "mine=kept", &node],
    )?;
    for (value, expected) in [(Some("front"), "front"), (Some("back"), "back"), (None, "")] {
        let watch = Watch::start();
        match value {
            Some(value) => lab.tag(&worker.id, "swarm:label:tier", value)?,
            None => lab.untag(&worker.id, "swarm:label:tier")?,
        }
        wait_until("the label follows", FOLLOWED, || {
            ensure!(found("tier")? == expected, "it is {:?}", found("tier")?);
            Ok(())
        })?;
        watch.say(&format!("the label was {expected:?}"));
    }
    ensure!(found("mine")? == "kept", "a person's label is gone");
    cluster.delete()
}

fn roles(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("roles"), 3, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let worker = cluster.machines_of(Role::Worker)?.remove(0);
    // Before all that follows, which takes longer than a tag does.
    lab.tag(&worker.id, "swarm:role", "manager")?;
    let watch = Watch::start();
    let stays = manager(&cluster)?.id;
    let mut others = cluster.machines_of(Role::Manager)?;
    others.retain(|manager| manager.id != stays);
    for manager in &others {
        lab.tag(&manager.id, "swarm:role", "worker")?;
    }
    managers(&cluster, 1)?;
    watch.say("two managers were workers");
    for manager in &others {
        lab.tag(&manager.id, "swarm:role", "manager")?;
    }
    managers(&cluster, 3)?;
    watch.say("and managers again; a worker's tag alone has made it none");
    wait_until("the leader says why", FOLLOWED, || {
        let said = [&stays, &others[0].id, &others[1].id].map(|id| says(lab, id));
        ensure!(said.iter().any(|said| *said), "no manager does");
        Ok(())
    })?;
    let role = entry(lab, &stays, &worker.id)?["Spec"]["Role"].clone();
    ensure!(role == "worker", "its role is {role}");
    lab.tag(&worker.id, "swarm:role", "worker")?;
    cluster.wait_whole(Duration::from_mins(1))?;
    cluster.delete()
}

/// That a tag alone makes no manager, in its journal. (The lab's EC2 tells nothing of instance profiles.)
fn says(lab: &Lab, id: &str) -> bool {
    let journal = ["journalctl", "--unit", "swarmlet", "--output", "cat"];
    let why = "as the agent of a manager does; look there with `swarmlet status`";
    lab.exec(id, &journal)
        .is_ok_and(|said| said.stdout.contains(why))
}

fn managers(cluster: &Cluster, count: usize) -> Result<()> {
    wait_until(&format!("there are {count} managers"), FOLLOWED * 2, || {
        let nodes = cluster.nodes()?;
        let live = nodes.iter().filter(|node| node.is_live_manager()).count();
        ensure!(live == count, "there are {live}");
        Ok(())
    })
}
