//! The engine: whether it answers, and whether its setup suits a swarm.

use std::path::PathBuf;
use std::time::Duration;

use super::{Finding, Grade};
use crate::config::Settings;
use docker::EngineError;
use docker::api::Docker;
pub(super) use docker::api::Setup;
use docker::daemon_flags::DaemonFlags;
use host::command::Host;
use view::status::engine_trouble::Trouble;

const CONCERN: &str = "engine";
/// The first that the agent works with (API 1.41).
const OLDEST: (u32, u32) = (20, 10);
/// Those that are fast and kept.
const STORAGE: [&str; 4] = ["overlay2", "overlayfs", "btrfs", "zfs"];

/// What the engine says, and whether there is one at all.
pub(super) struct Facts {
    pub(super) installed: bool,
    pub(super) setup: Result<Setup, EngineError>,
    /// Where it is asked.
    pub(super) socket: PathBuf,
    /// What it is started with.
    pub(super) flags: DaemonFlags,
    /// What was said of its starts.
    pub(super) trouble: Option<String>,
}

impl Facts {
    pub(super) fn data_root(&self) -> Option<&str> {
        let root = self.setup.as_ref().ok()?.data_root.as_str();
        (!root.is_empty()).then_some(root)
    }

    /// Whether containerd keeps the images.
    pub(super) fn in_containerd(&self) -> bool {
        self.setup.as_ref().is_ok_and(|setup| setup.in_containerd)
    }
}

