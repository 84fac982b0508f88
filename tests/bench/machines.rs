//! What is done to single machines, and the times that their systemd has written down.

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lab::machine::{cgroup, systemd_of};
use lab::{Cgroup, Instance, Lab, Launch, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock;
use crate::docker::Engine;

const LIMIT: Duration = Duration::from_mins(2);
/// A machine that has just been worked with gets at least this long to calm down.
const CALM: Duration = Duration::from_millis(700);
/// A manager takes nodes in once in this time (swarmkit `manager/dispatcher`, `maxBatchInterval`): rests
/// of one length would measure one phase of it again and again.
const BEAT: Duration = Duration::from_millis(100);
/// Multiples of it, less their whole part, are spread evenly.
const GOLDEN_RATIO: f64 = 0.618_033_988_75;

/// Everything that the agent remembers but what `prepare` has to find again.
const WIPE: &str = "find /var/lib/swarmlet -mindepth 1 -not -name daemon-keys.json -delete";
const LEAVE: &str = "systemctl stop swarmlet.service hand.service 2>/dev/null; systemctl reset-failed 2>/dev/null; \
     docker swarm leave --force >/dev/null 2>&1; test ! -d /var/lib/swarmlet ||";

/// Launches machines and waits until EC2 tells their addresses.
pub(crate) fn launch(lab: &Lab, launch: &Launch) -> Result<Vec<Instance>> {
    let ids = lab.launch(launch)?;
    ids.iter().map(|id| lab.instance(id)).collect()
}

/// Ends machines and waits until they are off.
pub(crate) fn terminate(lab: &Lab, machines: &[Instance]) -> Result<()> {
    let ids = machines.iter().map(|machine| machine.id.as_str());
    let words: Vec<&str> = ["ec2", "terminate-instances", "--instance-ids"]
        .into_iter()
        .chain(ids)
        .collect();
    lab.aws(&words)?;
    wait_off(machines)
}

/// Waits until machines that are to end are off.
pub(crate) fn wait_off(machines: &[Instance]) -> Result<()> {
    wait_until("they are off", LIMIT, || {
        for machine in machines {
            if systemd_of(&machine.id).is_ok() {
                bail!("{} is on", machine.id);
            }
        }
        Ok(())
    })
}

/// Waits until a machine has done all it does at boot, its engine included.
pub(crate) fn wait_up(lab: &Lab, id: &str) -> Result<()> {
    wait_until(&format!("{id} is up"), LIMIT, || {
        shell(
            lab,
            id,
            "test \"$(systemctl is-system-running)\" != starting",
        )?;
        Engine::of(id)?.version().map(drop)
    })
}

/// A time that systemd has written down, in seconds of the host's clock.
pub(crate) fn stamp(lab: &Lab, id: &str, unit: &str, property: &str) -> Result<f64> {
    let property = format!("{property}Monotonic");
    let mut argv = vec!["systemctl", "show", "--value", "--property", &property];
    argv.extend(Some(unit).filter(|unit| !unit.is_empty()));
    let micros = lab.exec(id, &argv)?.ok()?;
    let micros: f64 = micros
        .trim()
        .parse()
        .with_context(|| format!("cannot read {property} of {unit:?}: {micros:?}"))?;
    Ok(micros / 1e6)
}

/// When a unit was started last.
pub(crate) fn started(lab: &Lab, id: &str, unit: &str) -> Result<f64> {
    stamp(lab, id, unit, "InactiveExitTimestamp")
}

/// When the machine's systemd began: the kernel has handed over to it.
pub(crate) fn booted(lab: &Lab, id: &str) -> Result<f64> {
    stamp(lab, id, "", "UserspaceTimestamp")
}

/// Starts a unit and does not wait for it.
pub(crate) fn start(lab: &Lab, id: &str, unit: &str) -> Result<()> {
    shell(lab, id, &format!("systemctl start --no-block {unit}")).map(drop)
}

/// Starts a command by hand, as a service of its own, so that its start is on systemd's record as the
/// start of the others is.
pub(crate) fn by_hand(lab: &Lab, id: &str, command: &str) -> Result<()> {
    let run = "systemd-run --quiet --no-block --unit=hand --property=RemainAfterExit=yes --";
    shell(lab, id, &format!("{run} {command}")).map(drop)
}

/// The start of what was started so.
pub(crate) const BY_HAND: &str = "hand.service";

/// Out of its swarm, and as if it had never been in one.
pub(crate) fn reset(lab: &Lab, id: &str) -> Result<()> {
    shell(lab, id, &format!("{LEAVE} {WIPE}"))?;
    calm();
    Ok(())
}

/// Until what was just done has had its effects, and for another part of a manager's beat each time.
pub(crate) fn calm() {
    static RESTS: AtomicU32 = AtomicU32::new(0);
    let rest = f64::from(RESTS.fetch_add(1, Ordering::Relaxed));
    std::thread::sleep(CALM + BEAT.mul_f64((rest * GOLDEN_RATIO).fract()));
}

/// Several at once.
pub(crate) fn reset_all(lab: &Lab, machines: &[Instance]) -> Result<()> {
    each(machines, |machine| reset(lab, &machine.id))
}

/// Does something to several machines in the same moment.
pub(crate) fn each(
    machines: &[Instance],
    work: impl Fn(&Instance) -> Result<()> + Sync,
) -> Result<()> {
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = machines
            .iter()
            .map(|machine| scope.spawn(move || work(machine)))
            .collect();
        running.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| bail!("a thread has panicked"))
        })
    })
}

/// Writes a file of a machine.
pub(crate) fn put(lab: &Lab, id: &str, path: &str, text: &str) -> Result<()> {
    let kept = lab.paths().state.join("bench-put");
    File::create(&kept)?.write_all(text.as_bytes())?;
    let argv = ["sh", "-c", "cat >\"$0\"", path];
    lab.exec_with_file(id, &argv, File::open(&kept)?)?
        .ok()
        .map(drop)
}

/// The main process of a unit, by its number on the host.
pub(crate) fn process(id: &str, unit: &str) -> Result<i32> {
    let found = slice(id)?.child(unit).processes();
    found
        .into_iter()
        .min()
        .with_context(|| format!("cannot find {unit} on {id}: it does not run"))
}

/// The control group of a machine's services.
pub(crate) fn slice(id: &str) -> Result<Cgroup> {
    Ok(cgroup(id)?.child("payload").child("system.slice"))
}

/// Kills a unit's main process; the answer is the moment before.
pub(crate) fn kill_unit(id: &str, unit: &str) -> Result<f64> {
    let process = Pid::from_raw(process(id, unit)?);
    let at = clock::now();
    kill(process, Signal::SIGKILL).with_context(|| format!("cannot kill {unit} of {id}"))?;
    Ok(at)
}

/// What a shell prints.
pub(crate) fn shell(lab: &Lab, id: &str, script: &str) -> Result<String> {
    let printed = lab.exec(id, &["sh", "-c", script])?.ok();
    printed.with_context(|| format!("cannot run {script:?} on {id}"))
}
