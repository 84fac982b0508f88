//! A group grows: the new workers join by themselves, at one read each. When they are in, they ask
//! their group once whether it waits for them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Lab, Role};

use super::support::{requests_of, shared};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "scale_out::three_more_workers_cost_one_read_each",
    run: three_more,
}];

fn three_more(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let before: Vec<String> = cluster
        .machines()?
        .into_iter()
        .map(|machine| machine.id)
        .collect();
    let workers = u32::try_from(cluster.machines_of(Role::Worker)?.len())?;
    cluster.scale(Role::Worker, workers + 3)?;
    let scaled = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    eprintln!(
        "    three more Ready after {:.1} s",
        scaled.elapsed().as_secs_f64()
    );
    let mut grown = cluster.machines()?;
    grown.retain(|machine| !before.contains(&machine.id));
    ensure!(grown.len() == 3, "{} machines were added", grown.len());
    for machine in &grown {
        let calls: Vec<String> = requests_of(lab, &machine.id)?
            .iter()
            .map(|request| format!("{}:{}", request.service, request.action))
            .collect();
        ensure!(
            calls == ["ssm:GetParameter", "autoscaling:DescribeLifecycleHooks"],
            "{} called {calls:?}",
            machine.id
        );
    }
    Ok(())
}
