//! Stacks stay what their files say, and come to rest.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Cluster, ClusterSpec, Lab, Requests, Role, wait_until};

use super::seen::{LOOK, SOON, equip, idle, put, run, said, stands, tasks, with_file};
use crate::Case;
use crate::cases::support::{docker, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "stacks::stay_what_their_files_say",
    run: stay,
}];

/// Gaps grow while the same stack is changed again and again, and a deployment that meets the swarm's own update of a
/// service is refused ("update out of sequence") and tried again.
const RIGHT: Duration = Duration::from_mins(4);
const FOLDER: &str = "/etc/swarmlet/stacks";
/// Three files that Docker takes and that have no service.
const EMPTY: [(&str, &str); 3] = [
    ("shared", "version: \"3.8\"\nservices: {}\n"),
    (
        "proxy",
        "networks:\n  proxy: {driver: overlay, attachable: true}\n",
    ),
    ("site", "configs:\n  site: {file: ./site.conf}\n"),
];

fn stay(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("kept"), 1, 1))?;
    cluster.wait_whole(Duration::from_mins(2))?;
    equip(lab, &cluster)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    without_services(lab, &cluster, &manager)?;
    comes_back(lab, &cluster, &manager)?;
    named_files(lab, &cluster, &manager)?;
    cluster.delete()
}

/// Each is deployed once, and then nothing happens for a minute but looks.
fn without_services(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    with_file(lab, manager, &format!("{FOLDER}/site.conf"), "x")?;
    for (name, text) in &EMPTY[1..] {
        with_file(lab, manager, &format!("{FOLDER}/{name}.yml"), text)?;
    }
    put(lab, cluster, "stacks/shared", EMPTY[0].1)?;
    for (name, _) in EMPTY {
        stands(lab, cluster, name, "deployed")?;
    }
    let looks = || -> Result<usize> {
        let calls = Requests::to("ssm")
            .action("GetParametersByPath")
            .instance(manager);
        Ok(lab.requests(&calls)?.len())
    };
    let (index, before) = (version(lab, manager)?, looks()?);
    std::thread::sleep(Duration::from_mins(1));
    let (index, looks) = (version(lab, manager)? - index, looks()? - before);
    for (name, _) in EMPTY {
        let told = said(
            lab,
            &[manager.to_owned()],
            &format!("stack {name} deployed"),
        )?;
        ensure!(told == 1, "{name} was deployed {told} times");
    }
    ensure!(
        index == 0,
        "the swarm was written {index} times in a minute of rest"
    );
    ensure!(looks <= 10, "{looks} reads of Parameter Store in a minute");
    eprintln!(
        "    three stacks without services: deployed once each; in 60 s then 0 writes and {looks} reads"
    );
    let networks = docker(lab, manager, &["network", "ls", "--format", "{{.Name}}"])?;
    ensure!(
        networks.lines().any(|name| name == "proxy_proxy"),
        "{networks}"
    );
    Ok(())
}

fn version(lab: &Lab, manager: &str) -> Result<u64> {
    let format = "{{.Swarm.Cluster.Version.Index}}";
    Ok(docker(lab, manager, &["info", "--format", format])?.parse()?)
}

