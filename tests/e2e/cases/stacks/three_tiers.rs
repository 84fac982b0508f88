//! The walk-through of `docs/examples/three-tier`, in a terminal and in a browser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Role, wait_until};

use super::page::Page;
use super::seen::{equip, put, run, stands, tasks};
use crate::Case;
use crate::cases::fleet::seen::active;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::three_tiers",
    run: |lab| walk(lab, &Image::Baked),
}];

const TASKS: usize = 15;
const MOVED: Duration = Duration::from_mins(1);

pub(in crate::cases) fn walk(lab: &Lab, image: &Image) -> Result<()> {
    let spec = ClusterSpec {
        image: image.clone(),
        ..ClusterSpec::new(&unique("tiers"), 3, 4)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(Duration::from_mins(3))?;
    active(&cluster)?;
    equip(lab, &cluster)?;
    let started = Instant::now();
    put(lab, &cluster, "stacks/shop", &stack(lab)?)?;
    stands(lab, &cluster, "shop", "deployed")?;
    let time = started.elapsed().as_secs_f64();
    eprintln!("    deployed {time:.1} s after its parameter was written");
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    run(lab, &manager, "shop", TASKS)?;
    let time = started.elapsed().as_secs_f64();
    eprintln!("    {TASKS} tasks run after {time:.1} s");
    on_workers_only(lab, &cluster, &manager)?;
    answers(lab, &cluster, &manager, "visit 1")?;
    let page = Page::open(lab, &manager, TASKS)?;
    a_worker_goes(lab, &cluster, &manager, page)?;
    cluster.delete()
}

/// The documentation's own file, for a kernel without IPVS.
fn stack(lab: &Lab) -> Result<String> {
    let file = lab.paths().root.join("docs/examples/three-tier/stack.yml");
    let text = std::fs::read_to_string(file)?;
    let mesh = "        published: 80\n        mode: ingress\n";
    let changed = text.replace("endpoint_mode: vip", "endpoint_mode: dnsrr");
    let changed = changed.replace(mesh, "        mode: host\n");
    ensure!(
        !changed.contains("vip") && !changed.contains("ingress"),
        "the file has changed"
    );
    ensure!(
        text.len() <= 4096,
        "it is too large for a parameter: {}",
        text.len()
    );
    Ok(changed)
}

fn on_workers_only(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let nodes = tasks(lab, manager, "shop", "{{.Node}}")?;
    let is_worker = |node: &String| node.starts_with(&format!("{}-worker-", cluster.name()));
    ensure!(
        nodes.len() == TASKS && nodes.iter().all(is_worker),
        "{nodes:?}"
    );
    Ok(())
}

/// A page of web has gone through app and database, over both overlay networks.
fn answers(lab: &Lab, cluster: &Cluster, manager: &str, expected: &str) -> Result<()> {
    wait_until(
        "a page of web shows a visit",
        Duration::from_secs(30),
        || {
            let page = page(lab, cluster, manager)?;
            ensure!(page.contains("web ") && page.contains("app "), "{page}");
            ensure!(page.contains(expected), "{page}");
            Ok(())
        },
    )
}

fn page(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<String> {
    for worker in cluster.machines_of(Role::Worker)? {
        let words = ["ps", "--filter", "name=shop_web", "--format", "{{.Ports}}"];
        let ports = docker(lab, &worker.id, &words).unwrap_or_default();
        // `0.0.0.0:32768->8080/tcp, …`
        let port = ports
            .split("->")
            .next()
            .and_then(|port| port.rsplit(':').next());
        if let Some(port) = port.filter(|port| !port.is_empty()) {
            let url = format!("http://{}:{port}/cgi-bin/page", worker.address);
            return lab.exec(manager, &["curl", "-sS", "-m", "10", &url])?.ok();
        }
    }
    anyhow::bail!("no task of web has a port")
}

/// The worker that the database is not on, which has the data.
fn a_worker_goes(lab: &Lab, cluster: &Cluster, manager: &str, mut page: Page<'_>) -> Result<()> {
    let nodes = tasks(lab, manager, "shop", "{{.Name}} {{.Node}}")?;
    let database = nodes.iter().find(|task| task.starts_with("shop_database"));
    let database = database.context("there is no database")?.clone();
    let workers = cluster.machines_of(Role::Worker)?;
    let stays = |id: &str| database.ends_with(&id[2..10]);
    let worker = workers.iter().find(|worker| !stays(&worker.id));
    let worker = &worker.context("there is no other worker")?.id;
    let before = nodes.iter().filter(|task| task.ends_with(&worker[2..10]));
    let before = before.count();
    let stopped = Instant::now();
    lab.stop(worker)?;
    page.boxes_fly()?;
    wait_until("all tasks run elsewhere", MOVED, || {
        let tasks = tasks(lab, manager, "shop", "{{.CurrentState}} {{.Node}}")?;
        let good = tasks
            .iter()
            .filter(|task| task.starts_with("Running") && !task.ends_with(&worker[2..10]));
        ensure!(good.count() == TASKS && tasks.len() == TASKS, "{tasks:#?}");
        Ok(())
    })?;
    let time = stopped.elapsed().as_secs_f64();
    eprintln!(
        "    a worker with {before} of {TASKS} tasks stopped: all run again after {time:.1} s"
    );
    on_workers_only(lab, cluster, manager)?;
    page.boxes_have_moved(manager, worker)?;
    answers(lab, cluster, manager, "visit ")?;
    lab.start(worker)?;
    let started = Instant::now();
    cluster.wait_whole(Duration::from_mins(2))?;
    let time = started.elapsed().as_secs_f64();
    eprintln!("    the worker is back after {time:.1} s");
    run(lab, manager, "shop", TASKS)
}
