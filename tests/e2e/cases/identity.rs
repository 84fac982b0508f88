//! Who am I: late metadata, hidden tags, missing and wrong ones.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Lab, Launch, wait_until};

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
        name: "identity::role_tag_missing_or_wrong",
        run: no_role,
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
/// restart loop.
fn no_role(lab: &Lab) -> Result<()> {
    let launch = |role: Option<&str>| -> Result<String> {
        let mut tags = vec![("swarm:cluster".to_owned(), "roles".to_owned())];
        tags.extend(role.map(|role| ("swarm:role".to_owned(), role.to_owned())));
        Ok(lab
            .launch(&Launch {
                tags,
                ..Launch::default()
            })?
            .remove(0))
    };
    let (missing, wrong) = (launch(None)?, launch(Some("boss"))?);
    for (id, what) in [
        (&missing, "has no tag swarm:role"),
        (&wrong, r#"is "boss""#),
    ] {
        for name in ["swarmlet-prepare.service", "swarmlet.service"] {
            fails_for_good(lab, id, name)?;
        }
        let advice = "set swarm:role = manager or worker in the launch template";
        let journal = journal_of(lab, id)?;
        ensure!(
            journal.contains(what) && journal.contains(advice),
            "{journal}"
        );
        console_says(lab, id, advice)?;
    }
    Ok(())
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
