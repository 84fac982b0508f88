//! Host names, which are the nodes' names: they tell nodes apart, and stay.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Effect, Fault, Lab, Launch, Role, wait_until};

use super::fleet::seen::manager;
use super::late_tags::formed;
use super::support::{boots_again, docker, engine_answers, requests_of};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "names::instances_launched_together_and_one_by_one",
        run: single_instances,
    },
    Case {
        name: "names::a_groups_members",
        run: group,
    },
    Case {
        name: "names::a_name_is_kept",
        run: kept,
    },
];

const JOINED: Duration = Duration::from_mins(2);

/// Launches some with a `Name`; how, by its profile.
fn named(
    lab: &Lab,
    cluster: &Cluster,
    profile: &str,
    name: &str,
    count: u32,
) -> Result<Vec<String>> {
    let tags = [
        ("Name", name),
        ("swarm:cluster", cluster.name()),
        ("swarm:role", "worker"),
    ];
    lab.launch(&Launch {
        count,
        tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        profile: Some(profile.to_owned()),
        ..Launch::default()
    })
}

fn digits(id: &str) -> &str {
    &id[2..10]
}

fn host(lab: &Lab, id: &str) -> Result<String> {
    docker(lab, id, &["info", "--format", "{{.Name}}"])
}

/// Waits until all are in, each under a name of its own that Docker takes.
fn whole(lab: &Lab, cluster: &Cluster) -> Result<BTreeSet<String>> {
    let nodes = cluster.wait_whole(JOINED)?;
    let names: BTreeSet<String> = nodes.iter().map(|node| node.hostname.clone()).collect();
    ensure!(
        names.len() == nodes.len(),
        "{} nodes are named {names:?}",
        nodes.len()
    );
    let first = manager(cluster)?.id;
    for name in &names {
        let update = ["node", "update", "--availability", "active", name];
        docker(lab, &first, &update)?;
    }
    Ok(names)
}

fn is_named(lab: &Lab, id: &str, expected: &str) -> Result<()> {
    let name = host(lab, id)?;
    ensure!(name == expected, "{id} is {name}, not {expected}");
    Ok(())
}

fn single_instances(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "names")?;
    let alone = named(lab, &cluster, &profile, "lonely", 1)?.remove(0);
    let web = named(lab, &cluster, &profile, "web", 3)?;
    let long = |end: &str| format!("{}{end}", "n".repeat(69));
    let others = [
        ("сервер-1", None),
        ("Узел 2", None),
        ("数据库", None),
        ("localhost", None),
        (&"x".repeat(200), Some("x".repeat(54))),
        (&long("1"), Some("n".repeat(54))),
        (&long("2"), Some("n".repeat(54))),
        ("web_1", Some("web-1".to_owned())),
        ("web-1", None),
    ];
    let mut launched = Vec::new();
    for (name, start) in others {
        let id = named(lab, &cluster, &profile, name, 1)?.remove(0);
        let start = start.unwrap_or_else(|| format!("{}-worker", cluster.name()));
        let expected = match name {
            "web-1" => name.to_owned(),
            _ => format!("{start}-{}", digits(&id)),
        };
        launched.push((id, expected));
    }
    let names = whole(lab, &cluster)?;
    eprintln!("    {}", names.into_iter().collect::<Vec<_>>().join(", "));
    for (id, expected) in &launched {
        is_named(lab, id, expected)?;
    }
    for id in &web {
        is_named(lab, id, &format!("web-{}", digits(id)))?;
    }
    is_named(lab, &alone, "lonely")?;
    for machine in cluster.machines()? {
        let asked = requests_of(lab, &machine.id)?;
        let asked = asked
            .iter()
            .filter(|call| call.action == "DescribeTags")
            .count();
        // Only the first of those that were launched together, and the two whose name fits as it is.
        let may = [&alone, &launched[8].0].contains(&&machine.id) || web.contains(&machine.id);
        ensure!(
            asked <= if may { 2 } else { 0 },
            "{} asked {asked} times",
            machine.id
        );
    }

    // A second one of the same name, launched later.
    let second = named(lab, &cluster, &profile, "Lonely", 1)?.remove(0);
    cluster.wait_whole(JOINED)?;
    // And one that may not ask.
    let denied = Fault::new("ec2", Effect::Deny).action("DescribeTags");
    let denied = lab.fault(&denied.cluster(cluster.name()))?;
    let third = named(lab, &cluster, &profile, "lonely", 1)?.remove(0);
    cluster.wait_whole(JOINED)?;
    drop(denied);
    is_named(lab, &second, &format!("lonely-{}", digits(&second)))?;
    is_named(lab, &third, "lonely")?;
    let first = manager(&cluster)?.id;
    let doctor = lab.exec(&first, &["swarmlet", "doctor"])?.stdout;
    ensure!(doctor.contains("2 nodes are named lonely: "), "{doctor}");
    ensure!(
        doctor.contains(&alone) && doctor.contains(&third),
        "{doctor}"
    );
    let status = lab.exec(&first, &["swarmlet", "status"])?.stdout;
    ensure!(status.contains("2 nodes are named lonely: "), "{status}");
    for machine in cluster.machines_of(Role::Worker)? {
        lab.terminate(&machine.id)?;
    }
    cluster.delete()
}

/// A group gives one name to all of its members, and none of them asks AWS about it.
fn group(lab: &Lab) -> Result<()> {
    let (cluster, _) = formed(lab, "group")?;
    let tag = format!(
        "ResourceId={}-worker,ResourceType=auto-scaling-group,Key=Name,Value=web,PropagateAtLaunch=true",
        cluster.name()
    );
    lab.aws(&["autoscaling", "create-or-update-tags", "--tags", &tag])?;
    cluster.scale(Role::Worker, 3)?;
    wait_until("its members are launched", JOINED, || {
        let workers = cluster.machines_of(Role::Worker)?.len();
        ensure!(workers == 3, "{workers} of 3");
        Ok(())
    })?;
    whole(lab, &cluster)?;
    for machine in cluster.machines_of(Role::Worker)? {
        ensure!(machine.tag("Name") == Some("web"), "{machine:?}");
        is_named(lab, &machine.id, &format!("web-{}", digits(&machine.id)))?;
        let calls = requests_of(lab, &machine.id)?;
        ensure!(calls.iter().all(|call| call.service != "ec2"), "{calls:?}");
    }
    cluster.delete()
}

/// A group's members have digits. A node that an earlier version named keeps its name, also when its tags change.
fn kept(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "kept")?;
    let first = manager(&cluster)?.id;
    is_named(
        lab,
        &first,
        &format!("{}-manager-{}", cluster.name(), digits(&first)),
    )?;
    let id = named(lab, &cluster, &profile, "web_1", 1)?.remove(0);
    whole(lab, &cluster)?;
    is_named(lab, &id, &format!("web-1-{}", digits(&id)))?;
    // As an earlier version left it.
    let script =
        "rm /var/lib/swarmlet/hostname.json && echo web-1 >/etc/hostname && hostname web-1";
    lab.exec(&id, &["sh", "-c", script])?.ok()?;
    boots_again(lab, &id)?;
    engine_answers(lab, &id)?;
    cluster.wait_whole(JOINED)?;
    is_named(lab, &id, "web-1")?;
    lab.tag(&id, "Name", "other")?;
    boots_again(lab, &id)?;
    engine_answers(lab, &id)?;
    cluster.wait_whole(JOINED)?;
    is_named(lab, &id, "web-1")?;
    lab.terminate(&id)?;
    cluster.delete()
}
