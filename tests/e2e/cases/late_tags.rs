//! Tags that come after the launch, looked for by `prepare` and by the agent.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Fault, Lab, Launch, Role, wait_until};

use super::fleet::seen::manager;
use super::support::{
    agent_is_ready, booted, console_says, docker, journal_of, profile, requests_of, unique, unit,
};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "identity::tags_that_come_after_the_launch",
        run: late_tags,
    },
    Case {
        name: "identity::tags_that_come_minutes_after_the_launch",
        run: very_late_tags,
    },
    Case {
        name: "identity::credentials_that_come_late",
        run: late_credentials,
    },
    Case {
        name: "identity::an_agent_that_waits_for_tags",
        run: agent_waits,
    },
];

/// From the tags on, a node is in its swarm after this at the latest.
pub(super) const JOINED: Duration = Duration::from_secs(30);
/// Said by every node that waits.
const WAITS: &str = "waiting for this instance's tags: cannot tell this node's role";
/// For this long the boot is held up by a node that waits.
const HOLD: Duration = Duration::from_secs(20);

/// A cluster to join, and the profile of its manager's group.
pub(super) fn formed(lab: &Lab, name: &str) -> Result<(Cluster, String)> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique(name), 1, 0))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let profile = profile(lab, &manager(&cluster)?.id)?;
    Ok((cluster, profile))
}

pub(super) fn launch(
    lab: &Lab,
    profile: &str,
    tags: &[(&str, &str)],
    metadata_tags: bool,
) -> Result<String> {
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let launch = Launch {
        tags: tags.collect(),
        profile: Some(profile.to_owned()),
        metadata_tags,
        ..Launch::default()
    };
    Ok(lab.launch(&launch)?.remove(0))
}

/// Tags it as a worker, one tag after the other, and waits until it is in.
fn tagged_it_joins(lab: &Lab, cluster: &Cluster, ids: &[&String]) -> Result<()> {
    for id in ids {
        lab.tag(id, "swarm:role", Role::Worker.name())?;
    }
    thread::sleep(Duration::from_secs(2));
    for id in ids {
        lab.tag(id, "swarm:cluster", cluster.name())?;
    }
    let tagged = Instant::now();
    cluster.wait_whole(JOINED)?;
    for id in ids {
        wait_until("the agent is ready", JOINED, || agent_is_ready(lab, id))?;
    }
    let time = tagged.elapsed();
    eprintln!(
        "    in the swarm {:.1} s after the tags",
        time.as_secs_f64()
    );
    ensure!(time <= JOINED, "it took {time:?}");
    Ok(())
}

/// It is told where people look, and once.
fn says_once(lab: &Lab, id: &str) -> Result<()> {
    let journal = journal_of(lab, id)?;
    let said = journal
        .matches("has no tags swarm:role and swarm:cluster")
        .count();
    ensure!(said == 1, "said {said} times: {journal}");
    console_says(lab, id, WAITS)
}

/// EC2 is asked after 2, 4, 8 and 16 seconds, and then each 20, some part of that sooner; about a host's name; and where tags
/// are hidden once more at the agent's start. A machine that is busy takes long for all that is looked at meanwhile.
fn most_questions(launched: Instant) -> usize {
    let late = launched.elapsed().saturating_sub(Duration::from_secs(30));
    8 + usize::try_from(late.as_secs() / 10).unwrap_or(usize::MAX)
}

/// Only a `Name` at first, no tag at all, and no tags in metadata.
fn late_tags(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "late-tags")?;
    let launched = Instant::now();
    let named = launch(lab, &profile, &[("Name", "late")], true)?;
    let bare = launch(lab, &profile, &[], true)?;
    for id in [&named, &bare] {
        wait_until("it says what it waits for", JOINED, || {
            let said = unit(lab, id, "swarmlet-prepare.service", "StatusText")?;
            ensure!(said.contains(WAITS), "it says {said:?}");
            Ok(())
        })?;
        let status = lab.exec(id, &["swarmlet", "status"])?;
        ensure!(status.stdout.contains(WAITS), "{status:?}");
    }
    thread::sleep(Duration::from_secs(10));
    tagged_it_joins(lab, &cluster, &[&named, &bare])?;
    for id in [&named, &bare] {
        says_once(lab, id)?;
    }
    let asked = |id: &str| -> Result<usize> {
        let requests = requests_of(lab, id)?;
        let asks = requests.iter().filter(|r| r.action == "DescribeTags");
        Ok(asks.count())
    };
    // About its name, once.
    ensure!(asked(&named)? <= 1, "metadata shows its tags");
    let (times, most) = (asked(&bare)?, most_questions(launched));
    ensure!((1..=most).contains(&times), "asked {times} times");

    let launched = Instant::now();
    let hidden = launch(lab, &profile, &[("Name", "hidden")], false)?;
    thread::sleep(Duration::from_secs(30));
    tagged_it_joins(lab, &cluster, &[&hidden])?;
    let (times, most) = (asked(&hidden)?, most_questions(launched));
    ensure!(times <= most, "asked {times} times");
    for id in [named, bare, hidden] {
        lab.terminate(&id)?;
    }
    cluster.delete()
}

