//! Launching hooks: a group that waits, for as long as it must and no longer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{
    Cluster, ClusterSpec, Effect, Fault, Image, LAUNCHING_HOOK, Lab, Request, Role, wait_until,
};

use crate::Case;
use crate::cases::support::{requests_of, unique};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "fleet::a_group_waits_while_packages_are_installed",
        run: installed,
    },
    Case {
        name: "fleet::a_launch_that_fails_is_given_up_before_its_hook_runs_out",
        run: given_up,
    },
    Case {
        name: "fleet::a_budget_longer_than_the_hook_is_kept_by_heartbeats",
        run: kept,
    },
    Case {
        name: "fleet::a_launch_from_a_baked_image_takes_two_calls",
        run: baked,
    },
];

const LIMIT: Duration = Duration::from_mins(3);
const BEAT: &str = "RecordLifecycleActionHeartbeat";
const END: &str = "CompleteLifecycleAction";

/// An image without the engine, whose packages come more slowly than the hook waits.
fn installed(lab: &Lab) -> Result<()> {
    let hook = Duration::from_secs(24);
    let slow = Fault::new("files", Effect::Delay)
        .delay_ms(6_500)
        .target("*.deb");
    let _slow = lab.fault(&slow)?;
    let spec = ClusterSpec {
        image: Image::Plain,
        launching_hook: Some(hook),
        ..ClusterSpec::new(&unique("slow"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let (ids, took) = in_service(lab, &cluster)?;
    ensure!(took > hook * 3 / 2, "nothing took longer than the hook");
    for id in &ids {
        let calls = scaling(lab, id)?;
        let times = times(&calls, BEAT);
        ensure!(times.len() >= 2, "{id}: {} heartbeats", times.len());
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let gap = gaps.fold(0.0, f64::max);
        ensure!(
            gap < hook.as_secs_f64() / 2.0,
            "{id}: {gap:.1} s without a heartbeat"
        );
        ended(&calls, "CONTINUE").with_context(|| id.clone())?;
    }
    cluster.delete()
}

/// Nobody forms a swarm that could be joined.
fn given_up(lab: &Lab) -> Result<()> {
    let name = unique("hopeless");
    let _fault = lab.fault(&Fault::new("ssm", Effect::Error).cluster(&name))?;
    let spec = ClusterSpec {
        launching_hook: Some(Duration::from_secs(40)),
        ..ClusterSpec::new(&name, 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    let ids = ids(&cluster)?;
    for id in &ids {
        wait_until(&format!("{id} is given up"), LIMIT, || {
            // Answered with success only as long as the group waits.
            ended(&scaling(lab, id)?, "ABANDON")
        })?;
    }
    let took = launched.elapsed().as_secs_f64();
    eprintln!("    given up {took:.1} s after the launch, of 40");
    ensure!(
        took > 25.0,
        "{took:.1} s were not the hook's time less a quarter"
    );
    for id in &ids {
        let beats = times(&scaling(lab, id)?, BEAT).len();
        ensure!(beats == 0, "{id}: {beats} heartbeats");
    }
    cluster.delete()
}

/// Parameter Store comes back when the hook would have run out twice.
fn kept(lab: &Lab) -> Result<()> {
    let name = unique("patient");
    let hook = Duration::from_secs(30);
    let late = Fault::new("ssm", Effect::Error).cluster(&name).seconds(70);
    let _late = lab.fault(&late)?;
    let settings = "#cloud-config\nwrite_files:\n- path: /etc/swarmlet/config.d/patient.toml\n  content: |\n    \
                    [launch]\n    budget = \"150s\"\n";
    let spec = ClusterSpec {
        image: Image::CloudInit,
        user_data: Some(settings.to_owned()),
        launching_hook: Some(hook),
        ..ClusterSpec::new(&name, 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    let (ids, took) = in_service(lab, &cluster)?;
    ensure!(took > hook * 2, "nothing took longer than the hook");
    for id in &ids {
        let calls = scaling(lab, id)?;
        ensure!(times(&calls, BEAT).len() >= 2, "{id}: {calls:?}");
        ended(&calls, "CONTINUE").with_context(|| id.clone())?;
    }
    cluster.delete()
}

fn baked(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        launching_hook: Some(Duration::from_mins(5)),
        ..ClusterSpec::new(&unique("baked"), 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    for id in in_service(lab, &cluster)?.0 {
        let calls = scaling(lab, &id)?;
        let mut actions: Vec<_> = calls.iter().map(|call| call.action.as_str()).collect();
        // The leader also looks whether the managers of its groups need protection from scale-in.
        actions.retain(|action| *action != "DescribeAutoScalingGroups");
        actions.dedup();
        ensure!(
            actions == ["DescribeLifecycleHooks", END],
            "{id}: {actions:?}"
        );
    }
    cluster.delete()
}

/// The first instances are, all of them; and how long it took.
fn in_service(lab: &Lab, cluster: &Cluster) -> Result<(Vec<String>, Duration)> {
    let launched = Instant::now();
    let first = ids(cluster)?;
    for id in &first {
        lab.wait_lifecycle(id, "InService", LIMIT)?;
    }
    let took = launched.elapsed();
    eprintln!("    in service after {:.1} s", took.as_secs_f64());
    ensure!(first == ids(cluster)?, "an instance was replaced");
    Ok((first, took))
}

fn ids(cluster: &Cluster) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for role in [Role::Manager, Role::Worker] {
        ids.extend(
            cluster
                .machines_of(role)?
                .into_iter()
                .map(|machine| machine.id),
        );
    }
    Ok(ids)
}

/// An instance's calls of Auto Scaling.
fn scaling(lab: &Lab, id: &str) -> Result<Vec<Request>> {
    let mut calls = requests_of(lab, id)?;
    calls.retain(|call| call.service == "autoscaling");
    Ok(calls)
}

/// When a call succeeded, each time.
fn times(calls: &[Request], action: &str) -> Vec<f64> {
    let good = calls
        .iter()
        .filter(|call| call.action == action && call.status == Some(200));
    good.map(|call| call.time).collect()
}

/// The instance ended the hook itself, so, and in no other way.
fn ended(calls: &[Request], result: &str) -> Result<()> {
    let ends = calls
        .iter()
        .filter(|call| call.action == END && call.status == Some(200));
    let told: Vec<_> = ends.map(|call| call.target.as_str()).collect();
    let wanted = format!("{LAUNCHING_HOOK},{result}");
    ensure!(
        told.len() == 1 && told[0].ends_with(&wanted),
        "the group heard {told:?}"
    );
    Ok(())
}
