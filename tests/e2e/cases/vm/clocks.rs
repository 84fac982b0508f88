//! Clocks that are wrong: containers have none of their own.

use std::time::Instant;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Image, Lab, Role, wait_until};

use super::{FIRST_BOOT, tell};
use crate::Case;
use crate::cases::healing::seen::{epochs, says};
use crate::cases::seen::doctor_says;
use crate::cases::support::{parameters, unique};

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "vm::a_manager_an_hour_ahead_forms_when_its_clock_is_put_right",
    run: a_manager_an_hour_ahead,
}];

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

/// Turns the clock by so many seconds.
fn turn(lab: &Lab, id: &str, seconds: i64) -> Result<()> {
    let by = format!("{seconds} seconds");
    lab.exec(id, &["date", "--set", &by])?.ok().map(drop)
}
