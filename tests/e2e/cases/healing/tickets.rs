//! Tickets that say what is not so any more: an old token, a dead address.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Cluster, Effect, Fault as CloudFault, Lab, Role, wait_until};
use serde_json::json;

use super::seen::{Fault, epochs, formed, leader, says, ticket};
use crate::Case;
use crate::cases::support::{docker, journal_of};

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "healing::the_token_rotated_while_a_machine_boots",
        run: rotated,
    },
    Case {
        name: "healing::a_ticket_whose_first_manager_is_dead",
        run: dead_first,
    },
];

/// No machine has this address.
const NOBODY: &str = "10.98.255.250:2377";
const REFUSED: &str = "it was rotated";

/// The new token cannot be published at first, so the newcomer surely reads the old one.
fn rotated(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "rotated", 1, 1)?;
    let leader = leader(lab, &cluster)?.id;
    let deny = CloudFault::new("ssm", Effect::Deny)
        .action("PutParameter")
        .cluster(cluster.name());
    let denied = lab.fault(&deny)?;
    let fault = Fault::now();
    docker(lab, &leader, &["swarm", "join-token", "--rotate", "worker"])?;
    let newcomer = one_more(&cluster)?;
    says(lab, &newcomer, REFUSED, Duration::from_secs(90))?;
    drop(denied);
    let allowed = Fault::now();
    cluster.wait_whole(Duration::from_mins(3))?;
    fault.healed("the token rotated", &(5..=240))?;
    allowed.healed(
        "counted from the moment the leader could publish",
        &(0..=120),
    )?;
    ensure!(epochs(lab, &cluster)? == ["formed"]);
    cluster.delete()
}

/// A joiner takes the manager that answers, and the leader puts the ticket right.
fn dead_first(lab: &Lab) -> Result<()> {
    let cluster = formed(lab, "deadfirst", 1, 1)?;
    let good = ticket(lab, &cluster)?;
    let mut bad = good.clone();
    let managers = bad["managers"].as_array_mut().context("no managers")?;
    managers.insert(0, json!(NOBODY));
    let name = format!("/swarmlet/{}/ticket", cluster.name());
    let words = ["ssm", "put-parameter", "--overwrite", "--name", &name];
    lab.aws(&[&words[..], &["--value", &bad.to_string()]].concat())?;
    let fault = Fault::now();
    let newcomer = one_more(&cluster)?;
    cluster.wait_whole(Duration::from_mins(1))?;
    eprintln!(
        "    joined by the second address after {:.1} s",
        fault.age()
    );
    let journal = journal_of(lab, &newcomer)?;
    ensure!(!journal.contains("cannot join"), "it tried the dead one");
    wait_until("the ticket is right", Duration::from_mins(3), || {
        let now = ticket(lab, &cluster)?;
        ensure!(now["managers"] == good["managers"], "{}", now["managers"]);
        Ok(())
    })?;
    fault.healed("a ticket whose first manager is dead", &(0..=150))?;
    cluster.delete()
}

fn one_more(cluster: &Cluster) -> Result<String> {
    let before = cluster.machines_of(Role::Worker)?;
    cluster.scale(Role::Worker, u32::try_from(before.len())? + 1)?;
    wait_until("it is launched", Duration::from_mins(1), || {
        let workers = cluster.machines_of(Role::Worker)?;
        let newcomer = workers.into_iter().find(|worker| !before.contains(worker));
        Ok(newcomer.context("not yet")?.id)
    })
}
