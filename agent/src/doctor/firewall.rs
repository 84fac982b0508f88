//! The rules that keep containers from where swarms are managed: whether they are loaded, and what they have dropped.

use std::time::Duration;

use serde_json::Value;

use super::{Finding, Grade};
use host::command::{Command, Runner};
use protocol::SWARM_PORT;

const CONCERN: &str = "firewall";
const LIST: &str = "/usr/sbin/nft --json list table inet swarmlet";
/// The chains of `systemd/firewall.nft` have the names of their hooks.
const CHAINS: [&str; 2] = ["forward", "input"];
const LOAD: &str =
    "`systemctl start swarmlet-firewall.service`; `systemctl status` of it tells what nft says";
/// What nft says to who is not root.
const NOT_ROOT: &str = "Operation not permitted";

/// What nft lists, or why it lists nothing.
pub(super) type Facts = Result<Value, String>;

pub(super) async fn gather(runner: &impl Runner) -> Facts {
    let mut command = Command::new(LIST.split(' '));
    command.limit = Duration::from_secs(5);
    match runner.run(&command).await {
        Ok(output) if output.is_success() => {
            serde_json::from_str(&output.stdout).map_err(|error| error.to_string())
        }
        Ok(output) => Err(output.complaint()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let check = format!("containers to {SWARM_PORT}/tcp");
    let found = |grade, seen: String| Finding::new(CONCERN, check.as_str(), grade, seen);
    let listed = match facts {
        Ok(listed) => listed,
        Err(told) if told.contains(NOT_ROOT) => {
            return vec![found(Grade::Skipped, format!("nft does not tell: {told}"))];
        }
        Err(told) => {
            let seen = format!("open: the table inet swarmlet is not loaded: {told}");
            return vec![found(Grade::Fail, seen).advise(LOAD)];
        }
    };
    let dropped: Option<Vec<u64>> = CHAINS.iter().map(|chain| dropped(listed, chain)).collect();
    vec![match dropped.map(|packets| packets.iter().sum::<u64>()) {
        None => {
            let seen = "open: the table inet swarmlet is not as swarmlet has it";
            found(Grade::Fail, seen.to_owned()).advise(LOAD)
        }
        Some(0) => found(Grade::Ok, "closed".to_owned()),
        Some(packets) => {
            let seen =
                format!("closed, and {packets} packets were dropped since the rules were loaded");
            let advice = "see which container wants to talk to a manager: no service needs to";
            found(Grade::Warn, seen).advise(advice)
        }
    }]
}

/// How many packets the chain has dropped, if it is where it belongs and drops what goes to the port.
fn dropped(listed: &Value, chain: &str) -> Option<u64> {
    let entries = listed["nftables"].as_array()?;
    let mut hooks = entries.iter().map(|entry| &entry["chain"]);
    hooks.find(|found| found["name"] == chain && found["hook"] == chain)?;
    let mut rules = entries.iter().map(|entry| &entry["rule"]);
    let rule = rules.find(|rule| rule["chain"] == chain && drops(rule))?;
    let parts = rule["expr"].as_array()?;
    parts
        .iter()
        .find_map(|part| part["counter"]["packets"].as_u64())
}

fn drops(rule: &Value) -> bool {
    let Some(parts) = rule["expr"].as_array() else {
        return false;
    };
    let is_port = |part: &Value| {
        part["match"]["left"]["payload"]["field"] == "dport" && part["match"]["right"] == SWARM_PORT
    };
    parts.iter().any(is_port) && parts.iter().any(|part| part.get("drop").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::command::scripted::Scripted;

    /// What nft 1.0.6 lists, with the packets that each chain has dropped.
    fn listed(forward: u64, input: u64) -> String {
        let chain = |hook| {
            format!(
                r#"{{"chain": {{"family": "inet", "table": "swarmlet", "name": "{hook}", "handle": 1, "type": "filter",
                   "hook": "{hook}", "prio": -10, "policy": "accept"}}}}"#
            )
        };
        let rule = |chain, op, key, packets| {
            format!(
                r#"{{"rule": {{"family": "inet", "table": "swarmlet", "chain": "{chain}", "handle": 3, "expr": [
                   {{"match": {{"op": "{op}", "left": {{"meta": {{"key": "{key}"}}}}, "right": "bridge"}}}},
                   {{"match": {{"op": "==", "left": {{"payload": {{"protocol": "tcp", "field": "dport"}}}}, "right": 2377}}}},
                   {{"counter": {{"packets": {packets}, "bytes": 0}}}}, {{"drop": null}}]}}}}"#
            )
        };
        let entries = [
            r#"{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}"#.to_owned(),
            chain("forward"),
            chain("input"),
            rule("forward", "!=", "oifkind", forward),
            rule("input", "==", "iifkind", input),
        ];
        format!(r#"{{"nftables": [{}]}}"#, entries.join(","))
    }

    async fn look(stdout: &str) -> Finding {
        let runner = Scripted::default().says(LIST, stdout);
        findings(&gather(&runner).await).remove(0)
    }

    #[tokio::test]
    async fn what_is_loaded_is_closed_and_what_was_dropped_is_told() {
        let found = look(&listed(0, 0)).await;
        assert_eq!((found.grade, found.seen.as_str()), (Grade::Ok, "closed"));
        let found = look(&listed(3, 4)).await;
        assert_eq!(found.grade, Grade::Warn);
        assert!(found.seen.contains("7 packets"), "{found:?}");
    }

    #[tokio::test]
    async fn a_table_that_lacks_something_is_open() {
        for (part, other) in [
            (r#""drop": null"#, r#""accept": null"#),
            ("2377", "2378"),
            (r#""hook": "forward""#, r#""hook": "output""#),
            (r#""chain": "input""#, r#""chain": "other""#),
        ] {
            let found = look(&listed(0, 0).replace(part, other)).await;
            assert_eq!(found.grade, Grade::Fail, "{part}: {found:?}");
        }
        assert_eq!(look("{}").await.grade, Grade::Fail);
    }

    #[tokio::test]
    async fn what_was_not_loaded_fails_and_says_why() {
        for (stderr, grade) in [
            ("Error: No such file or directory", Grade::Fail),
            ("Operation not permitted (you must be root)", Grade::Skipped),
        ] {
            let runner = Scripted::default().on(LIST, 1, stderr);
            let found = findings(&gather(&runner).await).remove(0);
            assert_eq!(found.grade, grade);
            assert!(found.seen.contains(stderr), "{found:?}");
        }
        let missing = Err("cannot run /usr/sbin/nft: No such file or directory".to_owned());
        assert_eq!(findings(&missing)[0].grade, Grade::Fail);
    }

    /// The file that the unit loads has the chains and the port that are looked for.
    #[test]
    fn the_rules_are_those_that_are_looked_for() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../systemd/firewall.nft");
        let rules = std::fs::read_to_string(path).unwrap();
        for chain in CHAINS {
            let of_chain = rules.split(&format!("chain {chain} {{")).nth(1).unwrap();
            let of_chain = of_chain.split('}').next().unwrap();
            assert!(
                of_chain.contains(&format!("type filter hook {chain} ")),
                "{of_chain}"
            );
            let rule = format!("tcp dport {SWARM_PORT} counter drop");
            assert!(of_chain.contains(&rule), "{of_chain}");
        }
    }
}
