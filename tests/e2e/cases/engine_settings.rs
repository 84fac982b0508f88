//! The engine's settings: what it is told by flags, where its folders are, what it does not start with.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, ClusterSpec, Effect, Fault, Lab, Launch, Role, wait_until};

use super::support::{
    IMPORT, boots_again, console_says, docker, engine_answers, journal_of, node_id, unique, unit,
};
use crate::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "engine_settings::flags_of_the_engine_are_no_hindrance",
        run: flags,
    },
    Case {
        name: "engine_settings::a_clone_loses_a_swarm_state_that_was_moved",
        run: clones,
    },
    Case {
        name: "engine_settings::ranges_elsewhere_are_reached_from_everywhere",
        run: ranges,
    },
    Case {
        name: "engine_settings::the_plugin_holds_no_engine_back",
        run: plugin,
    },
    Case {
        name: "engine_settings::what_the_engine_does_not_start_with_is_taken_back",
        run: taken_back,
    },
];

const LIMIT: Duration = Duration::from_mins(2);

fn shell(lab: &Lab, id: &str, script: &str) -> Result<String> {
    let output = lab.exec(id, &["bash", "-euc", script])?;
    output.ok().with_context(|| script.to_owned())
}

/// Writes a drop-in that starts the engine with these flags, and boots.
fn with_flags(lab: &Lab, id: &str, flags: &str) -> Result<()> {
    let script = format!(
        "mkdir -p /etc/systemd/system/docker.service.d /mnt/docker
         printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// %s\\n' '{flags}' \
           >/etc/systemd/system/docker.service.d/10-flags.conf"
    );
    shell(lab, id, &script)?;
    boot(lab, id)
}

fn boot(lab: &Lab, id: &str) -> Result<()> {
    boots_again(lab, id)?;
    engine_answers(lab, id)
}

/// The node is given tasks, under the labels that it has to have.
fn serves(lab: &Lab, manager: &str, id: &str, labels: &[&str]) -> Result<()> {
    let wanted = format!("swarmlet.instance-id={id}");
    wait_until(&format!("{id} serves"), LIMIT, || {
        let node = node_id(lab, id)?;
        let format = "{{.Status.State}} {{.Spec.Availability}} {{json .Description.Engine.Labels}}";
        let told = docker(
            lab,
            manager,
            &["node", "inspect", "--format", format, &node],
        )?;
        ensure!(told.starts_with("ready active "), "{told}");
        for label in labels.iter().chain(&[wanted.as_str()]) {
            let (key, value) = label.split_once('=').context("a label")?;
            let pair = format!("\"{key}\":\"{value}\"");
            ensure!(told.contains(&pair), "{pair} is not in {told}");
        }
        Ok(())
    })
}

fn flags(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("flags"), 1, 3))?;
    cluster.wait_whole(LIMIT)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let workers = cluster.machines_of(Role::Worker)?;
    let given = [
        (
            "--label disk=ssd --label \"rack=7 left\"",
            vec!["disk=ssd", "rack=7 left"],
        ),
        (
            "--log-driver=journald --log-opt tag=x $DOCKER_OPTS",
            vec!["by=file"],
        ),
        ("--default-address-pool base=10.200.0.0/16,size=24", vec![]),
    ];
    let file = "echo 'DOCKER_OPTS=\"--label by=file\"' >/etc/default/docker";
    for (worker, (flags, labels)) in workers.iter().zip(&given) {
        shell(lab, &worker.id, file)?;
        with_flags(lab, &worker.id, flags)?;
        serves(lab, &manager, &worker.id, labels)?;
        let again = Instant::now();
        boot(lab, &worker.id)?;
        serves(lab, &manager, &worker.id, labels)?;
        let time = again.elapsed().as_secs_f64();
        eprintln!("    {flags}: serves {time:.1} s after another reboot");
    }
    leaves(lab, &manager, &workers[0].id)
}

/// A departure is a label: it can be announced while the engine runs.
fn leaves(lab: &Lab, manager: &str, id: &str) -> Result<()> {
    let node = node_id(lab, id)?;
    lab.exec_for(id, LIMIT, &["swarmlet", "leave"])?.ok()?;
    wait_until("the node is drained and gone", LIMIT, || {
        let state = docker(
            lab,
            manager,
            &["node", "ls", "--format", "{{.ID}} {{.Status}}"],
        )?;
        ensure!(!state.contains(&format!("{node} Ready")), "{state}");
        Ok(())
    })
}