/// The boot goes on meanwhile, and nothing is given up.
fn very_late_tags(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "very-late")?;
    let id = launch(lab, &profile, &[], true)?;
    let launched = Instant::now();
    wait_until("the boot goes on", HOLD + JOINED, || {
        let engine = unit(lab, &id, "docker.service", "ActiveState")?;
        ensure!(engine == "active", "the engine is {engine}");
        Ok(())
    })?;
    let time = launched.elapsed();
    eprintln!("    held up for {:.1} s", time.as_secs_f64());
    ensure!(
        time + Duration::from_secs(5) >= HOLD,
        "tags that come a little late cost a restart"
    );
    thread::sleep(Duration::from_secs(40));
    booted(lab, &id)?;
    for name in ["swarmlet-prepare.service", "swarmlet.service"] {
        ensure!(unit(lab, &id, name, "ActiveState")? == "active", "{name}");
        ensure!(unit(lab, &id, name, "NRestarts")? == "0", "{name}");
        let said = unit(lab, &id, name, "StatusText")?;
        ensure!(said.contains(WAITS), "{name} says {said:?}");
    }
    let inactive = docker(lab, &id, &["info", "--format", "{{.Swarm.LocalNodeState}}"])?;
    ensure!(inactive == "inactive", "it is {inactive}");
    tagged_it_joins(lab, &cluster, &[&id])?;
    says_once(lab, &id)?;
    let info = docker(lab, &id, &["info", "--format", "{{.Name}} {{.Labels}}"])?;
    let expected = format!(
        "{}-worker-{} [swarmlet.instance-id={id}]",
        cluster.name(),
        &id[2..10]
    );
    ensure!(info == expected, "the engine is {info}, not {expected}");
    ensure!(unit(lab, &id, "swarmlet-prepare.service", "StatusText")?.is_empty());
    lab.terminate(&id)?;
    cluster.delete()
}

/// The role's trust policy is wrong, or the role is too young: metadata says why, and so does the node.
fn late_credentials(lab: &Lab) -> Result<()> {
    let name = unique("trust");
    let refusal =
        r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role x."}"#;
    let fault = Fault::answer("*/meta-data/iam/security-credentials/?*", refusal);
    let fault = lab.fault(&fault.cluster(&name))?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 1, 1))?;
    let said = "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role x; look at the role's trust policy";
    for machine in cluster.machines()? {
        wait_until("it says why it has no credentials", JOINED, || {
            let text = unit(lab, &machine.id, "swarmlet.service", "StatusText")?;
            ensure!(text.contains(said), "it says {text:?}");
            Ok(())
        })?;
        let doctor = lab.exec(&machine.id, &["swarmlet", "doctor"])?.stdout;
        ensure!(
            doctor.contains(said) && !doctor.contains("attach"),
            "{doctor}"
        );
    }
    thread::sleep(Duration::from_secs(30));
    drop(fault);
    let mended = Instant::now();
    cluster.wait_whole(Duration::from_secs(90))?;
    let time = mended.elapsed().as_secs_f64();
    eprintln!("    whole {time:.1} s after the first credentials");
    cluster.delete()
}

/// Its host is ready, and then its tags are gone when its agent starts.
fn agent_waits(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("agent-waits"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let id = cluster.machines_of(Role::Worker)?.remove(0).id;
    lab.untag(&id, "swarm:role")?;
    lab.untag(&id, "swarm:cluster")?;
    lab.exec(&id, &["systemctl", "restart", "--no-block", "swarmlet"])?
        .ok()?;
    wait_until("the agent says what it waits for", JOINED, || {
        let said = unit(lab, &id, "swarmlet.service", "StatusText")?;
        ensure!(said.contains(WAITS), "it says {said:?}");
        let status = lab.exec(&id, &["swarmlet", "status"])?;
        ensure!(
            status.stdout.contains(WAITS) && !status.success(),
            "{status:?}"
        );
        Ok(())
    })?;
    // Longer than a start may take that says nothing.
    thread::sleep(Duration::from_secs(200));
    let state = unit(lab, &id, "swarmlet.service", "ActiveState")?;
    ensure!(state == "active", "it is {state}");
    ensure!(unit(lab, &id, "swarmlet.service", "NRestarts")? == "0");
    let engine = docker(lab, &id, &["info", "--format", "{{.Swarm.LocalNodeState}}"])?;
    ensure!(engine == "active", "the engine is {engine}");
    tagged_it_joins(lab, &cluster, &[&id])?;
    cluster.delete()
}
