//! The lab itself: machines boot, know who they are, and come back from a reboot.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Image, Lab, Launch, wait_until};

use super::support::{booted, engine_answers};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "machines::boot_with_an_identity_and_keep_it",
    run: boot_with_an_identity_and_keep_it,
}];

const TOKEN: &str = "curl -sSf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token";

fn boot_with_an_identity_and_keep_it(lab: &Lab) -> Result<()> {
    let launched = Instant::now();
    let mut ids = lab.launch(&Launch {
        count: 2,
        ..Launch::default()
    })?;
    ids.extend(lab.launch(&Launch {
        image: Image::Plain,
        ..Launch::default()
    })?);
    let (baked, plain) = ids.split_at(2);
    for id in &ids {
        booted(lab, id)?;
        ensure!(
            instance_id(lab, id)? == *id,
            "IMDS tells {id} that it is another instance"
        );
    }
    for id in baked {
        engine_answers(lab, id)?;
    }
    eprintln!(
        "    engines answered {:.1} s after the launch",
        launched.elapsed().as_secs_f64()
    );
    ensure!(
        !lab.exec(&plain[0], &["which", "dockerd"])?.success(),
        "the plain image has an engine"
    );

    comes_back(lab, &baked[0], |id| lab.reboot(id))?;
    comes_back(lab, &baked[1], |id| lab.reset(id))
}

/// After a reboot of any kind: another boot of the same machine.
fn comes_back(lab: &Lab, id: &str, again: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    let machine_id = read(lab, id, "/etc/machine-id")?;
    let before = started(lab, id)?;
    again(id)?;
    wait_until(
        &format!("{id} has booted again"),
        Duration::from_mins(1),
        || {
            ensure!(started(lab, id)? != before, "it is the same boot");
            Ok(())
        },
    )?;
    booted(lab, id)?;
    engine_answers(lab, id)?;
    ensure!(
        instance_id(lab, id)? == *id,
        "{id} is another instance after a reboot"
    );
    ensure!(
        read(lab, id, "/etc/machine-id")? == machine_id,
        "{id} has another machine id after a reboot"
    );
    Ok(())
}

fn instance_id(lab: &Lab, id: &str) -> Result<String> {
    let script = format!(
        "curl -sSf -m 5 -H \"X-aws-ec2-metadata-token: $({TOKEN})\" http://169.254.169.254/latest/meta-data/instance-id"
    );
    lab.exec(id, &["sh", "-c", &script])?.ok()
}

/// When the machine's systemd started: every boot has its own. (The kernel's boot id is shared.)
fn started(lab: &Lab, id: &str) -> Result<String> {
    lab.exec(
        id,
        &[
            "systemctl",
            "show",
            "--property",
            "UserspaceTimestampMonotonic",
        ],
    )?
    .ok()
}

fn read(lab: &Lab, id: &str, file: &str) -> Result<String> {
    lab.exec(id, &["cat", file])?.ok()
}
