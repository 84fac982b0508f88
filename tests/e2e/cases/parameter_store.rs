//! Parameter Store that is busy, or that says no.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Lab, Launch, Requests, Role, wait_until};

use super::healing::seen::epochs;
use super::support::{profile, requests_of, shared, unique, unit};
use crate::Case;

/// On the shared cluster.
pub(super) const CASES: &[Case] = &[Case {
    name: "parameter_store::a_role_of_another_cluster",
    run: foreign_role,
}];

/// On clusters of their own.
pub(super) const BESIDE: &[Case] = &[
    Case {
        name: "parameter_store::throttles_for_half_a_minute",
        run: throttled,
    },
    Case {
        name: "parameter_store::answers_writes_when_nobody_waits_any_more",
        run: answers_late,
    },
    Case {
        name: "parameter_store::denied_then_allowed",
        run: denied,
    },
];

const THROTTLED: u64 = 30;
/// In milliseconds: an agent waits for ten seconds.
const LATE: u64 = 12_000;

fn throttled(lab: &Lab) -> Result<()> {
    let name = unique("busy");
    let fault = Fault::new("ssm", Effect::Throttle)
        .cluster(&name)
        .seconds(THROTTLED);
    let cluster_spec = ClusterSpec::new(&name, 1, 2);
    let _fault = lab.fault(&fault)?;
    let begun = Instant::now();
    let cluster = Cluster::create(lab, &cluster_spec)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = begun.elapsed();
    eprintln!(
        "    whole {:.1} s after Parameter Store began to throttle",
        time.as_secs_f64()
    );
    ensure!(
        time >= Duration::from_secs(THROTTLED),
        "nothing was throttled"
    );
    ensure!(
        time <= Duration::from_secs(THROTTLED + 40),
        "the nodes came back too late"
    );
    for machine in cluster.machines()? {
        let calls = requests_of(lab, &machine.id)?;
        let refused = calls.iter().filter(|call| call.error.is_some()).count();
        eprintln!("    {}: {refused} calls were throttled", machine.id);
        // A manager hurries, for the others wait for it; but it is not the only one in its account: five
        // calls a second.
        let most = match machine.tag("swarm:role") {
            Some("manager") => 150,
            // A worker spreads its next try over six seconds.
            _ => 20,
        };
        ensure!(
            (1..=most).contains(&refused),
            "{refused} calls in {THROTTLED} s"
        );
    }
    Ok(())
}

/// A write that was not answered in time is found to be done: one claim, one swarm, and no second epoch.
fn answers_late(lab: &Lab) -> Result<()> {
    let name = unique("late");
    let fault = Fault::new("ssm", Effect::Late)
        .action("PutParameter")
        .cluster(&name)
        .delay_ms(LATE);
    let fault = lab.fault(&fault)?;
    let begun = Instant::now();
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 3, 1))?;
    cluster.wait_whole(Duration::from_mins(4))?;
    eprintln!(
        "    whole after {:.1} s, each write answered after {} s",
        begun.elapsed().as_secs_f64(),
        LATE / 1000
    );
    drop(fault);
    let writes = lab.requests(&Requests::to("ssm").action("PutParameter"))?;
    let given_up = writes.iter().filter(|write| write.target.contains(&name));
    ensure!(given_up.count() > 0, "nothing was written");
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    Ok(())
}

/// The status names the action; when it is allowed, the node joins without a restart.
fn denied(lab: &Lab) -> Result<()> {
    let name = unique("denied");
    let fault = Fault::new("ssm", Effect::Deny).cluster(&name);
    let fault = lab.fault(&fault)?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 1, 1))?;
    for machine in cluster.machines()? {
        status_names(lab, &machine.id, "ssm:GetParameter on ")?;
    }
    drop(fault);
    cluster.wait_whole(Duration::from_mins(2))?;
    for machine in cluster.machines()? {
        let restarts = unit(lab, &machine.id, "swarmlet.service", "NRestarts")?;
        ensure!(restarts == "0", "the agent was restarted {restarts} times");
    }
    Ok(())
}

/// Denied by the policy itself: a worker's role may read its own cluster's ticket only.
fn foreign_role(lab: &Lab) -> Result<()> {
    let worker = shared(lab)?.machines_of(Role::Worker)?.remove(0);
    let profile = profile(lab, &worker.id)?;
    let tags = [("swarm:role", "worker"), ("swarm:cluster", "elsewhere")];
    let tags = tags
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
    let launch = Launch {
        tags,
        profile: Some(profile),
        ..Launch::default()
    };
    let id = lab.launch(&launch)?.remove(0);
    status_names(lab, &id, "ssm:GetParameter on ")?;
    status_names(lab, &id, "/swarmlet/elsewhere/ticket")?;
    Ok(())
}

fn status_names(lab: &Lab, id: &str, what: &str) -> Result<()> {
    wait_until(
        &format!("the status names {what}"),
        Duration::from_mins(1),
        || {
            let status = unit(lab, id, "swarmlet.service", "StatusText")?;
            ensure!(status.contains(what), "it is: {status}");
            Ok(())
        },
    )
}
