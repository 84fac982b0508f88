//! An earlier agent is replaced by the present one on the nodes of a swarm that runs tasks, node by node, and put back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Image, Lab, Launch, Role, wait_until};
use serde_json::Value;

use super::fleet::seen::active;
use super::healing::seen::{epochs, leader};
use super::image::seal;
use super::packages::{all_were_ready, watch};
use super::restarts::{REBOOT, comes_back};
use super::support::{
    IMPORT, agent_is_ready, booted, docker, engine_answers, node_id, requests_of, unique, unit,
};
use super::unchanged::Swarm;
use crate::Case;

pub(super) const CASES: &[Case] = &[Case {
    name: "upgrade::an_earlier_agent_is_replaced_node_by_node_and_put_back",
    run: there_and_back,
}];

/// Where an earlier agent is; `scripts/upgrade` compiles one.
const EARLIER: &str = "LAB_EARLIER_AGENT";
const INSTALL: &str = "cat >/usr/bin/.swarmlet && chmod 755 /usr/bin/.swarmlet && mv /usr/bin/.swarmlet /usr/bin/swarmlet";
const DEPARTURE: &str = "/var/lib/swarmlet/departure.json";
/// So long a node may be without an agent that serves.
const SERVES: Duration = Duration::from_secs(30);
/// A leader has looked at nodes, groups and ticket again by then.
const SETTLED: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_mins(1);
const LIMIT: Duration = Duration::from_mins(3);
const HOOK: Duration = Duration::from_mins(5);
const REPLICAS: usize = 8;

fn there_and_back(lab: &Lab) -> Result<()> {
    let earlier = std::env::var_os(EARLIER).map(PathBuf::from);
    let earlier = earlier.with_context(|| format!("{EARLIER} is not set: run scripts/upgrade"))?;
    let [earlier, present] = [Agent::of(&earlier)?, Agent::of(&beside()?)?];
    ensure!(earlier.digest != present.digest, "both agents are one");
    let cluster = formed(lab, &earlier)?;
    serve(lab, &cluster)?;
    let workers = cluster.machines_of(Role::Worker)?;
    let [drained, worker] = [0, 1].map(|index| workers[index].id.as_str());
    let (first, followers) = managers(lab, &cluster)?;
    watch(lab, &first)?;

    drain(lab, &cluster, drained)?;
    let before = Swarm::of(lab, &cluster)?;
    // The leader in the middle: each version leads the other for a while.
    for id in [drained, &followers[0], &first, worker, &followers[1]] {
        replace(lab, id, &present)?;
        before.stands(lab, &cluster)?;
    }
    sleep(SETTLED);
    before.stands(lab, &cluster)?;
    for machine in cluster.machines()? {
        nothing_to_complain_of(lab, &machine.id)?;
    }
    activate(lab, &cluster, drained)?;

    // And back: what the present agent has written, the departure too, is read by the earlier one.
    drain(lab, &cluster, worker)?;
    let before = Swarm::of(lab, &cluster)?;
    for id in [worker, &first] {
        replace(lab, id, &earlier)?;
        before.stands(lab, &cluster)?;
    }
    sleep(SETTLED);
    before.stands(lab, &cluster)?;
    activate(lab, &cluster, worker)?;
    all_were_ready(lab, &first)?;
    scaled(lab, &first, &[drained, worker])?;
    // What runs before the engine goes on with what its earlier version has left: the name, the engine's settings.
    comes_back(lab, &cluster, Role::Worker, drained, &REBOOT)?;
    ensure!(epochs(lab, &cluster)? == ["formed"], "it is another epoch");
    cluster.delete()
}

/// A program, and what tells it from others.
struct Agent {
    file: PathBuf,
    digest: String,
}

