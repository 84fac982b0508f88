//! The units: there, enabled, and those of the package.

use std::collections::BTreeMap;

use super::{Finding, Grade};
use host::command::{Command, Runner};

const CONCERN: &str = "units";
/// What a node needs, and whether it has to be enabled: the engine's service is, by `prepare`, and starts the rules for
/// containers.
const UNITS: [(&str, bool); 8] = [
    ("swarmlet-prepare.service", true),
    ("swarmlet.service", true),
    ("swarmlet-restart-engine.path", true),
    ("swarmlet-announce.path", true),
    ("swarmlet-clear-swarm.path", true),
    ("swarmlet-ready.path", true),
    ("swarmlet-firewall.service", false),
    ("docker.service", false),
];
const PROPERTIES: &str = "Id,LoadState,UnitFileState,ActiveState,FragmentPath,NeedDaemonReload";

/// The properties of each unit, by name; or why systemd does not tell.
pub(super) type Facts = Result<BTreeMap<String, Properties>, String>;
pub(super) type Properties = BTreeMap<String, String>;

pub(super) async fn gather(runner: &impl Runner) -> Facts {
    show(runner, &UNITS.map(|(name, _)| name)).await
}

/// What systemd says of units.
pub(super) async fn show(runner: &impl Runner, names: &[&str]) -> Facts {
    let mut argv = vec!["systemctl", "show", "--no-pager", "--property", PROPERTIES];
    argv.extend(names);
    let mut command = Command::new(argv);
    command.limit = std::time::Duration::from_secs(5);
    match runner.run(&command).await {
        Ok(output) if output.is_success() => Ok(parse(&output.stdout)),
        Ok(output) => Err(output.complaint()),
        Err(error) => Err(error.to_string()),
    }
}

/// Blocks of `Key=value`, one block a unit.
pub(super) fn parse(shown: &str) -> BTreeMap<String, Properties> {
    let blocks = shown.split("\n\n").map(|block| -> Properties {
        let pairs = block.lines().filter_map(|line| line.split_once('='));
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    });
    blocks
        .filter_map(|unit| Some((unit.get("Id")?.clone(), unit)))
        .collect()
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    match facts {
        Ok(units) => UNITS
            .iter()
            .map(|&(name, enabled)| finding(name, enabled, units.get(name)))
            .collect(),
        Err(error) => {
            vec![Finding::new(
                CONCERN,
                "systemd",
                Grade::Skipped,
                format!("does not tell: {error}"),
            )]
        }
    }
}

fn finding(name: &str, enabled: bool, unit: Option<&Properties>) -> Finding {
    let get = |key: &str| {
        unit.and_then(|unit| unit.get(key))
            .map(String::as_str)
            .unwrap_or_default()
    };
    let found = |grade, seen: String| Finding::new(CONCERN, name, grade, seen);
    let (file, path) = (get("UnitFileState"), get("FragmentPath"));
    match (get("LoadState"), get("ActiveState")) {
        ("masked", _) => found(Grade::Fail, "is masked: it cannot start".to_owned())
            .advise(format!("`systemctl unmask {name}`")),
        ("not-found" | "", _) => {
            found(Grade::Fail, "is not there".to_owned()).advise(if name.starts_with("swarmlet") {
                "install swarmlet's units: the package, or packer/provision/20-swarmlet.sh"
            } else {
                "`swarmlet prepare` installs the engine where engine.install is not false"
            })
        }
        ("loaded", "failed") => found(Grade::Fail, "has failed".to_owned())
            .advise(format!("`systemctl status {name}` tells why")),
        ("loaded", _) if enabled && file == "disabled" => found(
            Grade::Fail,
            "is disabled: it does not start at the next boot".to_owned(),
        )
        .advise(format!("`systemctl enable {name}`")),
        ("loaded", _) if get("NeedDaemonReload") == "yes" => {
            found(Grade::Warn, "has changed on disk".to_owned()).advise("`systemctl daemon-reload`")
        }
        ("loaded", state) if path.starts_with("/etc/") && enabled => found(
            Grade::Warn,
            format!("{state}, but from {path} and not from the package"),
        )
        .advise(format!(
            "remove {path} unless it is meant; `systemctl edit {name}` keeps up with updates"
        )),
        ("loaded", state) => found(Grade::Ok, format!("{state}, {file}")),
        (other, _) => found(Grade::Fail, format!("systemd cannot load it: {other}"))
            .advise(format!("`systemd-analyze verify {name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::command::{CommandError, Output};

    struct Shows(&'static str);

    impl Runner for Shows {
        async fn run(&self, command: &Command) -> Result<Output, CommandError> {
            assert!(command.line().starts_with("systemctl show"), "{command:?}");
            Ok(Output {
                code: Some(0),
                stdout: self.0.to_owned(),
                stderr: String::new(),
            })
        }
    }

    fn unit(text: &str) -> Properties {
        parse(&format!("Id=u\n{text}")).remove("u").unwrap()
    }

    #[test]
    fn a_unit_is_well_or_says_what_to_do() {
        const FINE: &str = "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n\
                            FragmentPath=/usr/lib/systemd/system/u\nNeedDaemonReload=no";
        for (change, grade, advice) in [
            (("", ""), Grade::Ok, ""),
            (
                ("LoadState=loaded", "LoadState=masked"),
                Grade::Fail,
                "unmask",
            ),
            (
                ("LoadState=loaded", "LoadState=not-found"),
                Grade::Fail,
                "install",
            ),
            (
                ("LoadState=loaded", "LoadState=bad-setting"),
                Grade::Fail,
                "verify",
            ),
            (("=active", "=failed"), Grade::Fail, "systemctl status"),
            (("=enabled", "=disabled"), Grade::Fail, "systemctl enable"),
            (("Reload=no", "Reload=yes"), Grade::Warn, "daemon-reload"),
            (("/usr/lib/", "/etc/"), Grade::Warn, "remove /etc/systemd"),
        ] {
            let found = finding("u", true, Some(&unit(&FINE.replace(change.0, change.1))));
            assert_eq!(found.grade, grade, "{found:?}");
            assert!(
                found.advice.as_deref().unwrap_or_default().contains(advice),
                "{found:?}"
            );
        }
        assert_eq!(finding("u", true, None).grade, Grade::Fail);
    }

    #[tokio::test]
    async fn systemd_is_asked_for_all_at_once() {
        let told = gather(&Shows("Id=a\nLoadState=loaded\n\nId=b\nLoadState=masked\n"))
            .await
            .unwrap();
        assert_eq!(told["b"]["LoadState"], "masked");
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn a_host_without_systemd_is_not_judged() {
        let found = findings(&Err("System has not been booted with systemd".into()));
        assert_eq!(found[0].grade, Grade::Skipped);
    }
}
