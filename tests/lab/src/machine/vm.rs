//! The second kind of machine: a whole computer in software, with a kernel of its own, as a Nitro instance is one.
//!
//! QEMU translates every instruction (TCG): `/dev/kvm` may be there and still boot no stock kernel, so it is not tried.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{CONSOLE, Machine, guest, qmp};
use crate::cgroup::Cgroup;
use crate::image::Volume;
use crate::sh::output;
use crate::{dhcp, net};

/// A machine that has it is a virtual machine.
pub(super) const DISK: &str = "disk.qcow2";
const QMP: &str = "qmp.sock";
/// The memory of a `t3.small`, in MiB; what is not touched costs the host nothing.
const MEMORY: &str = "2048";
/// How Debian's images for EC2 boot, and: what systemd does is on the console, as on every machine of the lab; defences
/// against the processor's own flaws cost much and have nothing to defend in software.
const KERNEL: &str = "console=ttyS0,115200 root=/dev/nvme0n1 rw quiet systemd.show_status=yes \
                      nvme_core.io_timeout=4294967295 mitigations=off";

/// The group that the computer runs in.
pub(super) fn group(machine: &Cgroup) -> Cgroup {
    machine.child("qemu")
}

/// What is there before it boots, and the command that boots it.
pub(super) fn prepare(machine: &Machine, volume: &Volume) -> Result<Command> {
    make_disk(&machine.folder, volume)
        .with_context(|| format!("cannot make the disk of {}", machine.id))?;
    dhcp::know(&machine.mac, &machine.address)?;
    let tap = net::tap_up(&machine.id)?;
    let group = group(&machine.cgroup);
    group.create()?;
    let mut command = group.background("nsenter");
    command
        .arg(format!("--net={}", net::path(&net::hub()).display()))
        .args(["--", "qemu-system-x86_64"])
        .args(computer(&machine.id))
        .args(["-rtc", &clock(machine.clock)?])
        .args(devices(machine, &tap))
        .args(guest::devices(&machine.folder))
        .arg("-kernel")
        .arg(volume.kernel())
        .arg("-append")
        .arg(format!("{KERNEL} systemd.hostname={}", machine.hostname()));
    Ok(command)
}

/// A disk whose first content is the image's; it gets its name only when it is whole.
fn make_disk(folder: &Path, volume: &Volume) -> Result<()> {
    let (disk, unfinished) = (folder.join(DISK), folder.join("disk.unfinished"));
    if disk.exists() {
        return Ok(());
    }
    output(
        Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .arg(volume.disk())
            .arg(&unfinished),
    )?;
    fs::rename(&unfinished, &disk).context("cannot give it its name")
}

/// Processor, memory, and the firmware's tables as EC2 fills them.
fn computer(id: &str) -> Vec<String> {
    let uuid = uuid(id);
    let tables = [
        "type=0,vendor=Amazon EC2,version=1.0,date=10/16/2017,uefi=off".to_owned(),
        format!("type=1,manufacturer=Amazon EC2,product=t3.small,serial={uuid},uuid={uuid}"),
        format!("type=2,manufacturer=Amazon EC2,asset={id}"),
        "type=3,manufacturer=Amazon EC2,asset=Amazon EC2".to_owned(),
    ];
    let mut words: Vec<String> = ["-nodefaults", "-no-user-config", "-display", "none"]
        .into_iter()
        .chain(["-machine", "pc,vmport=off", "-accel", "tcg,thread=multi"])
        .chain(["-cpu", "max", "-smp", "1", "-m", MEMORY])
        .map(str::to_owned)
        .collect();
    for table in tables {
        words.extend(["-smbios".to_owned(), table]);
    }
    words
}

/// The clock that the machine finds when it boots: the host's, or so many seconds ahead of it.
fn clock(ahead: i64) -> Result<String> {
    if ahead == 0 {
        return Ok("base=utc,clock=host".to_owned());
    }
    let date = format!("{ahead} seconds");
    let words = ["--utc", "--date", &date, "+%Y-%m-%dT%H:%M:%S"];
    let base = output(Command::new("date").args(words))?;
    Ok(format!("base={},clock=host", base.trim()))
}

/// Disk, network, console and the rest, and the socket that the computer itself is spoken to by.
fn devices(machine: &Machine, tap: &str) -> Vec<String> {
    let place = |name: &str| machine.folder.join(name).display().to_string();
    let serial = machine.id.replace("i-", "vol");
    [
        (
            "-chardev",
            format!("file,id=console,append=on,path={}", place(CONSOLE)),
        ),
        ("-serial", "chardev:console".to_owned()),
        ("-qmp", format!("unix:{},server=on,wait=off", place(QMP))),
        // Its writes are on the disk when they are when the machine says so: ended at once, it loses what a machine loses
        // that loses its power, and its disk is whole.
        (
            "-drive",
            format!(
                "if=none,id=root,format=qcow2,cache=writeback,discard=unmap,file={}",
                place(DISK)
            ),
        ),
        (
            "-device",
            format!("nvme,drive=root,serial={}", &serial[..serial.len().min(20)]),
        ),
        (
            "-netdev",
            format!("tap,id=net,script=no,downscript=no,ifname={tap}"),
        ),
        (
            "-device",
            format!("virtio-net-pci,netdev=net,romfile=,mac={}", machine.mac),
        ),
        (
            "-object",
            "rng-random,id=rng,filename=/dev/urandom".to_owned(),
        ),
        ("-device", "virtio-rng-pci,rng=rng".to_owned()),
    ]
    .into_iter()
    .flat_map(|(option, value)| [option.to_owned(), value])
    .collect()
}

/// Presses the power button; false as long as, or when, there is nobody to press it for.
pub(super) fn ask(machine: &Machine) -> bool {
    qmp::call(&machine.folder.join(QMP), "system_powerdown").is_ok()
}

/// The number in the firmware's tables: on EC2 it begins with the three letters.
fn uuid(id: &str) -> String {
    let digits = format!("{:0>29}", id.trim_start_matches("i-"));
    let digits = format!("ec2{}", &digits[digits.len() - 29..]);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_the_host_s_or_begins_at_a_date() {
        assert_eq!(clock(0).expect("the host's"), "base=utc,clock=host");
        // A second later it may be another second, not another year.
        let year = 365 * 24 * 3600;
        let [now, then] = [1, 1 - year].map(|ahead| clock(ahead).expect("a date"));
        assert!(now > then && then.starts_with("base=2"), "{now}, {then}");
        assert!(
            then.ends_with(",clock=host")
                && then.len() == "base=2026-11-30T22:00:00,clock=host".len()
        );
    }

    #[test]
    fn the_number_in_the_firmware_begins_as_on_ec2_and_is_the_instance_s_own() {
        assert_eq!(
            uuid("i-0123456789abcdef0"),
            "ec200000-0000-0000-1234-56789abcdef0"
        );
    }
}
