//! A spot interruption: two minutes, of which the last twenty seconds are nobody's.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, Notice, Role};

use super::seen::{Watch, completed, ended, formed, manager, sample, samples, serve};
use crate::Case;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_worker_taken_back_by_spot",
    run: taken_back,
}];

const NOTICE: Duration = Duration::from_mins(2);
const MARGIN: Duration = Duration::from_secs(20);

fn taken_back(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "spot", 1, 2)?;
    serve(lab, &cluster, 2)?;
    let manager = manager(&cluster)?.id;
    let id = cluster.machines_of(Role::Worker)?.remove(0).id;
    sample(lab, &manager)?;
    let watch = Watch::start();
    lab.notice(&id, &Notice::spot(NOTICE))?;
    // As Auto Scaling does where it rebalances capacity: from then on its hook waits.
    lab.terminate_member(&id, false)?;
    ended(lab, &id, NOTICE)?;
    completed(lab, &id)?;
    let took = watch.say("its hook was completed, and it had ended");
    ensure!(took + MARGIN < NOTICE, "the margin was used");
    let seen = samples(lab, &manager)?;
    ensure!(seen.killed == 0, "tasks were killed");
    cluster.wait_whole(NOTICE * 2)?;
    watch.say("it was replaced, and the node list clean");
    cluster.delete()
}
