//! A cluster's life by its stack: created, rolled, scaled, deleted, with what its roles may do and nothing more.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Cluster, Image, Instance, Lab, Request, Requests, Role, TERMINATING_HOOK, wait_until};
use serde_json::Value;

use super::seen::{Watch, active, ended, manager, sample, samples, serve, stock};
use crate::Case;
use crate::cases::support::unique;

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "fleet::a_stack_launched_rolled_and_taken_down",
    run: rolled,
}];

pub(in crate::cases) const SLOW: &[Case] = &[Case {
    name: "fleet::the_whole_life_of_a_stack_within_its_policies",
    run: whole_life,
}];

const LIMIT: Duration = Duration::from_mins(10);
const WORKERS: u32 = 2;
fn rolled(lab: &Lab) -> Result<()> {
    let watch = Watch::start();
    let cluster = launched(lab, "stack", 1, WORKERS)?;
    watch.say("the stack was created and all instances in service");
    // In service means in the swarm: nothing is waited for here.
    let nodes = cluster.nodes()?;
    ensure!(nodes.len() == 3, "{} nodes", nodes.len());
    active(&cluster)?;
    serve(lab, &cluster, 2)?;
    let lead = manager(&cluster)?.id;
    sample(lab, &lead)?;
    let old = cluster.machines_of(Role::Worker)?;
    let watch = Watch::start();
    update(lab, cluster.name(), "WorkerInstanceType", "t3.large")?;
    let mut stocked: BTreeSet<String> = old.iter().map(|machine| machine.id.clone()).collect();
    let mut fewest = WORKERS;
    until_complete(lab, &cluster, |workers| {
        let serving = |machine: &&Instance| machine.lifecycle_state.as_deref() == Some("InService");
        fewest = fewest.min(u32::try_from(workers.iter().filter(serving).count())?);
        // The lab has no registry that a new worker could get the tasks' image from.
        for machine in workers {
            if !stocked.contains(&machine.id) && stock(lab, &machine.id).is_ok() {
                stocked.insert(machine.id.clone());
            }
        }
        Ok(())
    })?;
    watch.say("all workers were of another type");
    ensure!(fewest >= WORKERS, "{fewest} workers were in service");
    let seen = samples(lab, &lead)?;
    ensure!(seen.fewest >= 1, "no task ran");
    ensure!(seen.killed == 0, "{} tasks were killed", seen.killed);
    for machine in &old {
        ended(lab, &machine.id, LIMIT)?;
        handed_over(lab, &machine.id)?;
    }
    ensure!(manager(&cluster)?.id == lead, "the manager was replaced");
    nothing_denied(lab, cluster.name())?;
    taken_down(lab, cluster)
}

fn whole_life(lab: &Lab) -> Result<()> {
    let cluster = launched(lab, "life", 3, WORKERS)?;
    active(&cluster)?;
    let watch = Watch::start();
    update(lab, cluster.name(), "ManagerInstanceType", "t3.large")?;
    until_complete(lab, &cluster, |_| Ok(()))?;
    watch.say("all managers were of another type");
    cluster.wait_whole(LIMIT)?;
    super::tokens::rotate(lab, &manager(&cluster)?.id)?;
    for workers in [4, 1] {
        cluster.scale(Role::Worker, workers)?;
        counted(&cluster, usize::try_from(workers)?)?;
        cluster.wait_whole(LIMIT)?;
    }
    lab.terminate(&manager(&cluster)?.id)?;
    cluster.wait_whole(LIMIT)?;
    watch.say("a manager was replaced, workers came and went");
    nothing_denied(lab, cluster.name())?;
    taken_down(lab, cluster)
}

/// The group has begun and ended what it does: until it begins, the swarm is whole as it was.
fn counted(cluster: &Cluster, workers: usize) -> Result<()> {
    wait_until(&format!("there are {workers} workers"), LIMIT, || {
        let now = cluster.machines_of(Role::Worker)?.len();
        ensure!(now == workers, "there are {now}");
        Ok(())
    })
}

/// Created by the command that is used on AWS too.
pub(super) fn launched(lab: &Lab, name: &str, managers: u32, workers: u32) -> Result<Cluster> {
    let name = unique(name);
    let (managers, workers) = (managers.to_string(), workers.to_string());
    let words = [
        "--cluster",
        &name,
        "--image",
        Image::Baked.id(),
        "--managers",
        &managers,
        "--workers",
        &workers,
        // Short, so that departures need heartbeats.
        "--set",
        "TerminatingTimeout=30",
    ];
    let said = lab.script("launch", &words)?.ok()?;
    ensure!(said.contains("aws ssm start-session"), "{said}");
    Ok(Cluster::named(lab, &name))
}

