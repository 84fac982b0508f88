use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::leader::admission::Admission;
use crate::leader::labelling::ACTIVATED;
use crate::leader::{NO_TASKS, Records};
use crate::{Availability, ManagerEntry, Moment};

const NOW: Moment = Moment {
    up: Duration::from_hours(1),
    unix: 0,
    random: 0,
};

fn ip(n: u8) -> IpAddr {
    [10, 0, 0, n].into()
}

/// A worker that is where its instance is.
fn node(id: &str, instance: u8) -> NodeEntry {
    NodeEntry {
        id: id.into(),
        created: Some(1),
        role: Role::Worker,
        availability: Availability::Active,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        instance_id: Some(format!("i-{instance}")),
        asks_to_leave: None,
        address: Some(ip(instance)),
        manager: None,
    }
}

fn admitted(id: &str, instance: u8) -> NodeEntry {
    NodeEntry {
        labels: [(ACTIVATED.to_owned(), format!("i-{instance}"))].into(),
        ..node(id, instance)
    }
}

fn instance(n: u8) -> Instance {
    Instance {
        alive: true,
        of_cluster: true,
        tagged: true,
        addresses: vec![ip(n).into()],
        ..Instance::default()
    }
}

/// The leader's instance is the last of these.
fn instances(all: impl IntoIterator<Item = (u8, Instance)>) -> Instances {
    let all = all.into_iter().map(|(n, told)| (format!("i-{n}"), told));
    let own = ("i-9".to_owned(), instance(9));
    Instances::that_are(all.chain([own]).collect())
}

fn seen<'a>(
    nodes: &'a [NodeEntry],
    instances: &'a Instances,
    records: &'a Records,
) -> Snapshot<'a> {
    Snapshot {
        own: "i-9",
        nodes,
        instances,
        records,
        tasks: NO_TASKS,
        epoch: None,
        admission: Admission::Enforce,
        now: NOW,
    }
}

/// What becomes of each claim: a doubt, `proved` or `open`.
fn claims(nodes: &[NodeEntry], instances: &Instances) -> Vec<&'static str> {
    claims_on_record(nodes, instances, &Records::default())
}

fn claims_on_record(
    nodes: &[NodeEntry],
    instances: &Instances,
    records: &Records,
) -> Vec<&'static str> {
    let seen = seen(nodes, instances, records);
    let claims = Claims::of(&seen);
    let word = |node| match claims.claim(node) {
        InstanceClaim::Proved(_) => "proved",
        InstanceClaim::Open => "open",
        InstanceClaim::Refuted(doubt, _) => doubt.name(),
    };
    nodes.iter().map(word).collect()
}

#[test]
fn a_claim_counts_with_its_form_its_life_its_address_and_its_cluster() {
    let all = |change: fn(&mut Instance)| {
        let mut told = instance(1);
        change(&mut told);
        claims(&[node("n", 1)], &instances([(1, told)]))
    };
    assert_eq!(all(|_| {}), ["proved"]);
    assert_eq!(all(|told| told.alive = false), ["instance-ended"]);
    assert_eq!(
        all(|told| told.addresses = vec![ip(2).into()]),
        ["other-address"]
    );
    assert_eq!(all(|told| told.of_cluster = false), ["other-cluster"]);
    // EC2 tells tags late, and then it is certain that there are none.
    let tagless = |told: &mut Instance| (told.of_cluster, told.tagged) = (false, false);
    let mut told = instance(1);
    tagless(&mut told);
    assert_eq!(
        claims(&[node("n", 1)], &instances([(1, told.clone())])),
        ["open"]
    );
    told.lasted = TAGLESS;
    assert_eq!(
        claims(&[node("n", 1)], &instances([(1, told)])),
        ["other-cluster"]
    );
    let mut nameless = node("n", 1);
    nameless.instance_id = None;
    assert_eq!(claims(&[nameless], &instances([])), ["no-instance"]);
    assert_eq!(
        claims(&[node("n", 1)], &instances([])),
        ["open"],
        "silence is no proof"
    );
}

