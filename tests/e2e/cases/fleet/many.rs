//! Twenty departures at once, inside the default limits of AWS.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, Requests, Role};

use super::seen::{HOOK, Watch, completed, ended, formed};
use crate::Case;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::twenty_departures_at_once",
    run: twenty,
}];

const MANY: u32 = 20;

fn twenty(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "many", 1, MANY)?;
    let workers = cluster.machines_of(Role::Worker)?;
    let before = lab.requests(&Requests::to("ssm"))?.len();
    let watch = Watch::start();
    cluster.scale(Role::Worker, 0)?;
    for machine in &workers {
        ended(lab, &machine.id, HOOK)?;
    }
    watch.say("twenty had gone");
    for machine in &workers {
        completed(lab, &machine.id)?;
    }
    let asked = lab.requests(&Requests::to("ssm"))?.len() - before;
    let hooks = lab.requests(&Requests::to("autoscaling").action("CompleteLifecycleAction"))?;
    eprintln!(
        "    {asked} calls of Parameter Store, {} completions of hooks",
        hooks.len()
    );
    ensure!(asked <= 20, "{asked} calls of Parameter Store");
    cluster.wait_whole(Duration::from_mins(3))?;
    watch.say("the node list was clean");
    cluster.delete()
}
