//! Half of the workers go, and what they run moves first.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Image, Lab, Role};

use super::seen::{HOOK, Watch, completed, ended, formed_of, manager, sample, samples, serve};
use crate::Case;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::three_of_six_workers_scaled_in",
    run: |lab| three_of_six(lab, &Image::Baked),
}];

const REPLICAS: usize = 12;
const CLEAN: Duration = Duration::from_mins(2);

pub(in crate::cases) fn three_of_six(lab: &Lab, image: &Image) -> Result<()> {
    let cluster = formed_of(lab, image, "scale-in", 1, 6)?;
    serve(lab, &cluster, REPLICAS)?;
    let manager = manager(&cluster)?.id;
    let workers = cluster.machines_of(Role::Worker)?;
    let (stay, go) = workers.split_at(3);
    let stay: Vec<&str> = stay.iter().map(|machine| machine.id.as_str()).collect();
    cluster.protect(Role::Worker, &stay)?;
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
    // The last one to ask may have been given a task of the first one before it did.
    let most = go.iter().map(|machine| seen.most_on(&machine.id)).max();
    let most = most.unwrap_or_default();
    eprintln!("    at most {most} tasks ran on a worker that goes");
    ensure!(
        (1..REPLICAS).contains(&most),
        "the looks at its nodes say nothing"
    );
    ensure!(seen.fewest + most >= REPLICAS, "too few tasks ran");
    ensure!(seen.killed == 0, "tasks were killed");
    cluster.delete()
}
