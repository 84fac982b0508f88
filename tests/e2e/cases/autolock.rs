//! A swarm that encrypts its raft store: the key is kept where managers may read it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Image, Lab, Role, wait_until};

use super::support::{docker, unique, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "autolock::a_locked_manager_is_unlocked_or_says_what_is_missing",
    run: |lab| unlocked(lab, &Image::Baked),
}];

const AUTOLOCK: &str = "
mkdir -p /etc/swarmlet/config.d
printf '[swarm]\\nautolock = true\\n' >/etc/swarmlet/config.d/autolock.toml
systemctl restart --no-block swarmlet.service";

pub(super) fn unlocked(lab: &Lab, image: &Image) -> Result<()> {
    let cluster = locking(lab, image)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let name = format!("/swarmlet/{}/unlock-key", cluster.name());
    wait_until("the key is stored", Duration::from_secs(30), || {
        let answer = lab.aws(&["ssm", "get-parameter", "--name", &name])?;
        let kind = answer["Parameter"]["Type"].as_str().unwrap_or_default();
        ensure!(kind == "SecureString", "it is a {kind}");
        Ok(())
    })?;

    // The template's key, by the managers' tag.
    let wanted = format!("alias/swarmlet-{}", cluster.name());
    for secret in ["ticket", "unlock-key"] {
        let filter = format!("Key=Name,Values=/swarmlet/{}/{secret}", cluster.name());
        let words = ["ssm", "describe-parameters", "--parameter-filters", &filter];
        let key = lab.aws(&words)?["Parameters"][0]["KeyId"].clone();
        ensure!(key == wanted.as_str(), "{secret} is under {key}");
    }

    let restarted = Instant::now();
    restart_engine(lab, &manager)?;
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = restarted.elapsed().as_secs_f64();
    eprintln!("    unlocked and whole {time:.1} s after the engine's restart");
    let journal = lab.exec(&manager, &["journalctl", "-u", "swarmlet", "-o", "cat"])?;
    ensure!(
        journal.ok()?.contains("engine unlocked"),
        "it was never locked"
    );

    lab.aws(&["ssm", "delete-parameter", "--name", &name])?;
    restart_engine(lab, &manager)?;
    wait_until("the status says so", Duration::from_mins(1), || {
        let status = unit(lab, &manager, "swarmlet.service", "StatusText")?;
        let told = status.contains(&name) && status.contains("docker swarm unlock");
        ensure!(told, "it says {status:?}");
        Ok(())
    })
}

/// One manager and one worker, told to lock before anybody may claim the swarm.
fn locking(lab: &Lab, image: &Image) -> Result<Cluster> {
    let name = unique("autolock");
    let not_yet = lab.fault(&Fault::new("ssm", Effect::Deny).cluster(&name))?;
    let spec = ClusterSpec {
        image: image.clone(),
        ..ClusterSpec::new(&name, 1, 1)
    };
    let cluster = Cluster::create(lab, &spec)?;
    for machine in cluster.machines_of(Role::Manager)? {
        wait_until("the agent runs", Duration::from_mins(1), || {
            let status = unit(lab, &machine.id, "swarmlet.service", "StatusText")?;
            ensure!(status.contains("is denied"), "it says {status:?}");
            Ok(())
        })?;
        lab.exec(&machine.id, &["sh", "-ec", AUTOLOCK])?.ok()?;
    }
    drop(not_yet);
    cluster.wait_whole(Duration::from_mins(2))?;
    Ok(cluster)
}

fn restart_engine(lab: &Lab, id: &str) -> Result<()> {
    docker(lab, id, &["version"])?;
    lab.exec(id, &["systemctl", "restart", "docker"])?
        .ok()
        .map(drop)
}
