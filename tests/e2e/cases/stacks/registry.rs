//! A private registry on one of the machines, with a password.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Instance, Lab, Role, wait_until};

use super::seen::{LOOK, equip, idle, put, run, said, stands, status, tasks};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::a_private_registry",
    run: private,
}];

const PASSWORD: &str = "hunter2-in-the-lab";
/// `PASSWORD` as htpasswd has it, by `crypt(3)` with `$2b$`.
const SERVE: &str = r#"mkdir -p /srv/registry && cd /srv/registry
curl -sSf -O http://10.98.0.1:8080/programs/docker-registry && chmod 755 docker-registry
perl -e 'print "deploy:", crypt($ARGV[0], q($2b$05$abcdefghijklmnopqrstuu)), "\n"' "$(cat)" >htpasswd
cat >config.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: /srv/registry/data}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: lab, path: /srv/registry/htpasswd}}
END
systemd-run --quiet --unit=registry /srv/registry/docker-registry serve /srv/registry/config.yml"#;
/// The lab's registry speaks plain HTTP.
const TRUST: &str = r#"python3 -c 'import json
file = "/etc/docker/daemon.json"
settings = json.load(open(file)) | {"insecure-registries": ["10.98.0.0/16"]}
json.dump(settings, open(file, "w"))' && systemctl reload docker"#;
const PUSH: &str = r#"set -e; export DOCKER_CONFIG=$(mktemp -d); read -r password
echo "$password" | docker login --username deploy --password-stdin "$0" >/dev/null
docker tag busybox:1.37 "$0/private:1"; docker push --quiet "$0/private:1"; docker rmi "$0/private:1"
rm -r "$DOCKER_CONFIG""#;

fn private(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("private"), 1, 2))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    for machine in cluster.machines()? {
        lab.exec(&machine.id, &["sh", "-c", TRUST])?.ok()?;
    }
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let host = cluster.machines_of(Role::Worker)?.remove(0);
    let registry = serve(lab, &host)?;
    let parameter = format!("registries/{}", registry.replace(':', "_"));
    put(lab, &cluster, &parameter, "deploy:wrong")?;
    put(lab, &cluster, "stacks/private", &everywhere(&registry))?;
    put(lab, &cluster, "stacks/public", &idle("busybox:1.37", 1))?;
    refused(lab, &cluster, &manager, &registry)?;

    let value = format!(r#"{{"username": "deploy", "password": "{PASSWORD}"}}"#);
    put(lab, &cluster, &parameter, &value)?;
    stands(lab, &cluster, "private", "deployed")?;
    run(lab, &manager, "private", 3)?;
    pulled(lab, &cluster, 3)?;
    renewed(lab, &cluster, &manager, &parameter, &value)?;
    a_later_node(lab, &cluster, &manager)?;
    nowhere(lab, &cluster)?;
    by_the_role(lab, &cluster, &manager)?;
    cluster.delete()
}

/// Starts the registry and puts an image into it that nobody else has; its address.
fn serve(lab: &Lab, host: &Instance) -> Result<String> {
    let registry = format!("{}:5000", host.address);
    lab.exec_with_input(&host.id, &["sh", "-c", SERVE], PASSWORD)?
        .ok()?;
    wait_until(
        "the registry wants a password",
        Duration::from_secs(20),
        || {
            let url = format!("http://{registry}/v2/");
            let code = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", &url];
            let code = lab.exec(&host.id, &code)?.stdout;
            ensure!(code == "401", "it answers {code}");
            Ok(())
        },
    )?;
    lab.exec_with_input(&host.id, &["sh", "-c", PUSH, &registry], PASSWORD)?
        .ok()?;
    Ok(registry)
}

/// A task on every node: each has to pull.
fn everywhere(registry: &str) -> String {
    idle(&format!("{registry}/private:1"), 1).replace("replicas: 1", "mode: global")
}

/// A wrong password is told by the registry's name, and only what needs it waits.
fn refused(lab: &Lab, cluster: &Cluster, manager: &str, registry: &str) -> Result<()> {
    let stack = stands(lab, cluster, "private", "failed")?;
    let error = stack["error"].to_string();
    ensure!(
        error.contains(&format!("{registry} refuses the user and password")),
        "{error}"
    );
    eprintln!("    {error}");
    stands(lab, cluster, "public", "deployed")?;
    run(lab, manager, "public", 1)?;
    let status = status(lab, manager)?;
    let told = &status["registries"][0];
    ensure!(
        told["host"] == registry && told["accepted"] == false,
        "{told}"
    );
    Ok(())
}

fn pulled(lab: &Lab, cluster: &Cluster, count: usize) -> Result<()> {
    let mut have = 0;
    for machine in cluster.machines()? {
        let words = [
            "images",
            "--digests",
            "--format",
            "{{.Repository}} {{.Digest}}",
        ];
        let images = docker(lab, &machine.id, &words)?;
        have += images
            .lines()
            .filter(|l| l.contains("/private sha256:"))
            .count();
    }
    ensure!(have == count, "{have} of {count} nodes have pulled it");
    Ok(())
}

/// A password that is written again is given to the service, whose tasks run on.
fn renewed(
    lab: &Lab,
    cluster: &Cluster,
    manager: &str,
    parameter: &str,
    value: &str,
) -> Result<()> {
    let deployed = "stack private deployed";
    let managers = [manager.to_owned()];
    let (before, ids) = (
        said(lab, &managers, deployed)?,
        tasks(lab, manager, "private", "{{.ID}}")?,
    );
    put(lab, cluster, parameter, value)?;
    wait_until("the service has the new password", LOOK * 7, || {
        let now = said(lab, &managers, deployed)?;
        ensure!(now == before + 1, "deployed {now} times");
        Ok(())
    })?;
    ensure!(
        tasks(lab, manager, "private", "{{.ID}}")? == ids,
        "tasks were restarted"
    );
    Ok(())
}

fn a_later_node(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let before: Vec<String> = cluster.machines()?.into_iter().map(|m| m.id).collect();
    cluster.scale(Role::Worker, 3)?;
    let new = wait_until("another worker is launched", Duration::from_mins(1), || {
        let new = cluster
            .machines()?
            .into_iter()
            .find(|m| !before.contains(&m.id));
        Ok(new.context("not yet")?.id)
    })?;
    cluster.wait_whole(Duration::from_mins(2))?;
    lab.exec(&new, &["sh", "-c", TRUST])?.ok()?;
    run(lab, manager, "private", 4)?;
    pulled(lab, cluster, 4)
}

/// For a registry of ECR the leader logs in with its role, once. There is none to pull from here.
fn by_the_role(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1";
    put(lab, cluster, "stacks/ecr", &idle(image, 1))?;
    stands(lab, cluster, "ecr", "deployed")?;
    std::thread::sleep(LOOK * 2);
    let managers = [manager.to_owned()];
    for told in ["password for ECR renewed", "stack ecr deployed"] {
        let count = said(lab, &managers, told)?;
        ensure!(count == 1, "{told}: {count} times");
    }
    Ok(())
}

/// Of the command's own file nothing is left, and no log has the password.
fn nowhere(lab: &Lab, cluster: &Cluster) -> Result<()> {
    for machine in cluster.machines()? {
        let search = format!(
            "grep -rlF {PASSWORD} /run/swarmlet /var/lib/swarmlet /etc/swarmlet; journalctl -o cat | grep -F {PASSWORD}; true"
        );
        let found = lab.exec(&machine.id, &["sh", "-c", &search])?.ok()?;
        ensure!(found.trim().is_empty(), "{}: {found}", machine.id);
    }
    Ok(())
}
