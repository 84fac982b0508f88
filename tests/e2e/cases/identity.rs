//! Who am I: late metadata, hidden tags, late and wrong ones.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Lab, wait_until};

use super::late_tags::{JOINED, formed, launch};
use super::support::{console_says, journal_of, requests_of, unique, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "identity::metadata_answers_after_a_minute",
        run: late_metadata,
    },
    Case {
        name: "identity::tags_hidden_from_metadata",
        run: hidden_tags,
    },
    Case {
        name: "identity::wrong_tags",
        run: wrong_tags,
    },
    Case {
        name: "identity::metadata_that_cannot_be_an_instances",
        run: odd_metadata,
    },
];

const LATE: u64 = 60;

fn late_metadata(lab: &Lab) -> Result<()> {
    let name = unique("late");
    let mut fault = Fault::new("imds", Effect::Drop).cluster(&name);
    fault.since_launch_seconds = Some(LATE);
    let _fault = lab.fault(&fault)?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 1, 1))?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = launched.elapsed();
    eprintln!("    whole {:.1} s after the launch", time.as_secs_f64());
    ensure!(
        time >= Duration::from_secs(LATE - 5),
        "metadata was not late"
    );
    ensure!(
        time <= Duration::from_secs(LATE + 30),
        "the nodes took too long to notice"
    );
    Ok(())
}

fn hidden_tags(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        metadata_tags: false,
        ..ClusterSpec::new(&unique("hidden"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(Duration::from_mins(1))?;
    for machine in cluster.machines()? {
        let calls = requests_of(lab, &machine.id)?;
        let asked = calls.iter().any(|call| call.action == "DescribeTags");
        ensure!(asked, "{} knew its tags without asking EC2", machine.id);
    }
    Ok(())
}

/// A clear terminal error that names the tag, on the console and in the journal, and no
/// restart loop; also where the tag comes late.
fn wrong_tags(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "wrong")?;
    let belongs = ("swarm:cluster", cluster.name());
    let boss = launch(lab, &profile, &[belongs, ("swarm:role", "boss")], true)?;
    let empty = launch(lab, &profile, &[belongs, ("swarm:role", "")], true)?;
    let nameless = launch(
        lab,
        &profile,
        &[("swarm:role", "worker"), ("swarm:cluster", "a/b")],
        true,
    )?;
    let late = launch(lab, &profile, &[belongs], true)?;
    thread::sleep(Duration::from_secs(5));
    lab.tag(&late, "swarm:role", "Worker")?;
    let set = "set swarm:role = manager or worker in the launch template";
    for (id, what, advice) in [
        (&boss, r#"is "boss""#, set),
        (&empty, r#"is """#, set),
        (
            &nameless,
            r#""a/b" is no cluster name"#,
            "use 1 to 48 letters",
        ),
        (&late, r#"is "Worker""#, set),
    ] {
        for name in ["swarmlet-prepare.service", "swarmlet.service"] {
            fails_for_good(lab, id, name)?;
        }
        let journal = journal_of(lab, id)?;
        ensure!(
            journal.contains(what) && journal.contains(advice),
            "{journal}"
        );
        console_says(lab, id, advice)?;
    }
    lab.tag(&boss, "swarm:role", "worker")?;
    let units = ["swarmlet-prepare", "swarmlet"];
    lab.exec(&boss, &[&["systemctl", "restart"], &units[..]].concat())?
        .ok()?;
    for id in [&empty, &nameless, &late] {
        lab.terminate(id)?;
    }
    cluster.wait_whole(JOINED)?;
    lab.terminate(&boss)?;
    cluster.delete()
}

/// A subnet without IPv4 addresses, a document that is not EC2's, and one that is no document for a while.
fn odd_metadata(lab: &Lab) -> Result<()> {
    let (cluster, profile) = formed(lab, "odd")?;
    let document = "*/dynamic/instance-identity/document";
    for (member, advice) in [
        (
            "privateIp",
            "swarm needs an IPv4 address, this subnet has none",
        ),
        ("region", r#"has no "region"; is this an EC2 instance"#),
    ] {
        let name = unique(&format!("odd-{}", member.to_lowercase()));
        let merge = serde_json::json!({ member: null });
        let _fault = lab.fault(&Fault::merge(document, merge).cluster(&name))?;
        let tags = [("swarm:cluster", name.as_str()), ("swarm:role", "worker")];
        let id = launch(lab, &profile, &tags, true)?;
        for unit in ["swarmlet-prepare.service", "swarmlet.service"] {
            fails_for_good(lab, &id, unit)?;
        }
        console_says(lab, &id, advice)?;
        let status = lab.exec(&id, &["swarmlet", "status"])?.stdout;
        ensure!(status.contains(advice), "{status}");
        lab.terminate(&id)?;
    }
    let fault = Fault::answer(document, "<html>").cluster(cluster.name());
    let fault = lab.fault(&fault)?;
    let tags = [("swarm:cluster", cluster.name()), ("swarm:role", "worker")];
    let id = launch(lab, &profile, &tags, true)?;
    wait_until("it says what it cannot read", JOINED, || {
        console_says(
            lab,
            &id,
            "trying again: cannot read dynamic/instance-identity/document",
        )
    })?;
    thread::sleep(Duration::from_secs(10));
    drop(fault);
    cluster.wait_whole(JOINED)?;
    let restarts = unit(lab, &id, "swarmlet-prepare.service", "NRestarts")?;
    ensure!(restarts == "0", "prepare was restarted {restarts} times");
    lab.terminate(&id)?;
    cluster.delete()
}

/// A unit that systemd would start again is never `failed`: it is `activating` meanwhile.
fn fails_for_good(lab: &Lab, id: &str, name: &str) -> Result<()> {
    wait_until(&format!("{name} fails"), Duration::from_mins(1), || {
        let state = unit(lab, id, name, "ActiveState")?;
        ensure!(state == "failed", "it is {state}");
        Ok(())
    })?;
    let restarts = unit(lab, id, name, "NRestarts")?;
    ensure!(restarts == "0", "{name} was restarted {restarts} times");
    Ok(())
}