#[test]
fn where_the_leaders_own_instance_has_no_tags_they_say_nothing_of_others() {
    let stranger = Instance {
        of_cluster: false,
        tagged: false,
        lasted: TAGLESS,
        ..instance(1)
    };
    let own = Instance {
        of_cluster: false,
        ..instance(9)
    };
    let told = [("i-1".to_owned(), stranger), ("i-9".to_owned(), own)];
    let instances = Instances::that_are(told.into());
    assert_eq!(claims(&[node("n", 1)], &instances), ["proved"]);
}

#[test]
fn a_claim_counts_once() {
    let told = instances([(1, instance(1))]);
    // The first that came, where nobody was admitted yet.
    let mut later = node("b", 1);
    later.created = Some(2);
    assert_eq!(
        claims(&[later.clone(), node("c", 1)], &told),
        ["second-claim", "proved"]
    );
    // The one that was admitted as that instance, whenever it came.
    let mut kept = admitted("a", 1);
    kept.created = Some(3);
    assert_eq!(
        claims(&[node("c", 1), kept.clone()], &told),
        ["second-claim", "proved"]
    );
    // A manager of raft before any of them.
    let mut manager = node("m", 1);
    manager.created = Some(9);
    manager.role = Role::Manager;
    manager.manager = Some(ManagerEntry {
        address: (ip(1), 2377).into(),
        reachable: true,
        leader: false,
    });
    assert_eq!(
        claims(&[kept.clone(), manager], &told),
        ["second-claim", "proved"]
    );
    // Who is somewhere else holds nothing, and neither does who is down.
    let mut elsewhere = admitted("x", 1);
    elsewhere.address = Some(ip(7));
    assert_eq!(
        claims(&[elsewhere, node("c", 1)], &told),
        ["other-address", "proved"]
    );
    (kept.ready, kept.down) = (false, true);
    assert_eq!(claims(&[kept.clone(), node("c", 1)], &told)[1], "proved");
    // After a change of leader nobody is down yet, and nobody ready.
    kept.down = false;
    assert_eq!(claims(&[kept, node("c", 1)], &told)[1], "second-claim");
}

#[test]
fn a_managers_instance_has_the_leaders_profile() {
    let with = |profile: Option<&str>, n| Instance {
        profile: profile.map(str::to_owned),
        ..instance(n)
    };
    let own = ("i-9".to_owned(), with(Some("managers"), 9));
    let (told, records) = (Instances::that_are([own].into()), Records::default());
    let seen = seen(&[], &told, &records);
    let claims = Claims::of(&seen);
    assert!(claims.has_managers_role(&with(Some("managers"), 1)));
    assert!(!claims.has_managers_role(&with(Some("workers"), 1)));
    assert!(!claims.has_managers_role(&with(None, 1)));
}

#[test]
fn of_a_managers_instance_the_node_on_record_is_the_one() {
    let manager = Instance {
        role: Some(Role::Manager),
        ..instance(1)
    };
    let told = instances([(1, manager)]);
    // A stranger behind its address has come before, and was even admitted.
    let nodes = [admitted("stranger", 1), node("true", 1)];
    let mut records = Records::default();
    let claims = |records: &Records| claims_on_record(&nodes, &told, records);
    assert_eq!(claims(&records), ["open", "open"], "nothing was read yet");
    records.learn("i-1", Ok(None), NOW);
    assert_eq!(claims(&records), ["unrecorded", "unrecorded"]);
    let named = |records: &mut Records, id: &str| records.learn("i-1", Ok(Some(id.into())), NOW);
    named(&mut records, "an earlier life");
    assert_eq!(claims(&records), ["unrecorded", "unrecorded"]);
    named(&mut records, "true");
    assert_eq!(claims(&records), ["second-claim", "proved"]);
    // A member of raft needs no record.
    let mut member = node("m", 1);
    member.role = Role::Manager;
    let nodes = [member, node("stranger", 1)];
    let claims = claims_on_record(&nodes, &told, &Records::default());
    assert_eq!(claims, ["proved", "second-claim"]);
}