/// A worker whose swarm state was moved takes another instance's identity, as a copied disk has it.
fn clones(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("moved"), 1, 2))?;
    cluster.wait_whole(LIMIT)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let workers = cluster.machines_of(Role::Worker)?;
    with_flags(lab, &workers[0].id, "--data-root /mnt/docker")?;
    let remap = "sed -i '1s/{/{\"userns-remap\": \"default\",/' /etc/docker/daemon.json";
    shell(lab, &workers[1].id, remap)?;
    boot(lab, &workers[1].id)?;
    for worker in &workers {
        let id = &worker.id;
        serves(lab, &manager, id, &[])?;
        let before = node_id(lab, id)?;
        shell(
            lab,
            id,
            "sed -i 's/i-[0-9a-f]*/i-0other/' /var/lib/swarmlet/membership.json",
        )?;
        boot(lab, id)?;
        serves(lab, &manager, id, &[])?;
        let after = node_id(lab, id)?;
        ensure!(before != after, "{id} goes on as node {before}");
        let said = journal_of(lab, id)?;
        ensure!(said.contains("belongs to another instance"), "{said}");
    }
    Ok(())
}

/// Two ranges that are usually Docker's first choices.
const ELSEWHERE: [&str; 2] = ["172.17.0.10", "172.20.0.10"];

/// A manager that has a route to one range, and is told of the other. Both are at an instance beside it.
fn ranges(lab: &Lab) -> Result<()> {
    let name = unique("ranges");
    // Nothing starts before metadata answers.
    let fault = lab.fault(&Fault::new("imds", Effect::Drop).cluster(&name))?;
    let cluster = Cluster::create(lab, &ClusterSpec::new(&name, 1, 0))?;
    let near = wait_until("the manager is launched", LIMIT, || {
        let manager = cluster.machines_of(Role::Manager)?.pop();
        Ok(manager.context("no machine yet")?.id)
    })?;
    let far = lab.launch(&Launch::default())?.remove(0);
    let serve = format!(
        "for address in {}; do ip addr replace $address/32 dev lo
         systemd-run --quiet python3 -m http.server 8000 --bind $address; done",
        ELSEWHERE.join(" ")
    );
    let avoid = "mkdir -p /etc/swarmlet/config.d
                 printf '[engine]\\navoid = [\"172.17.0.0/16\"]\\n' >/etc/swarmlet/config.d/x.toml";
    wait_until("both are up", LIMIT, || {
        lab.exec(&near, &["bash", "-euc", avoid])?.ok().map(drop)
    })?;
    wait_until("the far one serves", LIMIT, || {
        lab.exec(&far, &["bash", "-euc", &serve])?.ok().map(drop)
    })?;
    let gateway = lab.instance(&far)?.address;
    // The second range is behind a route that only a rule shows: of that one a setting tells. Settings are read at the
    // start, which may have been before there were any.
    let routes = format!(
        "ip route add 172.20.0.0/16 via {gateway}; ip route add 172.17.0.0/24 via {gateway} table 7
         ip rule add to 172.17.0.0/24 table 7
         systemctl --no-block restart swarmlet-prepare"
    );
    shell(lab, &near, &routes)?;
    drop(fault);
    cluster.wait_whole(LIMIT)?;
    reached(lab, &near)?;
    let doctor = lab.exec(&near, &["swarmlet", "doctor"])?.stdout;
    let line = doctor
        .lines()
        .find(|line| line.contains("clear of the VPC"));
    eprintln!("    doctor: {}", line.context(doctor.clone())?.trim());
    overlaps(lab, &near)?;
    lab.terminate(&far)?;
    cluster.delete()
}

/// From the host, from a container on the usual bridge, and from a task on an overlay network.
fn reached(lab: &Lab, id: &str) -> Result<()> {
    lab.exec(id, &["sh", "-c", IMPORT])?.ok()?;
    let sleep = ["lab/sleeper", "sleep", "3600"];
    docker(
        lab,
        id,
        &[&["run", "--detach", "--name", "plain"], &sleep[..]].concat(),
    )?;
    docker(
        lab,
        id,
        &["network", "create", "--driver", "overlay", "over"],
    )?;
    let service = "service create --detach --name task --network over --endpoint-mode dnsrr --no-resolve-image";
    let service: Vec<&str> = service.split(' ').chain(sleep).collect();
    docker(lab, id, &service)?;
    let task = || {
        let found = docker(lab, id, &["ps", "--quiet", "--filter", "name=task."])?;
        ensure!(!found.is_empty(), "no task yet");
        Ok(found)
    };
    let task = wait_until("the task runs", LIMIT, task)?;
    for container in ["plain", &task] {
        let process = docker(
            lab,
            id,
            &["inspect", "--format", "{{.State.Pid}}", container],
        )?;
        for address in ELSEWHERE {
            let enter = format!("nsenter --net --target {process} {}", connect(address));
            shell(lab, id, &enter)?;
        }
    }
    for address in ELSEWHERE {
        shell(lab, id, &connect(address))?;
    }
    Ok(())
}

