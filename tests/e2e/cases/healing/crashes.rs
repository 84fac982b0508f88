//! Engines that are killed and machines whose plug is pulled: the node comes back as the same one.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, wait_until};

use super::seen::{Fault, epochs};
use crate::Case;
use crate::cases::restarts::{ENGINE, REBOOT, Restart, on_each_role};
use crate::cases::support::{node_id, shared};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "healing::the_engine_killed",
        run: |lab| on_each_role(lab, &ENGINE_KILLED),
    },
    Case {
        name: "healing::the_plug_pulled",
        run: |lab| on_each_role(lab, &RESET),
    },
    Case {
        name: "healing::all_machines_rebooted_at_once",
        run: all_at_once,
    },
];

const ENGINE_KILLED: Restart = Restart {
    cause: |lab, id| {
        let kill = [
            "systemctl",
            "kill",
            "--kill-whom=main",
            "--signal=SIGKILL",
            "docker.service",
        ];
        lab.exec(id, &kill)?.ok().map(drop)
    },
    ..ENGINE
};
const RESET: Restart = Restart {
    cause: Lab::reset,
    ..REBOOT
};

fn all_at_once(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let machines = cluster.machines()?;
    let before = nodes(lab, &machines)?;
    let spent = epochs(lab, &cluster)?;
    let fault = Fault::now();
    let ids: Vec<&str> = machines.iter().map(|m| m.id.as_str()).collect();
    let call = ["ec2", "reboot-instances", "--instance-ids"];
    lab.aws(&[&call[..], &ids].concat())?;
    wait_until("the old boots are over", Duration::from_mins(1), || {
        ensure!(cluster.nodes().is_err(), "the manager still answers");
        Ok(())
    })?;
    cluster.wait_whole(Duration::from_mins(4))?;
    fault.healed("all machines rebooted", &(2..=150))?;
    ensure!(nodes(lab, &machines)? == before, "nodes changed");
    ensure!(epochs(lab, &cluster)? == spent, "an epoch was spent");
    Ok(())
}

fn nodes(lab: &Lab, machines: &[lab::Instance]) -> Result<Vec<String>> {
    machines.iter().map(|m| node_id(lab, &m.id)).collect()
}