/// Whatever somebody removes or changes by hand is set right, and no task is restarted for it.
fn comes_back(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    put(lab, cluster, "stacks/web", &idle("busybox:1.37", 2))?;
    run(lab, manager, "web", 2)?;
    stands(lab, cluster, "web", "deployed")?;
    let before = tasks(lab, manager, "web", "{{.ID}}")?;
    for (what, words) in [
        ("service", vec!["service", "rm", "web_idle"]),
        ("scaled", vec!["service", "scale", "--detach", "web_idle=1"]),
        (
            "image",
            vec![
                "service",
                "update",
                "--detach",
                "--image",
                "busybox:other",
                "web_idle",
            ],
        ),
        (
            "label",
            vec![
                "service",
                "update",
                "--detach",
                "--label-add",
                "x=y",
                "web_idle",
            ],
        ),
        ("network", vec!["network", "rm", "proxy_proxy"]),
        ("config", vec!["sh"]),
    ] {
        let done = Instant::now();
        if what == "config" {
            let script = "docker config rm $(docker config ls -q --filter name=site_site)";
            lab.exec(manager, &["sh", "-c", script])?.ok()?;
        } else {
            docker(lab, manager, &words)?;
        }
        wait_until(&format!("{what} is as the file says"), RIGHT, || {
            whole(lab, manager)
        })?;
        eprintln!(
            "    {what} by hand: set right after {:.1} s",
            done.elapsed().as_secs_f64()
        );
    }
    run(lab, manager, "web", 2)?;
    let told = said(
        lab,
        &[manager.to_owned()],
        "web is not as it was deployed: service web_idle",
    )?;
    ensure!(told >= 2, "what was changed is told {told} times");
    ensure!(!before.is_empty());
    // A restart that somebody asks for is no change.
    docker(
        lab,
        manager,
        &["service", "update", "--detach", "--force", "web_idle"],
    )?;
    let deployed = said(lab, &[manager.to_owned()], "stack web deployed")?;
    std::thread::sleep(LOOK * 3);
    ensure!(said(lab, &[manager.to_owned()], "stack web deployed")? == deployed);
    Ok(())
}

fn whole(lab: &Lab, manager: &str) -> Result<()> {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{.Spec.Mode.Replicated.Replicas}} {{.Spec.Labels.x}}";
    let service = docker(
        lab,
        manager,
        &["service", "inspect", "web_idle", "--format", format],
    )?;
    ensure!(service == "busybox:1.37 2 <no value>", "{service}");
    docker(lab, manager, &["network", "inspect", "proxy_proxy"])?;
    let configs = docker(lab, manager, &["config", "ls", "--format", "{{.Name}}"])?;
    ensure!(
        configs.lines().any(|name| name.starts_with("site_site_")),
        "{configs}"
    );
    Ok(())
}

/// A config of another content rolls out, and so does a file of variables.
fn named_files(lab: &Lab, cluster: &Cluster, manager: &str) -> Result<()> {
    let file = "version: \"3.8\"
services:
  app:
    image: busybox:1.37
    command: [sleep, '100000']
    stop_grace_period: 0s
    env_file: ./app.env
    configs: [page]
    deploy: {endpoint_mode: dnsrr}
configs:
  page: {file: ./page}
";
    let inside = |script: &str| -> Result<String> {
        let of_task =
            "docker ps -q --filter label=com.docker.swarm.service.name=app_app | head -n 1";
        for machine in cluster.machines()? {
            let script =
                format!("id=$({of_task}); [ -n \"$id\" ] && docker exec $id sh -c '{script}'");
            let said = lab.exec(&machine.id, &["sh", "-c", &script])?;
            if said.success() {
                return Ok(said.stdout.trim().to_owned());
            }
        }
        anyhow::bail!("no task of app runs")
    };
    let lay = |name: &str, text: &str| with_file(lab, manager, &format!("{FOLDER}/{name}"), text);
    lay("page", "one")?;
    lay("app.env", "COLOR=red")?;
    lay("app.yml", file)?;
    run(lab, manager, "app", 1)?;
    for (page, color) in [("one", "red"), ("two", "red"), ("two", "blue")] {
        lay("page", page)?;
        lay("app.env", &format!("COLOR={color}"))?;
        let changed = Instant::now();
        wait_until(&format!("{page} and {color} are inside"), SOON, || {
            let found = inside("cat /page; echo $COLOR")?;
            ensure!(
                found.replace('\n', "").trim() == format!("{page}{color}"),
                "{found}"
            );
            Ok(())
        })?;
        eprintln!(
            "    page {page}, color {color}: {:.1} s",
            changed.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
