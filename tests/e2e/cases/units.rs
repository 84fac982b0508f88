//! The units, as the machine's own systemd judges them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, Role, wait_until};

use super::support::{dashboard_password, docker, shared, unit};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "units::the_agent_is_sandboxed",
        run: |lab| sandboxed(lab, &worker(lab)?),
    },
    Case {
        name: "units::the_dashboard_is_off_and_sandboxed",
        run: dashboard,
    },
    Case {
        name: "units::health_checks_are_off_and_sandboxed",
        run: health_checks,
    },
    Case {
        name: "units::the_order_has_no_cycle",
        run: ordered,
    },
    Case {
        name: "units::the_journal_has_fields",
        run: fields,
    },
    Case {
        name: "units::the_host_name_tells_the_node",
        run: named,
    },
];

const EXPOSURE_LIMIT: f64 = 2.5;

/// Also for machines with another systemd, which may not know every setting of the sandbox.
pub(super) fn sandboxed(lab: &Lab, id: &str) -> Result<()> {
    exposed_little(lab, id, "swarmlet.service")
}

fn exposed_little(lab: &Lab, id: &str, unit: &str) -> Result<()> {
    let report = lab
        .exec(id, &["systemd-analyze", "security", "--no-pager", unit])?
        .ok()?;
    let verdict = report.lines().last().unwrap_or_default();
    let level = verdict
        .split(": ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let level: f64 = level.context(report.clone())?.parse()?;
    eprintln!("    systemd-analyze security {unit}: {level}");
    ensure!(level < EXPOSURE_LIMIT, "{verdict}");
    Ok(())
}

/// Nobody is shown anything before a person wants it.
fn dashboard(lab: &Lab) -> Result<()> {
    let id = worker(lab)?;
    let name = "swarmlet-dashboard.service";
    for (property, wanted) in [("UnitFileState", "disabled"), ("ActiveState", "inactive")] {
        let found = unit(lab, &id, name, property)?;
        ensure!(found == wanted, "its {property} is {found}");
    }
    exposed_little(lab, &id, name)?;
    lab.exec(&id, &["systemctl", "start", name])?.ok()?;
    let seen = asks_for_its_password(lab, &id);
    lab.exec(&id, &["systemctl", "stop", name])?.ok()?;
    seen
}

/// The path unit waits, and nothing listens.
fn health_checks(lab: &Lab) -> Result<()> {
    let id = worker(lab)?;
    for (name, property, wanted) in [
        ("swarmlet-ready.path", "UnitFileState", "enabled"),
        ("swarmlet-ready.path", "ActiveState", "active"),
        ("swarmlet-ready.service", "ActiveState", "inactive"),
        ("swarmlet-ready.service", "DynamicUser", "yes"),
    ] {
        let found = unit(lab, &id, name, property)?;
        ensure!(found == wanted, "{name}: its {property} is {found}");
    }
    exposed_little(lab, &id, "swarmlet-ready.service")
}

/// Whoever is on the host; the password is root's, and the same at the next start.
fn asks_for_its_password(lab: &Lab, id: &str) -> Result<()> {
    let password = dashboard_password(lab, id)?;
    let bearer = format!("Authorization: Bearer {password}");
    let page = "http://127.0.0.1:8377/";
    let code = |who: &str| -> Result<String> {
        let how = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", who];
        Ok(lab
            .exec(id, &[&["curl"], &how[..], &[page]].concat())?
            .stdout)
    };
    wait_until("its person sees it", Duration::from_secs(10), || {
        let told = code(&bearer)?;
        ensure!(told == "200", "it says {told}");
        Ok(())
    })?;
    for other in ["X-Nobody: 1", "Authorization: Bearer 0123456789abcdef"] {
        let told = code(other)?;
        ensure!(told == "401", "{other}: it says {told}");
    }
    let look = [
        "stat",
        "-c",
        "%a %U",
        "/run/swarmlet/dashboard",
        "/run/swarmlet/dashboard/password",
    ];
    let owners = lab.exec(id, &look)?.ok()?;
    ensure!(owners.trim() == "700 root\n600 root", "{owners}");
    let logged = lab
        .exec(
            id,
            &["journalctl", "--no-pager", "-u", "swarmlet-dashboard"],
        )?
        .ok()?;
    ensure!(!logged.contains(&password), "the journal has the password");
    lab.exec(id, &["systemctl", "restart", "swarmlet-dashboard"])?
        .ok()?;
    ensure!(
        dashboard_password(lab, id)? == password,
        "it is another one"
    );
    Ok(())
}

fn ordered(lab: &Lab) -> Result<()> {
    let id = worker(lab)?;
    let said = verified(lab, &id)?;
    ensure!(!said.contains("swarmlet"), "{said}");
    ensure!(
        unit(lab, &id, "swarmlet.service", "ActiveState")? == "active",
        "the agent is not active"
    );
    Ok(())
}

/// What systemd has to say of the units. With cloud-init's units in the transaction, which is
/// where the cycles are.
pub(super) fn verified(lab: &Lab, id: &str) -> Result<String> {
    let argv = [
        "systemd-analyze",
        "verify",
        "--recursive-errors=no",
        "multi-user.target",
        "cloud-init.target",
        "swarmlet-prepare.service",
        "swarmlet.service",
        "swarmlet-dashboard.service",
        "swarmlet-ready.service",
        "swarmlet-firewall.service",
    ];
    let output = lab.exec(id, &argv)?;
    let said = format!("{}{}", output.stdout, output.stderr);
    ensure!(!said.contains("cycle"), "{said}");
    let cloud_init = lab.exec(id, &["systemctl", "cat", "cloud-config.target"])?;
    ensure!(
        cloud_init.success(),
        "the image has no cloud-init: nothing was shown"
    );
    Ok(said)
}

/// A line can be found by who said it and what was decided.
fn fields(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let id = worker(lab)?;
    let node_id = docker(lab, &id, &["info", "--format", "{{.Swarm.NodeID}}"])?;
    let wanted = [
        format!("SWARMLET_INSTANCE={id}"),
        format!("SWARMLET_CLUSTER={}", cluster.name()),
        "SWARMLET_ROLE=worker".to_owned(),
        format!("SWARMLET_NODE_ID={node_id}"),
        "SWARMLET_DECISION=serve".to_owned(),
    ];
    let mut argv = vec!["journalctl", "--no-pager", "--output=cat", "--lines=1"];
    argv.extend(wanted.iter().map(String::as_str));
    let line = lab.exec(&id, &argv)?.ok()?;
    ensure!(line.trim() == "in the swarm", "the journal says {line:?}");
    status(lab, &id, &node_id)
}

/// The same, with the facts behind it, and an exit code for scripts.
fn status(lab: &Lab, id: &str, node_id: &str) -> Result<()> {
    let text = lab.exec(id, &["swarmlet", "status", "--json"])?.ok()?;
    ensure!(!text.contains("SWMTKN"), "the status shows a token");
    let status: serde_json::Value = serde_json::from_str(&text)?;
    ensure!(status["reason"] == "member", "{status}");
    ensure!(status["facts"]["node_id"] == node_id, "{status}");
    ensure!(
        status["facts"]["standing"]["verdict"] == "member",
        "{status}"
    );
    Ok(())
}

fn named(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    for machine in cluster.machines()? {
        let role = machine.tag("swarm:role").unwrap_or_default();
        let name = lab.exec(&machine.id, &["hostname"])?.ok()?;
        let expected = format!("{}-{role}-", cluster.name());
        ensure!(
            name.trim().starts_with(&expected),
            "{} is called {name}",
            machine.id
        );
        let nodes = cluster.nodes()?;
        ensure!(
            nodes.iter().any(|node| node.hostname == name.trim()),
            "no node is called {name}"
        );
    }
    Ok(())
}

fn worker(lab: &Lab) -> Result<String> {
    Ok(shared(lab)?.machines_of(Role::Worker)?.remove(0).id)
}
