//! Clocks that are wrong: containers have none of their own.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Image, Lab, Role, wait_until};

use super::{FIRST_BOOT, Formed, tell};
use crate::Case;
use crate::cases::healing::removed::stayed;
use crate::cases::healing::seen::{epochs, says};
use crate::cases::seen::doctor_says;
use crate::cases::support::{node_id, parameters, unique};

pub(in crate::cases) const SLOW: &[Case] = &[
    Case {
        name: "vm::a_manager_an_hour_ahead_forms_when_its_clock_is_put_right",
        run: a_manager_an_hour_ahead,
    },
    Case {
        name: "vm::a_worker_two_hours_behind_keeps_its_place",
        run: a_worker_two_hours_behind,
    },
];

const HOUR: i64 = 3600;

/// It makes no swarm, whose certificates nobody else could use, and says why; put right, it does.
fn a_manager_an_hour_ahead(lab: &Lab) -> Result<()> {
    let spec = ClusterSpec {
        image: Image::Vm,
        ..ClusterSpec::new(&unique("clocks"), 1, 0)
    };
    let not_yet = lab.fault(&Fault::new("ssm", Effect::Deny).cluster(&spec.name))?;
    let cluster = Cluster::create(lab, &spec)?;
    let launched = Instant::now();
    let id = cluster.machines_of(Role::Manager)?.remove(0).id;
    wait_until("the engine of the first boot runs", FIRST_BOOT, || {
        lab.exec(&id, &["systemctl", "is-active", "docker"])?
            .ok()
            .map(drop)
    })?;
    let boot = launched.elapsed();
    turn(lab, &id, HOUR)?;
    drop(not_yet);
    says(lab, &id, "the clock of this host is wrong by", boot)?;
    doctor_says(
        lab,
        &id,
        "clock",
        "ahead of AWS's clock",
        "have the clock set",
    )?;
    let claims = parameters(lab, &format!("/swarmlet/{}/epochs", cluster.name()))?;
    ensure!(claims.is_empty(), "it has claimed: {claims:?}");
    tell(
        "a manager an hour ahead says so and claims nothing",
        launched,
    );
    let right = Instant::now();
    turn(lab, &id, -HOUR)?;
    cluster.wait_whole(boot)?;
    tell("put right, it made the swarm", right);
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    cluster.delete()
}

/// Its engine is started with that clock, fails, and does not try again: the agent has it restarted when the clock is right,
/// and it is the node that it was.
fn a_worker_two_hours_behind(lab: &Lab) -> Result<()> {
    let formed = Formed::new(lab, "behind", 1)?;
    let id = formed.cluster.machines_of(Role::Worker)?.remove(0).id;
    let node = node_id(lab, &id)?;
    turn(lab, &id, -2 * HOUR)?;
    lab.exec(&id, &["systemctl", "restart", "docker"])?.ok()?;
    let behind = Instant::now();
    says(lab, &id, "THE CLOCK OF THIS HOST IS BEHIND", formed.boot)?;
    tell("a worker two hours behind says so", behind);
    // Longer than an engine that has failed is waited for before its node leaves.
    thread::sleep(Duration::from_mins(2));
    turn(lab, &id, 2 * HOUR)?;
    let right = Instant::now();
    says(lab, &id, "in the swarm", formed.boot * 2)?;
    formed.cluster.wait_whole(formed.boot)?;
    tell("put right, it is the node that it was", right);
    stayed(lab, &id, &node)?;
    formed.cluster.delete()
}

/// Turns the clock by so many seconds.
fn turn(lab: &Lab, id: &str, seconds: i64) -> Result<()> {
    let by = format!("{seconds} seconds");
    lab.exec(id, &["date", "--set", &by])?.ok().map(drop)
}
