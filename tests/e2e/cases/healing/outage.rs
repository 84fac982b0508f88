//! Parameter Store is out of order while a group grows.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Effect, Fault as CloudFault, Lab, Role};

use super::seen::{Fault, epochs, formed, long};
use crate::Case;
use crate::cases::support::{node_id, requests_of};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::parameter_store_out_of_order_during_scale_out",
    run: scale_out,
}];

/// Members do not notice; the newcomers wait, without storming, and join by themselves after it.
fn scale_out(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "outage", 1, 1)?;
    let members = cluster.machines()?;
    let nodes: Vec<_> = members
        .iter()
        .map(|m| node_id(lab, &m.id))
        .collect::<Result<_>>()?;
    let seconds = if long() { 180 } else { 60 };
    let out_of_order = CloudFault::new("ssm", Effect::Error)
        .cluster(cluster.name())
        .seconds(seconds);
    let _out_of_order = lab.fault(&out_of_order)?;
    let fault = Fault::now();
    cluster.scale(Role::Worker, 3)?;
    cluster.wait_whole(Duration::from_secs(seconds + 150))?;
    fault.healed("Parameter Store out of order", &(seconds..=seconds + 90))?;
    let after: Vec<_> = members
        .iter()
        .map(|m| node_id(lab, &m.id))
        .collect::<Result<_>>()?;
    ensure!(after == nodes, "a member is another node now");
    ensure!(epochs(lab, &cluster)? == ["formed"]);
    for machine in cluster.machines()? {
        let calls = requests_of(lab, &machine.id)?;
        let refused = calls.iter().filter(|call| call.error.is_some()).count();
        eprintln!("    {}: {refused} calls failed", machine.id);
        ensure!(refused <= 20, "{} stormed: {refused} calls", machine.id);
    }
    cluster.delete()
}