impl Agent {
    fn of(file: &Path) -> Result<Self> {
        let said = Command::new("sha256sum").arg("--").arg(file).output()?;
        let said = String::from_utf8(said.stdout)?;
        let digest = said.split(' ').next().filter(|digest| !digest.is_empty());
        let digest = digest.with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self {
            file: file.to_owned(),
            digest: digest.to_owned(),
        })
    }

    fn installed(&self, lab: &Lab, id: &str) -> Result<()> {
        let file = File::open(&self.file)?;
        let done = lab.exec_with_file(id, &["sh", "-c", INSTALL], file)?;
        done.ok().map(drop)
    }

    /// It is what the service runs.
    fn runs(&self, lab: &Lab, id: &str) -> Result<()> {
        let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
        let program = format!("/proc/{pid}/exe");
        let said = lab.exec(id, &["sha256sum", &program])?.ok()?;
        ensure!(said.starts_with(&self.digest), "{id} runs {said}");
        Ok(())
    }
}

/// The agent that was built with this program.
fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent);
    Ok(folder.context("the build has no folder")?.join("swarmlet"))
}

/// A cluster whose machines boot with this agent, by an image that was made with it.
fn formed(lab: &Lab, agent: &Agent) -> Result<Cluster> {
    let spec = ClusterSpec {
        image: image(lab, agent)?,
        launching_hook: Some(HOOK),
        terminating_hook: Some(HOOK),
        ..ClusterSpec::new(&unique("upgrade"), 3, 2)
    };
    let cluster = Cluster::create(lab, &spec)?;
    cluster.wait_whole(LIMIT)?;
    active(&cluster)?;
    for machine in cluster.machines()? {
        agent.runs(lab, &machine.id)?;
    }
    Ok(cluster)
}

fn image(lab: &Lab, agent: &Agent) -> Result<Image> {
    let builder = lab.launch(&Launch::default())?.remove(0);
    booted(lab, &builder)?;
    engine_answers(lab, &builder)?;
    agent.installed(lab, &builder)?;
    // Which names the program's digest, that the seal holds it to.
    let manifest = lab.paths().root.join("packer/provision/80-manifest.sh");
    let manifest = fs::read_to_string(manifest)?;
    lab.exec_with_input(&builder, &["bash", "-s"], &manifest)?
        .ok()?;
    seal(lab, &builder)?;
    lab.stop(&builder)?;
    let image = lab.create_image(&builder, &unique("earlier"))?;
    lab.terminate(&builder)?;
    Ok(image)
}

/// Tasks on all nodes, managers too.
fn serve(lab: &Lab, cluster: &Cluster) -> Result<()> {
    for machine in cluster.machines()? {
        lab.exec(&machine.id, &["sh", "-c", IMPORT])?.ok()?;
    }
    let manager = &cluster.machines_of(Role::Manager)?[0].id;
    let count = format!("--replicas={REPLICAS}");
    let words = ["service", "create", "--detach", "--no-resolve-image"];
    let how = ["--name=kept", "--stop-grace-period=1s", &count];
    let task = ["lab/sleeper", "/usr/bin/sleep", "1d"];
    docker(lab, manager, &[&words[..], &how, &task].concat())?;
    all_run(lab, manager, REPLICAS)
}

fn all_run(lab: &Lab, manager: &str, count: usize) -> Result<()> {
    wait_until("all tasks run", SOON, || {
        let words = ["service", "ls", "--format", "{{.Replicas}}"];
        let told = docker(lab, manager, &words)?;
        ensure!(told == format!("{count}/{count}"), "{told}");
        Ok(())
    })
}

/// The one that leads, and the others.
fn managers(lab: &Lab, cluster: &Cluster) -> Result<(String, Vec<String>)> {
    let first = leader(lab, cluster)?.id;
    let ids = cluster.machines_of(Role::Manager)?.into_iter();
    let others = ids.map(|manager| manager.id).filter(|id| *id != first);
    Ok((first.clone(), others.collect()))
}

/// As a person does it; the departure is on the node's disk, and its tasks run elsewhere.
fn drain(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    lab.exec(id, &["swarmlet", "drain"])?.ok()?;
    wait_until("the node is drained", LIMIT, || {
        availability_is(lab, cluster, id, "Drain")?;
        let running = docker(lab, id, &["ps", "--quiet"])?;
        ensure!(running.is_empty(), "it runs {running:?}");
        lab.exec(id, &["cat", DEPARTURE])?.ok().map(drop)
    })?;
    all_run(lab, &leader(lab, cluster)?.id, REPLICAS)
}