fn connect(address: &str) -> String {
    format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{address}/8000'")
}

/// A network in a range of these is told of.
fn overlaps(lab: &Lab, id: &str) -> Result<()> {
    for (name, subnet) in [("avoided", "172.17.9.0/24"), ("routed", "172.20.9.0/24")] {
        docker(lab, id, &["network", "create", "--subnet", subnet, name])?;
        let told = lab.exec(id, &["swarmlet", "doctor"])?.stdout;
        let words = format!("the network {name} {subnet} overlaps");
        ensure!(told.contains(&words), "{words}: {told}");
        docker(lab, id, &["network", "rm", name])?;
    }
    Ok(())
}

/// Neither plugin nor a repository, as an image without a way out.
fn plugin(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("plugin"), 1, 1))?;
    cluster.wait_whole(LIMIT)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    let strip = "rm -f /usr/{libexec,lib}/docker/cli-plugins/docker-compose
                 rm -f /etc/apt/sources.list.d/* && echo 'deb [trusted=yes] http://192.0.2.1/debian x main' >/etc/apt/sources.list
                 iptables --wait --append OUTPUT --destination 192.0.2.1 --jump DROP";
    shell(lab, &worker, strip)?;
    for tries in [1, 0] {
        boot(lab, &worker)?;
        serves(lab, &manager, &worker, &[])?;
        let begun = micros(
            lab,
            &worker,
            "swarmlet-prepare.service",
            "InactiveExitTimestampMonotonic",
        )?;
        let engine = micros(
            lab,
            &worker,
            "docker.service",
            "InactiveExitTimestampMonotonic",
        )?;
        let held = Duration::from_micros(engine.saturating_sub(begun));
        eprintln!(
            "    docker.service starts {held:.0?} after swarmlet-prepare.service, {tries} tries expected"
        );
        ensure!(
            held < Duration::from_secs(3),
            "the engine was held back for {held:?}"
        );
        let script = "journalctl --boot --no-pager -o cat -u swarmlet-prepare | grep -c 'installing the Compose plugin' || true";
        let found = shell(lab, &worker, script)?;
        ensure!(found.trim() == tries.to_string(), "tried {found} times");
    }
    Ok(())
}

fn micros(lab: &Lab, id: &str, name: &str, property: &str) -> Result<u64> {
    Ok(unit(lab, id, name, property)?.parse()?)
}

/// A key that `dockerd --validate` passes, and one that it does not.
fn taken_back(lab: &Lab) -> Result<()> {
    let cluster = Cluster::create(lab, &ClusterSpec::new(&unique("taken"), 1, 1))?;
    cluster.wait_whole(LIMIT)?;
    let manager = cluster.machines_of(Role::Manager)?.remove(0).id;
    let worker = cluster.machines_of(Role::Worker)?.remove(0).id;
    let before = shell(lab, &worker, "cat /etc/docker/daemon.json")?;
    for (settings, words) in [
        ("storage-driver = \"nonsense\"", "nonsense"),
        ("data-rot = \"/mnt\"", "data-rot"),
    ] {
        let script = format!(
            "mkdir -p /etc/swarmlet/config.d; printf '[engine.daemon]\\n%s\\n' '{settings}' >/etc/swarmlet/config.d/x.toml"
        );
        shell(lab, &worker, &script)?;
        boot(lab, &worker)?;
        serves(lab, &manager, &worker, &[])?;
        ensure!(
            shell(lab, &worker, "cat /etc/docker/daemon.json")? == before,
            "it is another file"
        );
        console_says(lab, &worker, words)?;
        for verb in ["status", "doctor"] {
            let told = lab.exec(&worker, &["swarmlet", verb])?.stdout;
            let line = told.lines().find(|line| line.contains(words));
            eprintln!("    {verb}: {}", line.unwrap_or_default().trim());
            ensure!(line.is_some(), "{verb} does not say it: {told}");
        }
    }
    shell(lab, &worker, "rm /etc/swarmlet/config.d/x.toml")?;
    boot(lab, &worker)?;
    serves(lab, &manager, &worker, &[])?;
    let told = lab.exec(&worker, &["swarmlet", "status"])?.ok()?;
    ensure!(!told.contains("earlier daemon.json"), "{told}");
    Ok(())
}
