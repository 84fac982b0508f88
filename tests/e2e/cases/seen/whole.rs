//! A healthy cluster: the whole swarm on a manager, all checks in order, numbers to fetch.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, Role, wait_until};

use super::{said, status};
use crate::Case;
use crate::cases::support::{docker, shared};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "seen::status_of_node_and_swarm",
        run: status_of_all,
    },
    Case {
        name: "seen::doctor_of_a_healthy_node",
        run: healthy,
    },
    Case {
        name: "seen::metrics",
        run: metrics,
    },
];

/// Milliseconds from the start of the command to its end, the least of some tries: others use the
/// machine too.
const TIMED: &str = "for i in 1 2 3 4 5 6 7 8; do s=$(date +%s%N); swarmlet status >/dev/null; \
                     e=$(date +%s%N); echo $(((e - s) / 1000)); done | sort -n | head -n 1";
/// A release build on a machine of its own answers in 50 ms; this one is neither, and must only show that
/// nothing is waited for.
const LIMIT: f64 = 250.0;

fn status_of_all(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let (manager, worker) = (
        cluster.machines_of(Role::Manager)?.remove(0).id,
        cluster.machines_of(Role::Worker)?.remove(0).id,
    );
    // Its tasks fail, since the lab has no registry: that is shown too.
    let service = [
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name",
        "seen",
    ];
    docker(
        lab,
        &manager,
        &[&service[..], &["--replicas=2", "none:none"]].concat(),
    )?;
    let shown = wait_until(
        "the manager shows its swarm",
        Duration::from_secs(30),
        || {
            let told = status(lab, &manager)?;
            let swarm = &told["swarm"];
            let count = |field: &str| swarm[field].as_array().map_or(0, Vec::len);
            // Another case's worker may still be on the list.
            ensure!(count("nodes") >= 4, "{told:#}");
            ensure!(count("services") == 1 && count("tasks") >= 2, "{swarm:#}");
            ensure!(
                told["healthy"] == true && told["ticket"]["epoch"] == 1,
                "{told:#}"
            );
            Ok(told)
        },
    );
    let text = said(lab, &manager, &["swarmlet", "status"]);
    docker(lab, &manager, &["service", "rm", "seen"])?;
    let (shown, text) = (shown?, text?.ok()?);
    eprintln!("{text}");
    ensure!(
        shown["swarm"]["nodes"][0]["manager"] == "leader",
        "{shown:#}"
    );
    ensure!(shown["swarm"]["nodes"][1]["zone"].is_string(), "{shown:#}");
    for part in [
        "NODES (",
        "SERVICES (1)",
        "LAST DECISIONS",
        "issued",
        &worker,
    ] {
        ensure!(text.contains(part), "{part} is missing: {text}");
    }
    ensure!(!text.contains('\u{1b}'), "colours without a terminal");
    let own = status(lab, &worker)?;
    ensure!(own["swarm"].is_null() && own["healthy"] == true, "{own:#}");
    for id in [&manager, &worker] {
        let micros: f64 = lab.exec(id, &["sh", "-c", TIMED])?.ok()?.trim().parse()?;
        eprintln!("    status of {id} takes {:.1} ms", micros / 1000.0);
        ensure!(micros / 1000.0 < LIMIT, "{micros} µs");
    }
    Ok(())
}

fn healthy(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    for role in [Role::Manager, Role::Worker] {
        let id = cluster.machines_of(role)?.remove(0).id;
        let before = lab.journal()?.len();
        let output = said(lab, &id, &["swarmlet", "doctor"])?;
        eprintln!("{}", output.stdout);
        ensure!(
            output.success(),
            "{}: {}{}",
            role.name(),
            output.stdout,
            output.stderr
        );
        ensure!(
            output.stdout.contains("ssm:GetParameter"),
            "{}",
            output.stdout
        );
        let asked = lab.journal()?.split_off(before);
        let wrote = asked.iter().any(|call| {
            call.instance.as_deref() == Some(&id)
                && call.action.starts_with("Put")
                && call.status == Some(200)
        });
        ensure!(!wrote, "it has written: {asked:?}");
    }
    Ok(())
}

fn metrics(lab: &Lab) -> Result<()> {
    let cluster = shared(lab)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let socket = [
        "--unix-socket",
        "/run/swarmlet/metrics.sock",
        "http://localhost/metrics",
    ];
    let fetch = [&["curl", "-sSf", "-i"], &socket[..]].concat();
    let answer = lab.exec(&manager, &fetch)?.ok()?;
    let (head, text) = answer.split_once("\r\n\r\n").context("no body")?;
    ensure!(
        head.to_lowercase()
            .contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    ensure!(text.ends_with("# EOF\n"), "{text}");
    for line in [
        "swarmlet_serving 1",
        "swarmlet_engine_state{state=\"manager\"} 1",
        "swarmlet_epoch 1",
    ] {
        ensure!(text.lines().any(|l| l == line), "no {line:?} in {text}");
    }
    // Another case's worker may still be among them.
    let workers = text.lines().find_map(|l| {
        l.strip_prefix("swarmlet_nodes{role=\"worker\",state=\"ready\",availability=\"active\"} ")
    });
    let workers: u32 = workers.context("no workers")?.parse()?;
    ensure!(workers >= 3, "{workers} workers in {text}");
    for name in [
        "swarmlet_aws_calls_total{",
        "swarmlet_ticket_issued_timestamp_seconds ",
        "swarmlet_rounds_total ",
    ] {
        ensure!(
            text.lines().any(|l| l.starts_with(name)),
            "no {name:?} in {text}"
        );
    }
    let owner = lab
        .exec(
            &manager,
            &["stat", "-c", "%a %U", "/run/swarmlet/metrics.sock"],
        )?
        .ok()?;
    ensure!(owner.trim() == "600 root", "{owner}");
    Ok(())
}
