//! A manager whose raft log is damaged, or behind what the leader knows of it: after a full disk, a hard stop, or a
//! volume that was put back from a snapshot.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Lab, Role, wait_until};

use super::removed::joined_again;
use super::seen::{Fault, epochs, followers, formed, leader, one_swarm, status};
use crate::Case;
use crate::cases::support::{docker, node_id};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "healing::a_raft_log_that_is_damaged",
    run: damaged,
}];

/// The engine is restarted first, and ten minutes lie between two acts that cannot be undone.
pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "healing::a_raft_log_that_went_back",
    run: went_back,
}];

const COPY: &str = "systemctl stop docker.socket docker && cp -a /var/lib/docker/swarm /root/before && \
                    systemctl start docker";
const PUT_BACK: &str = "systemctl stop docker.socket docker && rm -r /var/lib/docker/swarm && \
                        cp -a /root/before /var/lib/docker/swarm && systemctl start --no-block docker";
/// Within an entry, whose checksum then does not fit. A length that makes no sense would be taken for an end that a crash
/// has cut off, and mended.
const DAMAGE: &str = r"systemctl stop docker.socket docker
for log in /var/lib/docker/swarm/raft/wal-v3-encrypted/*.wal; do
  printf '\336\255\276\357' | dd of=$log bs=1 seek=400 conv=notrunc status=none || exit
done
systemctl start --no-block docker.socket docker";
const LOGS: &str = "sha256sum /var/lib/docker/swarm/raft/wal-v3-encrypted/*.wal";
/// More than raft sends one entry at a time.
const UPDATES: usize = 70;

fn run(lab: &Lab, id: &str, script: &str) -> Result<String> {
    lab.exec(id, &["sh", "-c", script])?.ok()
}

/// Such an engine answers, and says that it is in no swarm it can use.
fn damaged(lab: &Lab) -> Result<()> {
    let (three, lone) = (formed(lab, "damaged", 3, 0)?, formed(lab, "lone", 1, 0)?);
    let swarm = one_swarm(lab, &three)?;
    let victim = followers(lab, &three)?.remove(0).id;
    let before = node_id(lab, &victim)?;
    let only = lone.machines_of(Role::Manager)?.remove(0).id;
    run(lab, &only, DAMAGE)?;
    let logs = run(lab, &only, LOGS)?;
    let fault = Fault::now();
    run(lab, &victim, DAMAGE)?;
    joined_again(lab, &three, &victim, &before)?;
    fault.healed("a damaged log, two other managers", &(5..=240))?;
    ensure!(one_swarm(lab, &three)? == swarm, "it is another swarm");
    ensure!(epochs(lab, &three)? == ["formed"], "an epoch was spent");
    wait_until("the only manager says so", Duration::from_mins(1), || {
        let said = status(lab, &only)?;
        ensure!(
            said.contains("may be the last copy and is left as it is"),
            "{said}"
        );
        Ok(())
    })?;
    // Twice as long as it takes where others serve the swarm.
    thread::sleep(Duration::from_mins(1));
    ensure!(run(lab, &only, LOGS)? == logs, "the last copy was touched");
    ensure!(epochs(lab, &lone)? == ["formed"], "an epoch was spent");
    three.delete()?;
    lone.delete()
}

/// Such an engine ends at each start, when the leader speaks to it.
fn went_back(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "back", 3, 0)?;
    let swarm = one_swarm(lab, &cluster)?;
    let victim = followers(lab, &cluster)?.remove(0).id;
    let before = node_id(lab, &victim)?;
    run(lab, &victim, COPY)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let leader = leader(lab, &cluster)?.id;
    for count in 0..UPDATES {
        let label = format!("count={count}");
        docker(
            lab,
            &leader,
            &["node", "update", "--label-add", &label, &before],
        )?;
    }
    let fault = Fault::now();
    run(lab, &victim, PUT_BACK)?;
    wait_until("it says why", Duration::from_mins(9), || {
        let said = status(lab, &victim)?;
        ensure!(said.contains("without its swarm state"), "{said}");
        Ok(())
    })?;
    wait_until("its turn comes", Duration::from_mins(10), || {
        let aside = run(
            lab,
            &victim,
            "journalctl --output cat --unit swarmlet-clear-swarm",
        )?;
        ensure!(aside.contains("the state is removed"), "{aside}");
        Ok(())
    })?;
    joined_again(lab, &cluster, &victim, &before)?;
    fault.healed("a log that went back", &(600..=1_000))?;
    ensure!(one_swarm(lab, &cluster)? == swarm, "it is another swarm");
    ensure!(epochs(lab, &cluster)? == ["formed"], "an epoch was spent");
    let left = run(lab, &victim, "ls /var/lib/docker | grep -c aside || true")?;
    ensure!(left.trim() == "0", "something is left aside");
    cluster.delete()
}
