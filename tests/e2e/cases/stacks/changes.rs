//! Stacks that come, change, are wrong, and go.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Role, wait_until};

use super::seen::{LOOK, equip, erase, idle, leader, put, run, said, stands, tasks, with_file};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::come_change_are_wrong_and_go",
    run: changes,
}];

const FOLDER: &str = "/etc/swarmlet/stacks";

fn changes(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("stacks"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    // By hand, before anybody wants that name.
    with_file(lab, &manager, "/tmp/own.yml", &idle("busybox:1.37", 1))?;
    let by_hand = [
        "stack",
        "deploy",
        "--resolve-image=never",
        "-c",
        "/tmp/own.yml",
        "own",
    ];
    docker(lab, &manager, &by_hand)?;
    put(lab, &cluster, "stacks/web", &idle("busybox:1.37", 2))?;
    stands(lab, &cluster, "web", "deployed")?;
    run(lab, &manager, "web", 2)?;
    mistakes(lab, &cluster, &manager)?;
    files(lab, &cluster, &manager)?;
    goes(lab, &cluster, &manager)?;
    cluster.delete()
}

/// Each is told with its source and its reason; the running stack does not feel any of it.
fn mistakes(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let before = tasks(lab, manager, "web", "{{.ID}}")?;
    put(
        lab,
        cluster,
        "stacks/web",
        "services:\n  web:\n    image: [busybox\n",
    )?;
    put(
        lab,
        cluster,
        "stacks/typo",
        "services:\n  a:\n    image: busybox:1.37\n    portss: [80]\n",
    )?;
    put(lab, cluster, "stacks/own", &idle("busybox:1.37", 2))?;
    let nowhere = "s3://nowhere/large.yml";
    put(lab, cluster, "stacks/large", nowhere)?;
    with_file(
        lab,
        manager,
        &format!("{FOLDER}/huge.yml"),
        &"# x\n".repeat(70_000),
    )?;
    for (name, source, reason) in [
        ("web", "/stacks/web", "yaml: line"),
        ("typo", "/stacks/typo", "portss"),
        ("own", "/stacks/own", "not deployed from here"),
        ("large", nowhere, "s3:GetObject"),
        (
            "huge",
            "/etc/swarmlet/stacks/huge.yml",
            "larger than 256 KiB",
        ),
    ] {
        let stack = stands(lab, cluster, name, "failed")?;
        let (from, error) = (stack["source"].to_string(), stack["error"].to_string());
        ensure!(from.contains(source) && error.contains(reason), "{stack}");
        let told = said(lab, &[manager.to_owned()], reason)?;
        ensure!(told >= 1, "the journal does not say {reason:?}");
        eprintln!("    {name}: {error}");
    }
    let oversized = put(lab, cluster, "stacks/big", &"# x\n".repeat(1025)).err();
    let oversized = oversized
        .map(|error| format!("{error:#}"))
        .unwrap_or_default();
    ensure!(
        oversized.contains("4096"),
        "a parameter of 4100 characters: {oversized}"
    );
    ensure!(
        tasks(lab, manager, "web", "{{.ID}}")? == before,
        "web was disturbed"
    );
    let own = tasks(lab, manager, "own", "{{.ID}}")?;
    ensure!(
        own.len() == 1,
        "the stack that was deployed by hand: {own:?}"
    );
    // What ran before is what is wanted again: Docker finds nothing to change.
    put(lab, cluster, "stacks/web", &idle("busybox:1.37", 2))?;
    stands(lab, cluster, "web", "deployed")?;
    ensure!(
        tasks(lab, manager, "web", "{{.ID}}")? == before,
        "web was restarted"
    );
    Ok(())
}

/// A file that is gone leaves its stack; an empty one removes it.
fn files(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let file = format!("{FOLDER}/local.yaml");
    with_file(lab, manager, &file, &idle("busybox:1.37", 1))?;
    stands(lab, cluster, "local", "deployed")?;
    run(lab, manager, "local", 1)?;
    lab.exec(manager, &["rm", &file])?.ok()?;
    stands(lab, cluster, "local", "kept")?;
    run(lab, manager, "local", 1)?;
    with_file(lab, manager, &file, "# retired")?;
    gone(lab, manager, "local")
}

/// What is no longer wanted goes, and with it what a repeated deployment would find.
fn goes(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let deployed = "stack web deployed";
    let before = said(lab, &[manager.to_owned()], deployed)?;
    lab.exec(manager, &["systemctl", "restart", "swarmlet"])?
        .ok()?;
    std::thread::sleep(LOOK * 2);
    ensure!(
        said(lab, &[manager.to_owned()], deployed)? == before,
        "deployed again after a restart"
    );
    put(lab, cluster, "stacks/web", &idle("busybox:1.37", 3))?;
    run(lab, manager, "web", 3)?;
    erase(lab, cluster, "stacks/web")?;
    gone(lab, manager, "web")?;
    run(lab, manager, "own", 1)?;
    ensure!(leader(lab, cluster)? == manager, "there is but one manager");
    Ok(())
}

/// It takes two looks that are a minute apart.
fn gone(lab: &Lab, manager: &str, stack: &str) -> Result<()> {
    wait_until(&format!("{stack} is gone"), Duration::from_mins(3), || {
        let stacks = docker(lab, manager, &["stack", "ls", "--format", "{{.Name}}"])?;
        ensure!(!stacks.lines().any(|line| line == stack), "{stacks}");
        Ok(())
    })
}
