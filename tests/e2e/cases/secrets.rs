//! Join tokens are in no journal, status, error, process list or file that others can read.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use lab::{Cluster, Lab, Role, wait_until};

use super::support::{docker, shared};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "secrets::join_tokens_are_nowhere_to_be_seen",
    run: nowhere,
}];

/// Puts the secret, given on standard input, where only root can read it: a search that had it
/// among its arguments would find itself.
const KEEP: &str = r#"
umask 077
secret=$(mktemp)
trap 'rm -f "$secret"' EXIT
cat >"$secret"
"#;

/// Prints where the secret is found: processes' arguments and environments, files that others
/// can read, the journal, units' states.
const SEARCH: &str = r#"
grep -lasFf "$secret" /proc/[0-9]*/cmdline /proc/[0-9]*/environ
find / -xdev -type f -perm -o=r -size -4M -not -path '/proc/*' -not -path '/sys/*' -print0 2>/dev/null |
  xargs -0 -r grep -lasFf "$secret"
find /run /tmp /var/tmp /dev/shm -type f -perm -o=r -print0 2>/dev/null |
  xargs -0 -r grep -lasFf "$secret"
journalctl --no-pager --output=export | grep -aqFf "$secret" && echo journal
systemctl show --all --no-pager | grep -qFf "$secret" && echo units
systemctl show --all --no-pager 'swarmlet*' docker | grep -qFf "$secret" && echo 'the state of a unit'
true
"#;

/// Looks at all processes again and again for some seconds; prints how often, and what it saw.
const WATCH: &str = r#"
looks=0 end=$(($(date +%s) + 6))
while [ "$(date +%s)" -lt "$end" ]; do
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -qaFf "$secret" && echo 'a process'
  systemctl show --property StatusText swarmlet | grep -qFf "$secret" && echo 'the status'
  looks=$((looks + 1))
done
echo "$looks looks"
"#;

fn nowhere(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let secrets = [
        secret(lab, &manager, "worker")?,
        secret(lab, &manager, "manager")?,
    ];
    while_a_node_joins(lab, &cluster, &secrets[0])?;
    for machine in cluster.machines()? {
        for secret in &secrets {
            let found = search(lab, &machine.id, secret)?;
            ensure!(found.is_empty(), "{} shows a token: {found:?}", machine.id);
            ensure!(
                !lab.console(&machine.id)?.contains(secret),
                "a console shows a token"
            );
        }
    }
    let journal = std::fs::read_to_string(lab.paths().journal())?;
    ensure!(
        secrets.iter().all(|secret| !journal.contains(secret)),
        "the lab's journal has a token"
    );
    the_search_finds(lab, &manager, &secrets[0])
}

fn secret(lab: &Lab, manager: &str, role: &str) -> Result<String> {
    let token = docker(lab, manager, &["swarm", "join-token", "--quiet", role])?;
    let secret = token.rsplit('-').next().unwrap_or_default();
    ensure!(secret.len() == 25, "this is no token");
    Ok(secret.to_owned())
}

/// Watches a new machine's processes and status from its first moments until it has joined.
fn while_a_node_joins(lab: &Lab, cluster: &Cluster, secret: &str) -> Result<()> {
    let before: Vec<String> = cluster.machines()?.into_iter().map(|m| m.id).collect();
    let count = u32::try_from(cluster.machines_of(Role::Worker)?.len())?;
    cluster.scale(Role::Worker, count + 1)?;
    let watched = wait_until("the new machine runs", Duration::from_mins(1), || {
        let new = cluster
            .machines()?
            .into_iter()
            .find(|m| !before.contains(&m.id));
        let Some(new) = new else {
            bail!("not launched yet");
        };
        with_secret(lab, &new.id, WATCH, secret)
    })?;
    let lines: Vec<&str> = watched.lines().collect();
    let [looks] = lines[..] else {
        bail!("a token was seen while a node joined: {watched}");
    };
    eprintln!("    {looks} at processes and status while a node joined");
    cluster.wait_whole(Duration::from_mins(1)).map(drop)
}

fn search(lab: &Lab, id: &str, secret: &str) -> Result<Vec<String>> {
    let output = with_secret(lab, id, SEARCH, secret)?;
    Ok(output.lines().map(str::to_owned).collect())
}

fn with_secret(lab: &Lab, id: &str, script: &str, secret: &str) -> Result<String> {
    let script = format!("{KEEP}{script}");
    lab.exec_with_input(id, &["sh", "-c", &script], secret)?
        .ok()
}

/// A search that finds nothing proves nothing until it finds what is there.
fn the_search_finds(lab: &Lab, id: &str, secret: &str) -> Result<()> {
    let plant = r#"read -r secret; echo "$secret" >/var/tmp/planted; chmod 644 /var/tmp/planted; echo "$secret" | systemd-cat -t planted
PLANTED=$secret sleep 20 >/dev/null 2>&1 &"#;
    lab.exec_with_input(id, &["sh", "-c", plant], secret)?
        .ok()?;
    wait_until(
        "the search finds what was planted",
        Duration::from_secs(10),
        || {
            let found = search(lab, id, secret)?;
            ensure!(
                found.iter().any(|line| line == "/var/tmp/planted"),
                "only {found:?}"
            );
            ensure!(found.iter().any(|line| line == "journal"), "only {found:?}");
            let in_a_process = |line: &String| line.starts_with("/proc/");
            ensure!(found.iter().any(in_a_process), "only {found:?}");
            Ok(())
        },
    )?;
    lab.exec(
        id,
        &[
            "sh",
            "-c",
            "rm /var/tmp/planted; journalctl --rotate; journalctl --vacuum-time=1s",
        ],
    )?
    .ok()
    .map(drop)
}
