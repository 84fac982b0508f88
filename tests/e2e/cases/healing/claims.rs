//! The holder of a claim dies or freezes before its swarm is the cluster's: another manager passes
//! the epoch over and forms the next.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{
    Cluster, ClusterSpec, Effect, Fault as CloudFault, FaultGuard, Lab, Request, Role, wait_until,
};

use super::seen::{Fault, epochs, kill, one_swarm, replaced, says, ticket_is};
use crate::Case;
use crate::cases::support::{answers_of, docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "healing::the_holder_dies_between_claim_and_swarm",
        run: before_init,
    },
    Case {
        name: "healing::the_holder_dies_between_swarm_and_outcome",
        run: after_init,
    },
    Case {
        name: "healing::the_holder_freezes_and_thaws",
        run: frozen,
    },
];

const STEP: Duration = Duration::from_mins(2);
const HASTE: &str = "printf '[swarm]\\nclaim_patience = \"20s\"\\n' >/etc/swarmlet/config.d/haste.toml && \
                     systemctl --no-block restart swarmlet";

/// Nobody may claim until all have tried, and then nobody learns what stands: the holder cannot go
/// on before it is killed.
fn before_init(lab: &Lab) -> Result<()> {
    let (cluster, denied) = launch(lab, "claim", may_not("claim"))?;
    all_have_tried(lab, &cluster)?;
    let deaf = CloudFault::new("ssm", Effect::Drop)
        .action("GetParameters")
        .cluster(cluster.name());
    let deaf = lab.fault(&deaf)?;
    drop(denied);
    let holder = holder(lab, &cluster)?;
    let state = docker(
        lab,
        &holder,
        &["info", "--format", "{{.Swarm.LocalNodeState}}"],
    )?;
    ensure!(
        state == "inactive",
        "it was too fast: its engine is {state}"
    );
    let fault = Fault::now();
    kill(lab, &holder)?;
    drop(deaf);
    passed_over(lab, &cluster, &holder)?;
    fault.healed("the holder died before its swarm", &(10..=150))?;
    cluster.delete()
}

fn after_init(lab: &Lab) -> Result<()> {
    let (cluster, denied) = launch(lab, "outcome", may_not("outcome"))?;
    let holder = holder(lab, &cluster)?;
    has_swarm(lab, &holder)?;
    let fault = Fault::now();
    kill(lab, &holder)?;
    drop(denied);
    passed_over(lab, &cluster, &holder)?;
    fault.healed("the holder died after its swarm", &(10..=150))?;
    cluster.delete()
}

/// Its agent stands still longer than the others' patience. Thawed, it leaves the swarm it made.
fn frozen(lab: &Lab) -> Result<()> {
    let (cluster, denied) = launch(lab, "frozen", may_not("outcome"))?;
    let holder = holder(lab, &cluster)?;
    has_swarm(lab, &holder)?;
    let mistake = docker(lab, &holder, &["info", "--format", "{{.Swarm.Cluster.ID}}"])?;
    signal(lab, &holder, "SIGSTOP")?;
    let fault = Fault::now();
    for manager in cluster.machines_of(Role::Manager)? {
        if manager.id != holder {
            lab.exec(&manager.id, &["mkdir", "-p", "/etc/swarmlet/config.d"])?
                .ok()?;
            lab.exec(&manager.id, &["sh", "-c", HASTE])?.ok()?;
        }
    }
    drop(denied);
    wait_until("epoch 1 is passed over", STEP, || {
        let written = answers_of(lab, "PutParameter", &register(&cluster, "outcome"))?;
        ensure!(!written.is_empty(), "it has no outcome");
        Ok(())
    })?;
    eprintln!("    passed over after {:.1} s", fault.age());
    signal(lab, &holder, "SIGCONT")?;
    let thawed = Fault::now();
    cluster.wait_whole(STEP)?;
    thawed.healed("the holder thawed", &(0..=120))?;
    fault.healed("the holder froze", &(20..=200))?;
    ensure!(one_swarm(lab, &cluster)? != mistake, "its swarm stands");
    ensure!(epochs(lab, &cluster)? == ["passed-over", "formed"]);
    cluster.delete()
}

fn launch(lab: &Lab, name: &str, fault: CloudFault) -> Result<(Cluster, FaultGuard)> {
    let name = unique(name);
    let guard = lab.fault(&fault.cluster(&name))?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 3, 1))?;
    Ok((cluster, guard))
}

/// Nobody can write such a register.
fn may_not(register: &str) -> CloudFault {
    CloudFault::new("ssm", Effect::Deny)
        .action("PutParameter")
        .target(&format!("*/{register}"))
}

fn all_have_tried(lab: &Lab, cluster: &Cluster) -> Result<()> {
    let claim = register(cluster, "claim");
    wait_until("all managers have tried to claim", STEP, || {
        let mut tries = lab.journal()?;
        tries.retain(|r| r.action == "PutParameter" && r.target == claim);
        for manager in cluster.machines_of(Role::Manager)? {
            let own = |r: &Request| r.instance.as_deref() == Some(&manager.id);
            ensure!(tries.iter().any(own), "{} has not", manager.id);
        }
        Ok(())
    })
}

fn register(cluster: &Cluster, name: &str) -> String {
    format!("/swarmlet/{}/epochs/0000000001/{name}", cluster.name())
}

/// Whose claim stands.
fn holder(lab: &Lab, cluster: &Cluster) -> Result<String> {
    let claim = register(cluster, "claim");
    wait_until("the claim stands", STEP, || {
        let written = answers_of(lab, "PutParameter", &claim)?;
        let first = written.first().context("nobody has claimed")?;
        first.instance.clone().context("nobody's claim")
    })
}

fn has_swarm(lab: &Lab, holder: &str) -> Result<()> {
    says(lab, holder, "the swarm of epoch 1 stands", STEP)
}

fn signal(lab: &Lab, id: &str, name: &str) -> Result<()> {
    let signal = format!("--signal={name}");
    let argv = ["systemctl", "kill", "--kill-whom=main", &signal, "swarmlet"];
    lab.exec(id, &argv)?.ok().map(drop)
}

fn passed_over(lab: &Lab, cluster: &Cluster, holder: &str) -> Result<()> {
    replaced(cluster, Role::Manager, 3, &[holder])?;
    cluster.wait_whole(Duration::from_mins(3))?;
    let swarm = one_swarm(lab, cluster)?;
    ensure!(epochs(lab, cluster)? == ["passed-over", "formed"]);
    ticket_is(lab, cluster, 2, &swarm)
}
