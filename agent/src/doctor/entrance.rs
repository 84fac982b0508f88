//! The way in to this machine, for a person: an SSM agent that Session Manager reaches, or SSH.

use super::units::{Facts, Properties, show};
use super::{Finding, Grade};
use host::command::Runner;

const CONCERN: &str = "entrance";
/// The SSM agent's, of a package and of Ubuntu's snap.
const AGENTS: [&str; 2] = [
    "amazon-ssm-agent.service",
    "snap.amazon-ssm-agent.amazon-ssm-agent.service",
];
/// SSH's, by Debian's name and by Amazon Linux's.
const SSH: [&str; 3] = ["ssh.service", "ssh.socket", "sshd.service"];

pub(super) async fn gather(runner: &impl Runner) -> Facts {
    let names: Vec<&str> = AGENTS.into_iter().chain(SSH).collect();
    show(runner, &names).await
}

/// Nothing of the swarm needs a way in, so none is a failure. Whether Session Manager and the security groups let anybody
/// through is not known here.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let Ok(units) = facts else {
        return Vec::new();
    };
    let is = |name: &&&str, key: &str, value: &str| {
        let unit: Option<&Properties> = units.get(**name);
        unit.is_some_and(|unit| unit.get(key).is_some_and(|found| found == value))
    };
    let active =
        |names: &'static [&str]| names.iter().find(|name| is(name, "ActiveState", "active"));
    let there = AGENTS.iter().find(|name| is(name, "LoadState", "loaded"));
    let found = |name: &str, grade, seen: &str| Finding::new(CONCERN, name, grade, seen);
    let finding = match (active(&AGENTS), there, active(&SSH)) {
        (Some(agent), ..) => found(
            agent,
            Grade::Ok,
            "is active: Session Manager can reach this machine",
        ),
        (None, Some(agent), _) => found(
            agent,
            Grade::Warn,
            "is not active: Session Manager cannot reach this machine",
        )
        .advise(format!("`systemctl status {agent}` tells why")),
        (None, None, Some(ssh)) => found(
            ssh,
            Grade::Ok,
            "is active; there is no SSM agent: whoever is to get in needs a key and an open port 22",
        ),
        (None, None, None) => found(
            "SSM agent",
            Grade::Warn,
            "is not there, and SSH does not run: nobody gets in to this machine",
        )
        .advise("build the image with an SSM agent: packer/README.md"),
    };
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::super::units::parse;
    use super::*;

    #[test]
    fn a_way_in_is_an_agent_or_ssh() {
        let agent = "Id=amazon-ssm-agent.service\nLoadState=loaded\nActiveState=";
        let ssh = "Id=ssh.service\nLoadState=loaded\nActiveState=active\n";
        let missing = "Id=amazon-ssm-agent.service\nLoadState=not-found\nActiveState=inactive\n";
        for (shown, grade, seen) in [
            (format!("{agent}active\n"), Grade::Ok, "can reach"),
            (
                format!("{agent}failed\n\n{ssh}"),
                Grade::Warn,
                "cannot reach",
            ),
            (format!("{missing}\n{ssh}"), Grade::Ok, "port 22"),
            (missing.to_owned(), Grade::Warn, "nobody gets in"),
        ] {
            let found = findings(&Ok(parse(&shown))).remove(0);
            assert_eq!(found.grade, grade, "{found:?}");
            assert!(found.seen.contains(seen), "{found:?}");
            assert_eq!(found.advice.is_some(), grade == Grade::Warn);
        }
        assert_eq!(findings(&Err("no systemd".into())), []);
    }
}
