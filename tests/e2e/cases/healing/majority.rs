//! Two of three managers terminated: no majority can come back, and the survivor's copy of the
//! swarm is all that is left of it.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Cluster, Image, Lab, Node, Role, wait_until};

use super::seen::{
    Fault, epochs, followers, formed_of, long, one_swarm, replaced, says, ticket_is,
};
use super::service;
use crate::Case;
use crate::cases::support::docker;

pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        name: "healing::a_majority_terminated_and_a_person_asked",
        run: asked,
    },
    Case {
        name: "healing::a_majority_terminated",
        run: |lab| by_itself(lab, &Image::Baked),
    },
];

const AUTO: &str = "printf '[swarm]\\nrecovery = \"auto\"\\n' >/etc/swarmlet/config.d/recovery.toml && \
                    systemctl restart swarmlet";
/// No leader for two minutes, and EC2 asked twice.
const NOTICED: Duration = Duration::from_mins(5);
/// One removal in five minutes.
const BRAKE: Duration = Duration::from_mins(8);
const QUIET: Duration = Duration::from_secs(30);

struct Loss {
    cluster: Cluster,
    swarm: String,
    survivor: String,
    fault: Fault,
}

/// `recovery = "auto"`: the agents were told before.
pub(in crate::cases) fn by_itself(lab: &Lab, image: &Image) -> Result<()> {
    let loss = lose(lab, image, "auto", |cluster| {
        for manager in cluster.machines_of(Role::Manager)? {
            lab.exec(&manager.id, &["mkdir", "-p", "/etc/swarmlet/config.d"])?
                .ok()?;
            lab.exec(&manager.id, &["sh", "-c", AUTO])?.ok()?;
        }
        Ok(())
    })?;
    recovered(lab, &loss, "a majority terminated, recovery = auto")?;
    cleaned(&loss)?;
    loss.cluster.delete()
}

/// The default with three managers: the status says what to run, and nothing happens before.
fn asked(lab: &Lab) -> Result<()> {
    let loss = lose(lab, &Image::Baked, "ask", |_| Ok(()))?;
    says(lab, &loss.survivor, "`swarmlet recover`", NOTICED)?;
    eprintln!("    a person was asked after {:.1} s", loss.fault.age());
    thread::sleep(QUIET);
    says(
        lab,
        &loss.survivor,
        "`swarmlet recover`",
        Duration::from_secs(5),
    )?;
    ensure!(
        epochs(lab, &loss.cluster)? == ["formed"],
        "an epoch was claimed without consent"
    );
    let consent = Fault::now();
    lab.exec(&loss.survivor, &["swarmlet", "recover"])?.ok()?;
    recovered(lab, &loss, "a majority terminated, recovery = ask")?;
    consent.healed("counted from the consent", &(5..=360))?;
    cleaned(&loss)?;
    loss.cluster.delete()
}

fn lose(
    lab: &Lab,
    image: &Image,
    name: &str,
    ready: impl FnOnce(&Cluster) -> Result<()>,
) -> Result<Loss> {
    let cluster = formed_of(lab, image, name, 3, 1)?;
    let swarm = one_swarm(lab, &cluster)?;
    let survivor = followers(lab, &cluster)?.remove(0).id;
    service::create(lab, &survivor)?;
    ready(&cluster)?;
    cluster.wait_whole(Duration::from_mins(1))?;
    let managers = cluster.machines_of(Role::Manager)?;
    let ids = managers.iter().map(|manager| manager.id.as_str());
    let lost: Vec<&str> = ids.filter(|id| *id != survivor).collect();
    let fault = Fault::now();
    let call = ["ec2", "terminate-instances", "--instance-ids"];
    lab.aws(&[&call[..], &lost].concat())?;
    replaced(&cluster, Role::Manager, 3, &lost)?;
    Ok(Loss {
        cluster,
        swarm,
        survivor,
        fault,
    })
}

/// The same swarm, with all it held, under the next epoch, and three managers again.
fn recovered(lab: &Lab, loss: &Loss, what: &str) -> Result<()> {
    let cluster = &loss.cluster;
    three_managers(loss)?;
    loss.fault.healed(what, &(120..=480))?;
    ensure!(
        one_swarm(lab, cluster)? == loss.swarm,
        "it is another swarm"
    );
    service::is_there(lab, &loss.survivor)?;
    ensure!(epochs(lab, cluster)? == ["formed", "formed"]);
    let format = "{{json .Swarm.Cluster.Spec.Labels}}";
    let labels = docker(lab, &loss.survivor, &["info", "--format", format])?;
    ensure!(
        labels.contains(r#""swarmlet.epoch":"2""#),
        "its labels are {labels}"
    );
    ticket_is(lab, cluster, 2, &loss.swarm)?;
    Ok(())
}

/// The second dead entry goes when the brake on removals allows it.
fn cleaned(loss: &Loss) -> Result<()> {
    if long() {
        loss.cluster.wait_whole(BRAKE)?;
        eprintln!(
            "    the node list was clean after {:.1} s",
            loss.fault.age()
        );
    }
    Ok(())
}

/// Every machine has its Ready node, three are live managers, and the first of the two dead
/// entries is gone. The second goes when the brake on removals allows it.
fn three_managers(loss: &Loss) -> Result<()> {
    let what = "three managers are reachable again";
    wait_until(what, Duration::from_mins(7), || {
        let nodes = loss.cluster.nodes_of(&loss.survivor)?;
        let count = |wanted: fn(&Node) -> bool| nodes.iter().filter(|n| wanted(n)).count();
        let (live, ready) = (count(Node::is_live_manager), count(|n| n.status == "Ready"));
        ensure!(live == 3, "{live} managers");
        ensure!(ready == 4, "{ready} Ready nodes");
        ensure!(nodes.len() <= 5, "{} nodes", nodes.len());
        Ok(())
    })
}
