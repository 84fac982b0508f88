//! What else an instance's metadata announces: a host that is retired, a warm pool and the way back.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Notice, Role, wait_until};

use super::seen::{Watch, active};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_retired_host_and_a_warm_pool",
    run: retired_and_warmed,
}];

const LIMIT: Duration = Duration::from_mins(2);
/// A retirement starts its departure ten minutes ahead.
const AHEAD: Duration = Duration::from_mins(10);

fn retired_and_warmed(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("notices"), 1, 3))?;
    cluster.wait_whole(LIMIT)?;
    active(&cluster)?;
    let mut workers = cluster.machines_of(Role::Worker)?.into_iter().map(|w| w.id);
    let (Some(retired), Some(warmed), Some(told)) =
        (workers.next(), workers.next(), workers.next())
    else {
        anyhow::bail!("there are not three workers");
    };
    let watch = Watch::start();
    lab.notice(
        &retired,
        &Notice::maintenance(AHEAD)
            .code("instance-retirement")
            .only_told(),
    )?;
    lab.notice(&warmed, &Notice::target("Warmed:Stopped").only_told())?;
    // Neither of these is a departure.
    lab.notice(
        &told,
        &Notice::maintenance(AHEAD).code("system-reboot").only_told(),
    )?;
    lab.notice(&told, &Notice::rebalance())?;
    for id in [&retired, &warmed] {
        wait_until("the node has left", LIMIT, || is(lab, id, "inactive"))?;
    }
    watch.say("both had left");
    is(lab, &told, "active")?;
    lab.notice(&warmed, &Notice::target("InService").only_told())?;
    wait_until("it is in service again", LIMIT, || {
        is(lab, &warmed, "active")
    })?;
    watch.say("the warmed one was back");
    is(lab, &retired, "inactive")?;
    cluster.delete()
}

fn is(lab: &Lab, id: &str, wanted: &str) -> Result<()> {
    let state = docker(lab, id, &["info", "--format", "{{.Swarm.LocalNodeState}}"])?;
    ensure!(state == wanted, "{id} is {state}");
    Ok(())
}