pub(super) async fn gather(settings: &Settings, limit: Duration) -> Facts {
    let socket = settings.host_path(&settings.engine.socket);
    let docker = Docker::new(&socket, &settings.runtime_dir);
    let asked = tokio::time::timeout(limit, docker.setup(limit)).await;
    Facts {
        installed: docker::install::has_engine(&settings.root),
        setup: asked.unwrap_or(Err(EngineError::Slow(limit))),
        socket: settings.engine.socket.clone(),
        // Where systemd is not there, the units' findings say so.
        flags: DaemonFlags::look(&Host, &settings.root)
            .await
            .unwrap_or_default(),
        trouble: Trouble::read(&settings.runtime_dir),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let settings = [trouble(facts), labels(&facts.flags)].into_iter().flatten();
    let setup = match &facts.setup {
        Ok(setup) => setup,
        Err(error) => {
            let silent = [Some(silent(facts.installed, error)), elsewhere(facts)];
            return silent.into_iter().flatten().chain(settings).collect();
        }
    };
    let usual = [
        version(setup),
        live_restore(setup, &facts.flags),
        firewall(setup),
        storage(setup),
    ];
    usual.into_iter().chain(settings).collect()
}

/// That its flags have it listen at other places than its usual socket and the one that is set.
fn elsewhere(facts: &Facts) -> Option<Finding> {
    let hosts: Vec<&str> = facts.flags.values("hosts").collect();
    let socket = format!("unix://{}", facts.socket.display());
    // Both are one folder.
    let short = |path: &str| path.replace("/var/run/", "/run/");
    let is_socket = |host: &str| host == "unix://" || short(host) == short(&socket);
    let is_here = |host: &&str| host.starts_with("fd://") || is_socket(host);
    if hosts.is_empty() || hosts.iter().any(is_here) {
        return None;
    }
    let seen = format!("it listens at {}, and not at {socket}", hosts.join(", "));
    let found = Finding::new(CONCERN, "socket", Grade::Fail, seen);
    Some(found.advise("give it `-H fd://` as well, or name its socket in engine.socket"))
}

/// That it refuses its settings.
fn trouble(facts: &Facts) -> Option<Finding> {
    let seen = facts.trouble.clone()?;
    let found = Finding::new(CONCERN, "settings", Grade::Fail, seen);
    Some(found.advise(
        "mend engine.daemon, daemon.json or the engine's flags (`systemctl cat docker`), then `systemctl restart \
         swarmlet-prepare`",
    ))
}

/// With labels as flags the agent's own has no place.
fn labels(flags: &DaemonFlags) -> Option<Finding> {
    if !flags.has("labels") {
        return None;
    }
    let seen = format!(
        "it has no label of the agent's, since it is started with {}: the managers give this node no tasks",
        flags.place("labels")
    );
    let found = Finding::new(CONCERN, "labels", Grade::Fail, seen);
    Some(found.advise("move those labels to node.labels or daemon.json, and boot again"))
}

fn silent(installed: bool, error: &EngineError) -> Finding {
    let found = Finding::new(CONCERN, "answers", Grade::Fail, error.to_string());
    match error {
        _ if !installed => Finding::new(CONCERN, "answers", Grade::Warn, "Docker Engine is not installed")
            .advise("`swarmlet prepare` installs it at the next boot, unless engine.install is false"),
        EngineError::Slow(_) => found.advise(
            "it hangs or starts yet: `systemctl status docker`, then `systemctl restart docker`; its tasks move",
        ),
        EngineError::Unspoken(_) => found.advise("its API is newer than this agent: install a newer swarmlet"),
        _ => found.advise(
            "start it: `systemctl start docker`; if that fails, `journalctl -u docker` tells why",
        ),
    }
}

fn version(setup: &Setup) -> Finding {
    let found = |grade| {
        let seen = format!(
            "Docker Engine {}, {} in a swarm",
            setup.version, setup.swarm
        );
        Finding::new(CONCERN, "version", grade, seen)
    };
    match numbers(&setup.version) {
        Some(numbers) if numbers < OLDEST => {
            found(Grade::Fail).advise("install Docker Engine 20.10 or newer")
        }
        Some(_) => found(Grade::Ok),
        // Built from somebody's sources.
        None => found(Grade::Skipped),
    }
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '+', '-', '~']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn live_restore(setup: &Setup, flags: &DaemonFlags) -> Finding {
    let found = |grade, seen: &str| Finding::new(CONCERN, "live-restore", grade, seen);
    if setup.live_restore {
        let what = if flags.is_on("live-restore") {
            flags.place("live-restore")
        } else {
            "\"live-restore\" in daemon.json".to_owned()
        };
        found(Grade::Fail, "is on, which cannot work with swarm mode").advise(format!(
            "take out {what}, `systemctl daemon-reload` and `systemctl restart docker`"
        ))
    } else {
        found(Grade::Ok, "is off")
    }
}

/// Rules of overlay networks are not among those that Docker Engine 29 can write for nftables, so it is in no swarm
/// then (moby/moby#50467). A later one that is in a swarm all the same can.
fn firewall(setup: &Setup) -> Finding {
    let found = |grade, seen: &str| Finding::new(CONCERN, "firewall", grade, seen);
    match setup.firewall.as_str() {
        "" => found(Grade::Ok, "iptables, which this engine has no word for"),
        rules if rules.starts_with("nftables") && setup.swarm != "active" => {
            found(Grade::Fail, &format!("{rules}, which cannot work with swarm mode")).advise(
                "take \"firewall-backend\" out of /etc/docker/daemon.json and `systemctl restart docker`",
            )
        }
        rules => found(Grade::Ok, rules),
    }
}

fn storage(setup: &Setup) -> Finding {
    let found = |grade| {
        let seen = format!("{} on {}", setup.storage, setup.data_root);
        Finding::new(CONCERN, "storage", grade, seen)
    };
    if STORAGE.contains(&setup.storage.as_str()) {
        found(Grade::Ok)
    } else {
        found(Grade::Warn)
            .advise("use overlay2: other drivers are slow, or gone from newer engines")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Grade::{Fail, Ok as Good, Skipped, Warn};

    fn setup() -> Setup {
        Setup {
            version: "26.1.5+dfsg1".into(),
            storage: "overlay2".into(),
            data_root: "/var/lib/docker".into(),
            swarm: "active".into(),
            ..Setup::default()
        }
    }

    fn facts(installed: bool, setup: Result<Setup, EngineError>) -> Facts {
        Facts {
            installed,
            setup,
            socket: "/run/docker.sock".into(),
            flags: DaemonFlags::default(),
            trouble: None,
        }
    }

    #[test]
    fn settings_that_are_refused_and_labels_without_a_place_are_told() {
        let shown = "ExecStart={ path=/x ; argv[]=/usr/bin/dockerd --label a=b --live-restore ; ignore_errors=no }";
        let restoring = Setup {
            live_restore: true,
            ..setup()
        };
        let told = Facts {
            flags: DaemonFlags::parse(shown, |_| None),
            trouble: Some("its last start failed: x".into()),
            ..facts(true, Ok(restoring))
        };
        let found = findings(&told);
        let seen: Vec<_> = found
            .iter()
            .map(|found| (found.check.as_str(), found.grade))
            .collect();
        assert_eq!(
            seen[1..],
            [
                ("live-restore", Fail),
                ("firewall", Good),
                ("storage", Good),
                ("settings", Fail),
                ("labels", Fail)
            ]
        );
        let advice = found[1].advice.as_deref().unwrap_or_default();
        assert!(
            advice.starts_with("take out --live-restore of docker.service"),
            "{advice}"
        );
        assert!(
            found[5]
                .seen
                .contains("started with --label of docker.service"),
            "{found:?}"
        );
        let down = Facts {
            setup: Err(EngineError::Down("refused".into())),
            ..told
        };
        assert_eq!(findings(&down).len(), 3);
    }

    #[test]
    fn an_engine_that_listens_elsewhere_is_told() {
        for (hosts, is_told) in [
            ("-H tcp://127.0.0.1:2375 -H unix:///run/other.sock", true),
            ("-H tcp://127.0.0.1:2375 -H fd://", false),
            ("--host=unix:///var/run/docker.sock", false),
            ("--debug", false),
        ] {
            let shown = format!(
                "ExecStart={{ path=/x ; argv[]=/usr/bin/dockerd {hosts} ; ignore_errors=no }}"
            );
            let down = Facts {
                flags: DaemonFlags::parse(&shown, |_| None),
                ..facts(true, Err(EngineError::Down("refused".into())))
            };
            let found = findings(&down);
            assert_eq!(
                found.iter().any(|found| found.check == "socket"),
                is_told,
                "{hosts}"
            );
        }
    }

    #[test]
    fn a_setup_suits_a_swarm_or_not() {
        let old = Setup {
            version: "19.03.8".into(),
            ..setup()
        };
        let odd = Setup {
            version: "dev".into(),
            ..setup()
        };
        let restoring = Setup {
            live_restore: true,
            ..setup()
        };
        let slow = Setup {
            storage: "vfs".into(),
            ..setup()
        };
        let firewall = |rules: &str, swarm: &str| Setup {
            firewall: rules.into(),
            swarm: swarm.into(),
            ..setup()
        };
        for (setup, grades) in [
            (setup(), [Good, Good, Good, Good]),
            (old, [Fail, Good, Good, Good]),
            (odd, [Skipped, Good, Good, Good]),
            (restoring, [Good, Fail, Good, Good]),
            (slow, [Good, Good, Good, Warn]),
            (firewall("iptables", "inactive"), [Good, Good, Good, Good]),
            (firewall("nftables", "inactive"), [Good, Good, Fail, Good]),
            (
                firewall("nftables+firewalld", "error"),
                [Good, Good, Fail, Good],
            ),
            (firewall("nftables", "active"), [Good, Good, Good, Good]),
        ] {
            let found = findings(&facts(true, Ok(setup)));
            let seen: Vec<Grade> = found.iter().map(|finding| finding.grade).collect();
            assert_eq!(seen, grades, "{found:?}");
        }
    }

    #[test]
    fn an_engine_is_missing_down_or_hangs() {
        let down = EngineError::Down("Connection refused".into());
        let slow = EngineError::Slow(Duration::from_secs(3));
        let newer = EngineError::Unspoken("client version 1.53 is too old.".into());
        for (installed, error, grade, advice) in [
            (true, down.clone(), Grade::Fail, "systemctl start docker"),
            (true, slow, Grade::Fail, "systemctl restart docker"),
            (true, newer, Grade::Fail, "install a newer swarmlet"),
            (false, down, Grade::Warn, "swarmlet prepare"),
        ] {
            let found = findings(&facts(installed, Err(error)));
            assert_eq!(found[0].grade, grade);
            assert!(
                found[0].advice.as_ref().unwrap().contains(advice),
                "{found:?}"
            );
        }
    }
}
