//! Limits of services, which a kernel shared with containers does not enforce.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Lab, Role, wait_until};
use serde_json::Value;

use super::{Formed, tell};
use crate::Case;
use crate::cases::stacks::seen::supply;
use crate::cases::support::docker;

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "vm::limits_hold_a_service_and_not_its_neighbour",
    run: limits,
}];

/// What both of them take, in MiB: more than the one may have.
const TAKEN: &str = "150M";
const LIMIT: &str = "64M";
/// Takes the memory at once, writes all of it, and goes on with what comes after.
const TAKE: &str = "/bin/busybox dd if=/dev/zero of=/dev/null count=1 bs=";
/// Of one processor.
const SHARE: f64 = 0.2;
/// The kernel counts in periods of 100 ms, so a look is never exact.
const MEASURED: f64 = 0.05;
/// What a group has used in 10 s, both in microseconds of the machine's own clock, and how often it was held back.
const SHARE_OF: &str = r#"
look() { awk '$1 == "usage_usec" { used = $2 } $1 == "nr_throttled" { held = $2 } END { print used, held }' "$1"; }
now() { awk '{ printf "%d", $1 * 1000000 }' /proc/uptime; }
from=$(now); set -- "$1" $(look "$1"); sleep 10; set -- "$2" "$3" $(look "$1")
echo "$(($3 - $1)) $(($(now) - from)) $(($4 - $2))"
"#;

fn limits(lab: &Lab) -> Result<()> {
    let formed = Formed::new(lab, "limits", 0)?;
    let id = formed.cluster.machines_of(Role::Manager)?.remove(0).id;
    supply(lab, &id)?;
    doctor_is_content(lab, &id)?;
    let started = Instant::now();
    let neighbour = format!("{TAKE}{TAKEN} && exec httpd -f -p 8080");
    service(lab, &id, "neighbour", &[], &neighbour)?;
    let stays = wait_until("the neighbour runs", formed.boot, || {
        container(lab, &id, "neighbour", "running")
    })?;
    memory(lab, &formed, &id)?;
    processor(lab, &formed, &id)?;
    ensure!(
        container(lab, &id, "neighbour", "running")? == stays,
        "the neighbour is another one"
    );
    tell(
        "one killed, one held back, their neighbour untouched",
        started,
    );
    formed.cluster.delete()
}

/// The kernel kills who takes more than it may have.
fn memory(lab: &Lab, formed: &Formed, id: &str) -> Result<()> {
    let started = Instant::now();
    let greedy = format!("{TAKE}{TAKEN}; exit $?");
    let only = ["--limit-memory", LIMIT, "--restart-condition", "none"];
    service(lab, id, "greedy", &only, &greedy)?;
    let ended = wait_until("the greedy one is killed", formed.boot, || {
        container(lab, id, "greedy", "exited")
    })?;
    let format = "{{.State.OOMKilled}} {{.State.ExitCode}}";
    let how = docker(lab, id, &["inspect", "--format", format, &ended])?;
    ensure!(how == "true 137", "killed for memory, exit code: {how}");
    tell(&format!("{TAKEN} taken, {LIMIT} allowed: killed"), started);
    Ok(())
}

/// The kernel gives one who would take all of the processor's time what it may have.
fn processor(lab: &Lab, formed: &Formed, id: &str) -> Result<()> {
    let only = ["--limit-cpu", &SHARE.to_string()];
    service(lab, id, "busy", &only, "while :; do :; done")?;
    let busy = wait_until("the busy one runs", formed.boot, || {
        container(lab, id, "busy", "running")
    })?;
    let group = format!("/sys/fs/cgroup/system.slice/docker-{busy}.scope/cpu.stat");
    let asked = ["sh", "-c", SHARE_OF, "share", &group];
    let told = lab.exec_for(id, formed.boot, &asked)?.ok()?;
    let numbers: Vec<f64> = told
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("cannot read {told:?}"))?;
    let [used, microseconds, held_back] = numbers[..] else {
        bail!("not three numbers: {told:?}");
    };
    let share = used / microseconds;
    eprintln!("    {SHARE} of the processor allowed: {share:.3} used, held back {held_back} times");
    ensure!(held_back > 0.0, "it was never held back");
    ensure!(share < SHARE + MEASURED, "it had more than it may");
    docker(lab, id, &["service", "rm", "busy"]).map(drop)
}

/// A service with one task, of a shell's words.
fn service(lab: &Lab, id: &str, name: &str, how: &[&str], script: &str) -> Result<()> {
    let words = ["service", "create", "--detach", "--quiet", "--name", name];
    let what = ["--no-resolve-image", "busybox:1.37", "sh", "-c", script];
    docker(lab, id, &[&words[..], how, &what].concat()).map(drop)
}

/// The one container of a service in this state.
fn container(lab: &Lab, id: &str, service: &str, state: &str) -> Result<String> {
    let service = format!("label=com.docker.swarm.service.name={service}");
    let state = format!("status={state}");
    let words = ["ps", "--all", "--quiet", "--no-trunc", "--filter"];
    let found = docker(
        lab,
        id,
        &[&words[..], &[&service, "--filter", &state]].concat(),
    )?;
    ensure!(found.lines().count() == 1, "there are: {found:?}");
    Ok(found)
}

fn doctor_is_content(lab: &Lab, id: &str) -> Result<()> {
    let told = lab.exec(id, &["swarmlet", "doctor", "--json"])?.stdout;
    let told: Value = serde_json::from_str(&told).with_context(|| told.clone())?;
    let findings = told["findings"].as_array().context("no findings")?;
    let found: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["concern"] == "cgroup")
        .collect();
    ensure!(
        matches!(found[..], [one] if one["grade"] == "ok"),
        "the doctor says of control groups: {found:#?}"
    );
    eprintln!("    the doctor: {}", found[0]["seen"]);
    Ok(())
}
