//! What an image holds, and that this is enough to boot into a swarm.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Launch, Output};

use super::support::{booted, unique};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "image::checks_name_what_a_seal_has_left",
        run: checks_name_what_is_left,
    },
    Case {
        name: "image::boots_into_a_swarm_with_nothing_from_outside",
        run: boots_with_nothing_from_outside,
    },
    Case {
        name: "image::an_ssm_agent_is_taken_only_with_its_signature",
        run: agent_is_signed,
    },
];

const VERIFY: &str = "/usr/lib/swarmlet/checks/verify";

/// What must never be in an image: how it gets there, and what the checks then say.
const PLANTED: [(&str, &str); 7] = [
    (
        "systemd-machine-id-setup",
        "blank /etc/machine-id: it has content",
    ),
    (
        "echo key >/etc/ssh/ssh_host_ed25519_key",
        "absent /etc/ssh/ssh_host_*: /etc/ssh/ssh_host_ed25519_key is there",
    ),
    (
        "mkdir -p /var/lib/docker/swarm",
        "absent /var/lib/docker/swarm: /var/lib/docker/swarm is there",
    ),
    (
        "echo {} >/var/lib/swarmlet/membership.json",
        "hollow /var/lib/swarmlet: /var/lib/swarmlet/membership.json is there",
    ),
    (
        "echo said >/var/log/said.log",
        "silent /var/log: /var/log/said.log has content",
    ),
    (
        "chmod 777 /usr/bin/swarmlet",
        "file /usr/bin/swarmlet 755 root:root: it is 777 root:root",
    ),
    (
        "sed -i 's/\"engine\": \"[0-9]*/\"engine\": \"1/' /usr/share/swarmlet/manifest.json",
        "manifest : installed is \"engine\": \"2",
    ),
];

fn checks_name_what_is_left(lab: &Lab) -> Result<()> {
    let id = lab.launch(&Launch::default())?.remove(0);
    booted(lab, &id)?;
    let said = failures(&lab.exec(&id, &[VERIFY])?);
    ensure!(
        said.iter().any(|line| line.starts_with(PLANTED[0].1)),
        "a machine that has booted passes for a sealed image: {said:?}"
    );
    seal(lab, &id)?;
    for (plant, _) in PLANTED {
        lab.exec(&id, &["sh", "-c", plant])?.ok()?;
    }
    let verified = lab.exec(&id, &[VERIFY])?;
    let said = failures(&verified);
    ensure!(
        verified.status == 1,
        "exit status {}: {said:?}",
        verified.status
    );
    for (_, expected) in PLANTED {
        ensure!(
            said.iter().any(|line| line.starts_with(expected)),
            "nothing begins with {expected:?}: {said:?}"
        );
    }
    ensure!(
        said.len() == PLANTED.len(),
        "more than was planted: {said:?}"
    );
    Ok(())
}

/// By the script that seals every image, which ends with the checks.
pub(super) fn seal(lab: &Lab, id: &str) -> Result<()> {
    let script = fs::read_to_string(lab.paths().root.join("packer/provision/90-seal.sh"))?;
    let said = lab.exec_with_input(id, &["bash", "-s"], &script)?.ok()?;
    let verdict = said.lines().last().unwrap_or_default();
    eprintln!("    sealed: {verdict}");
    ensure!(verdict.ends_with("assertions hold"), "{said}");
    Ok(())
}

/// The lines about assertions that do not hold.
fn failures(verified: &Output) -> Vec<String> {
    let lines = verified.stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix("not ok: "))
        .map(str::to_owned)
        .collect()
}

fn boots_with_nothing_from_outside(lab: &Lab) -> Result<()> {
    let before = lab.strays()?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("alone"), 1, 1))?;
    let launched = Instant::now();
    cluster.wait_whole(Duration::from_mins(1))?;
    let time = launched.elapsed().as_secs_f64();
    let after = lab.strays()?;
    ensure!(
        before == after,
        "something was asked for outside of the lab: {before:?}, then {after:?}"
    );
    eprintln!("    whole after {time:.1} s, and nothing was asked for outside");
    let machines = cluster.machines()?;
    for machine in &machines {
        is_as_packed(lab, &machine.id)?;
    }
    would_be_seen(lab, &machines[0].id)
}

/// The machine still is what its image's manifest says.
pub(super) fn is_as_packed(lab: &Lab, id: &str) -> Result<()> {
    lab.exec(id, &[VERIFY, "--booted"])?.ok().map(drop)
}

/// Otherwise the counters show nothing.
fn would_be_seen(lab: &Lab, id: &str) -> Result<()> {
    let before = lab.strays()?;
    lab.exec(id, &["getent", "hosts", "registry.example"])?;
    lab.exec(id, &["curl", "-sS", "-m", "1", "http://192.0.2.1/"])?;
    let after = lab.strays()?;
    ensure!(
        after.unserved > before.unserved && after.outside > before.outside,
        "a name and an address outside went unseen: {before:?}, then {after:?}"
    );
    Ok(())
}

/// What stands in for AWS's, and has its name.
const AGENT: &str = "amazon-ssm-agent";
const KEYS: &str = "/tmp/swarmlet/keys/amazon-ssm-agent.asc";

fn agent_is_signed(lab: &Lab) -> Result<()> {
    let plain = Launch {
        image: Image::Plain,
        ..Launch::default()
    };
    let id = lab.launch(&plain)?.remove(0);
    booted(lab, &id)?;
    let packer = lab.paths().root.join("packer");
    let keys = fs::read_to_string(packer.join("keys/amazon-ssm-agent.asc"))?;
    let put = format!("mkdir -p /tmp/swarmlet/keys && cat >{KEYS}");
    lab.exec_with_input(&id, &["sh", "-c", &put], &keys)?.ok()?;
    let script = fs::read_to_string(packer.join("provision/25-session.sh"))?;
    let install = |version: &str| {
        let version = format!("SWARMLET_SSM_AGENT_VERSION={version}");
        let from = "SWARMLET_SSM_AGENT_SOURCE=http://10.98.0.1:8080/ssm";
        lab.exec_with_input(&id, &["env", &version, from, "bash", "-s"], &script)
    };
    let there = || lab.exec(&id, &["sh", "-c", &format!("command -v {AGENT}")]);
    for (version, expected) in [
        ("3.3.0.0", "is not signed by a key of"),
        (
            "3.3.0.1",
            "an empty ssm_agent_version to leave the SSM agent out",
        ),
    ] {
        let refused = install(version)?;
        ensure!(
            refused.status == 1 && refused.stderr.contains(expected),
            "{refused:?}"
        );
        ensure!(there()?.status != 0, "it is installed: {refused:?}");
    }
    ensure!(
        install("")?.ok()?.contains("is left out"),
        "nothing is said"
    );
    let know = format!("cat /etc/apt/keyrings/lab.asc >>{KEYS}");
    lab.exec(&id, &["sh", "-c", &know])?.ok()?;
    let said = install("3.3.0.0")?.ok()?;
    ensure!(said.contains("3.3.0.0-1 is installed"), "{said}");
    lab.exec(&id, &["systemctl", "is-enabled", AGENT])?.ok()?;
    let doctor = |says: &str| {
        let told = lab.exec(&id, &["swarmlet", "doctor"])?.stdout;
        ensure!(told.contains(says), "no {says:?} in {told}");
        Ok(())
    };
    doctor("is not active: Session Manager cannot reach this machine")?;
    lab.exec(&id, &["systemctl", "start", AGENT])?.ok()?;
    doctor("is active: Session Manager can reach this machine")
}
