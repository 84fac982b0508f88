//! Half of the workers go, and what they run moves first.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, Role};

use super::seen::{HOOK, Watch, completed, ended, formed, manager, sample, samples, serve};
use crate::Case;
use crate::cases::support::docker;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::three_of_six_workers_scaled_in",
    run: three_of_six,
}];

const REPLICAS: usize = 12;
const CLEAN: Duration = Duration::from_mins(2);

fn three_of_six(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "scale-in", 1, 6)?;
    serve(lab, &cluster, REPLICAS)?;
    let manager = manager(&cluster)?.id;
    let workers = cluster.machines_of(Role::Worker)?;
    let (stay, go) = workers.split_at(3);
    let stay: Vec<&str> = stay.iter().map(|machine| machine.id.as_str()).collect();
    cluster.protect(Role::Worker, &stay)?;
    let mut most = 0;
    for machine in go {
        most = most.max(docker(lab, &machine.id, &["ps", "-q"])?.lines().count());
    }
    sample(lab, &manager)?;
    let watch = Watch::start();
    cluster.scale(Role::Worker, 3)?;
    for machine in go {
        ended(lab, &machine.id, HOOK)?;
        watch.say(&format!("{} had gone", machine.id));
        completed(lab, &machine.id)?;
    }
    let took = watch.say("three workers had gone");
    ensure!(took < HOOK, "a hook has timed out");
    cluster.wait_whole(CLEAN)?;
    watch.say("the node list was clean");
    let seen = samples(lab, &manager)?;
    // One node of seven is drained at a time, and a task ends before the one that replaces it starts.
    eprintln!("    at most {most} tasks ran on a worker that goes");
    // The leader's list of tasks may be a moment old when it drains the next: seen once in a while, one
    // task more. Two nodes drained at a time would be more than that.
    ensure!(seen.fewest + most + 1 >= REPLICAS, "too few tasks ran");
    ensure!(seen.killed == 0, "tasks were killed");
    cluster.delete()
}