/// Changes one parameter of a stack, and leaves all others.
pub(super) fn update(lab: &Lab, stack: &str, key: &str, value: &str) -> Result<()> {
    let answer = described(lab, stack)?;
    let old = answer["Parameters"].as_array().context("no parameters")?;
    let list: Vec<Value> = old
        .iter()
        .map(|parameter| match &parameter["ParameterKey"] {
            name if name == key => {
                serde_json::json!({"ParameterKey": key, "ParameterValue": value})
            }
            name => serde_json::json!({"ParameterKey": name, "UsePreviousValue": true}),
        })
        .collect();
    let list = Value::from(list).to_string();
    let words = ["cloudformation", "update-stack", "--stack-name", stack];
    let how = [
        "--use-previous-template",
        "--capabilities",
        "CAPABILITY_IAM",
        "--parameters",
        &list,
    ];
    lab.aws(&[&words[..], &how[..]].concat()).map(drop)
}

fn described(lab: &Lab, stack: &str) -> Result<Value> {
    let words = ["cloudformation", "describe-stacks", "--stack-name", stack];
    Ok(lab.aws(&words)?["Stacks"][0].clone())
}

/// Waits for the end of an update, and meanwhile looks at the workers.
pub(super) fn until_complete(
    lab: &Lab,
    cluster: &Cluster,
    mut look: impl FnMut(&[Instance]) -> Result<()>,
) -> Result<()> {
    wait_until("the update is complete", LIMIT, || {
        look(&cluster.machines_of(Role::Worker)?)?;
        let stack = described(lab, cluster.name())?;
        match stack["StackStatus"].as_str() {
            Some("UPDATE_COMPLETE") => Ok(()),
            other => bail!("it is {other:?}"),
        }
    })
}

/// A leaving node told its group itself to go on.
pub(super) fn handed_over(lab: &Lab, id: &str) -> Result<()> {
    let requests = lab.requests(&Requests::to("autoscaling").instance(id))?;
    let good = |request: &&Request| {
        request.action == "CompleteLifecycleAction"
            && request.target.contains(TERMINATING_HOOK)
            && request.status == Some(200)
    };
    let count = requests.iter().filter(good).count();
    ensure!(
        count == 1,
        "{id} completed its hook {count} times: {requests:?}"
    );
    Ok(())
}

/// Nothing was, by whatever policy. That all of what is allowed is used the whole run shows: tests/template/usage.py.
fn nothing_denied(lab: &Lab, stack: &str) -> Result<()> {
    let roles = ["Manager", "Worker"].map(|role| format!("{stack}-{role}Role-"));
    let is_own = |role: &String| roles.iter().any(|own| role.starts_with(own));
    let mut requests = lab.journal()?;
    requests.retain(|r| r.is_aws() && r.role.as_ref().is_some_and(is_own));
    let is_denied =
        |error: &String| error.contains("AccessDenied") || error.contains("Unauthorized");
    let denied: Vec<_> = requests
        .iter()
        .filter(|request| request.error.as_ref().is_some_and(is_denied))
        .collect();
    eprintln!("    {} calls of AWS by the cluster's roles", requests.len());
    ensure!(denied.is_empty(), "denied: {denied:?}");
    ensure!(!requests.is_empty(), "the roles were not used");
    Ok(())
}

/// Deleted by the command that is used on AWS too; nothing of the cluster is left in any service.
pub(super) fn taken_down(lab: &Lab, cluster: Cluster) -> Result<()> {
    let name = cluster.name().to_owned();
    let machines = cluster.machines()?;
    let said = lab.script("launch", &["--down", "--cluster", &name, "--yes"])?;
    said.ok()?;
    drop(cluster);
    for machine in machines {
        ended(lab, &machine.id, LIMIT)?;
    }
    nothing_tells_of(lab, &name)
}

/// No service lists anything of a cluster.
pub(in crate::cases) fn nothing_tells_of(lab: &Lab, name: &str) -> Result<()> {
    let key = format!("alias/swarmlet-{name}");
    let path = format!("/swarmlet/{name}");
    let listings: [&[&str]; 8] = [
        &["autoscaling", "describe-auto-scaling-groups"],
        &["ec2", "describe-launch-templates"],
        &["ec2", "describe-security-groups"],
        &["iam", "list-roles"],
        &["iam", "list-instance-profiles"],
        &["kms", "list-aliases"],
        &["cloudformation", "describe-stacks"],
        &[
            "ssm",
            "get-parameters-by-path",
            "--recursive",
            "--path",
            &path,
        ],
    ];
    for words in listings {
        let told = lab.aws(words)?.to_string();
        ensure!(
            !told.contains(name) && !told.contains(&key),
            "{words:?} still tells of it: {told}"
        );
    }
    Ok(())
}