fn activate(lab: &Lab, cluster: &Cluster, id: &str) -> Result<()> {
    let asked = Instant::now();
    lab.exec(id, &["swarmlet", "activate"])?.ok()?;
    wait_until("the node is active", SOON, || {
        availability_is(lab, cluster, id, "Active")?;
        let gone = lab.exec(id, &["test", "!", "-e", DEPARTURE])?;
        ensure!(gone.success(), "its departure is on its disk still");
        Ok(())
    })?;
    let time = asked.elapsed().as_secs_f64();
    eprintln!("    {id} active again after {time:.1} s");
    Ok(())
}

fn availability_is(lab: &Lab, cluster: &Cluster, id: &str, wanted: &str) -> Result<()> {
    let (own, nodes) = (node_id(lab, id)?, cluster.nodes()?);
    let node = nodes.into_iter().find(|node| node.id == own);
    let availability = node.context("it has no entry")?.availability;
    ensure!(availability == wanted, "it is {availability}");
    Ok(())
}

/// Another agent takes over from the one that runs, and serves; AWS is not asked by a worker.
fn replace(lab: &Lab, id: &str, agent: &Agent) -> Result<()> {
    agent.installed(lab, id)?;
    let asked = requests_of(lab, id)?.len();
    let (told, at) = (Instant::now(), SystemTime::UNIX_EPOCH.elapsed()?.as_secs());
    lab.exec(id, &["systemctl", "restart", "swarmlet"])?.ok()?;
    let left = SERVES.saturating_sub(told.elapsed());
    wait_until("the agent serves", left, || serves(lab, id, at))?;
    let took = told.elapsed();
    agent.runs(lab, id)?;
    let asked = requests_of(lab, id)?.len() - asked;
    let instance = lab.instance(id)?;
    let role = instance.tag("swarm:role").unwrap_or_default();
    let time = took.as_secs_f64();
    eprintln!("    {id} {role}: serves after {time:.2} s, {asked} calls to AWS");
    ensure!(took < SERVES, "{id} served after {took:?}");
    ensure!(
        role == "manager" || asked == 0,
        "{id} called AWS {asked} times"
    );
    Ok(())
}

/// By the service manager's word, and by the agent's own after a moment.
fn serves(lab: &Lab, id: &str, after: u64) -> Result<()> {
    agent_is_ready(lab, id)?;
    let status = lab.exec(id, &["swarmlet", "status", "--json"])?;
    let told: Value = serde_json::from_str(&status.stdout)?;
    let at = told["at"].as_u64().unwrap_or_default();
    ensure!(at >= after, "it has said nothing since: {told}");
    ensure!(told["serving"] == true && told["healthy"] == true, "{told}");
    ensure!(told["epoch"] == 1, "its epoch is {}", told["epoch"]);
    Ok(())
}

/// The agent that runs found nothing wrong with what the one before has left, nor ended by itself.
fn nothing_to_complain_of(lab: &Lab, id: &str) -> Result<()> {
    let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
    let pid = format!("_PID={pid}");
    let said = |level: &str| {
        let words = ["journalctl", "--no-pager", "-o", "cat", "-p", level, &pid];
        lab.exec(id, &words)?.ok()
    };
    let (all, warnings) = (said("info")?, said("warning")?);
    ensure!(!all.is_empty(), "{id} has no journal of {pid}");
    ensure!(warnings.is_empty(), "{id} warns: {warnings}");
    let restarts = unit(lab, id, "swarmlet.service", "NRestarts")?;
    ensure!(restarts == "0", "the agent of {id} ended {restarts} times");
    Ok(())
}

/// What was drained is given tasks again.
fn scaled(lab: &Lab, manager: &str, drained: &[&str]) -> Result<()> {
    let count = REPLICAS + 4;
    let wanted = format!("kept={count}");
    docker(lab, manager, &["service", "scale", "--detach", &wanted])?;
    all_run(lab, manager, count)?;
    for id in drained {
        let running = docker(lab, id, &["ps", "--quiet"])?;
        ensure!(!running.is_empty(), "{id} runs no task");
    }
    Ok(())
}
