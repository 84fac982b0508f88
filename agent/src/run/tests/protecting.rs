//! Managers of a group that has no terminating hook: the leader protects whom raft cannot spare.

use super::*;
use crate::identity::GROUP_TAG;
use aws::groups::Member;
use aws::lifecycle::Transition;
use protocol::labels::PROTECTED_LABEL;
use protocol::leader::protection::EXCESS;
use view::metrics::ChoreLabel;

const MINUTE: Duration = Duration::from_secs(70);
pub(super) const GROUP: &str = "c-manager";

/// Managers of one group that wants as many as there are, launched one after the other.
async fn managers(world: &World, count: u8) -> (Vec<Host>, FakeAgent, Group) {
    let others = usize::from(count) - 1;
    let (hosts, leader) = cluster(world, &vec![Role::Manager; others]).await;
    let group = hosts[0].group.clone();
    group.group(|group| {
        (group.name, group.maximum) = (GROUP.into(), 9);
        group.desired = count.into();
    });
    for number in 1..=count {
        join_group(world, &group, number);
    }
    (hosts, leader, group)
}

pub(super) fn join_group(world: &World, group: &Group, number: u8) {
    world.instance(number, |instance| {
        instance.tags.insert(GROUP_TAG.into(), GROUP.into());
        instance.facts.launched = Some(number.into());
    });
    group.group(|group| {
        group.members.push(Member {
            id: format!("i-{number}"),
            in_service: true,
            ..Member::default()
        });
    });
}

fn protected(group: &Group) -> Vec<String> {
    group.group(|group| {
        let protected = group.members.iter().filter(|member| member.protected);
        protected.map(|member| member.id.clone()).collect()
    })
}

fn record(world: &World, number: u8) -> Option<String> {
    world.node(number, |node| node.labels.get(PROTECTED_LABEL).cloned())
}

#[tokio::test(start_paused = true)]
async fn all_but_one_of_three_are_protected_and_another_one_when_that_is_gone() {
    let world = World::default();
    let (_hosts, mut leader, group) = managers(&world, 3).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(
        protected(&group),
        ["i-1", "i-3"],
        "the leader is the oldest, and goes last"
    );
    let records = [1, 2, 3].map(|number| record(&world, number));
    assert_eq!(
        records,
        [Some("protected"), Some("spared"), Some("protected")].map(|r| r.map(String::from))
    );
    // Auto Scaling takes the one that it may.
    group.group(|group| group.members.retain(|member| member.id != "i-2"));
    world.terminate("i-2");
    world.node(2, |node| {
        (node.ready, node.down) = (false, true);
        node.manager.as_mut().unwrap().reachable = false;
    });
    live(&mut leader, MINUTE).await;
    assert_eq!(
        protected(&group),
        ["i-1", "i-3"],
        "of two that are left, none can go"
    );
    // Its successor.
    let host = Host::new(&world, 4, Role::Manager);
    join_group(&world, &group, 4);
    until_it_serves(&mut host.agent()).await;
    live(&mut leader, 2 * MINUTE).await;
    assert_eq!(world.members(Role::Manager), 3);
    assert_eq!(protected(&group), ["i-1", "i-4"]);
    let asked = group.calls();
    live(&mut leader, Duration::from_mins(10)).await;
    assert!(
        group.calls() - asked <= 14,
        "{} in ten minutes",
        group.calls() - asked
    );
}

#[tokio::test(start_paused = true)]
async fn a_launch_template_that_is_newer_decides_who_goes() {
    let world = World::default();
    let (_hosts, mut leader, group) = managers(&world, 3).await;
    group.group(|group| {
        for (member, version) in group.members.iter_mut().zip([4, 5, 5]) {
            member.version = Some(version);
        }
    });
    live(&mut leader, MINUTE).await;
    assert_eq!(
        protected(&group),
        ["i-2", "i-3"],
        "the last launched shows what the group launches"
    );
    group.group(|group| group.version = Some(4));
    live(&mut leader, MINUTE).await;
    assert_eq!(
        protected(&group),
        ["i-1", "i-3"],
        "back to the version before"
    );
    let last = group.protections();
    let last = last[last.len() - 2..]
        .iter()
        .map(|(id, on)| (id.as_str(), *on));
    assert_eq!(
        last.collect::<Vec<_>>(),
        [("i-1", true), ("i-2", false)],
        "who is protected goes first"
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_with_a_hook_is_left_alone_and_one_that_gets_a_hook_is_released() {
    let world = World::default();
    let (_hosts, mut leader, group) = managers(&world, 3).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(protected(&group).len(), 2);
    group.waits("drain", Transition::Terminating);
    live(&mut leader, Duration::from_mins(7)).await;
    assert_eq!(protected(&group), [""; 0]);
    let records = [1, 2, 3].map(|number| record(&world, number));
    assert_eq!(records, [None, None, None]);
    let before = group.protections().len();
    group.group(|group| group.members[0].protected = true);
    live(&mut leader, Duration::from_mins(7)).await;
    assert_eq!(
        group.protections().len(),
        before,
        "what a person protects stays"
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_to_end_is_released() {
    type Change = fn(&mut aws::groups::Group);
    let ends: [Change; 2] = [|group| group.desired = 0, |group| group.is_deleted = true];
    for end in ends {
        let world = World::default();
        let (_hosts, mut leader, group) = managers(&world, 3).await;
        live(&mut leader, MINUTE).await;
        assert_eq!(protected(&group).len(), 2);
        group.group(end);
        live(&mut leader, MINUTE).await;
        assert_eq!(protected(&group), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off() {
    let world = World::default();
    let (hosts, mut leader, group) = managers(&world, 3).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(protected(&group).len(), 2);
    drop(leader);
    let mut leader = hosts[0].agent_with(|settings| settings.swarm.protect_managers = false);
    live(&mut leader, MINUTE).await;
    assert_eq!(protected(&group), [""; 0]);
    let asked = group.calls();
    live(&mut leader, Duration::from_mins(10)).await;
    assert_eq!(group.calls(), asked, "Auto Scaling is asked nothing");
}

#[tokio::test(start_paused = true)]
async fn a_role_without_the_permission_is_told_once_and_nothing_else_suffers() {
    let world = World::default();
    let (_hosts, mut leader, group) = managers(&world, 3).await;
    group.deny(true);
    live(&mut leader, Duration::from_hours(1)).await;
    assert!(group.calls() < 20, "{} in an hour", group.calls());
    let failed = leader
        .chores
        .outcomes
        .failures
        .get_or_create(&ChoreLabel {
            chore: "protection",
        })
        .get();
    assert_eq!(
        failed, 0,
        "no chore that failed: gaps between rounds stay as they are"
    );
    group.deny(false);
    live(&mut leader, Duration::from_mins(12)).await;
    assert_eq!(protected(&group).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_of_one_hands_over_to_the_instance_that_replaces_the_old_one() {
    let world = World::default();
    let (_hosts, mut leader, group) = managers(&world, 1).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(protected(&group), ["i-1"]);
    let host = Host::new(&world, 2, Role::Manager);
    join_group(&world, &group, 2);
    until_it_serves(&mut host.agent()).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(
        world.members(Role::Manager),
        1,
        "it may be a scale-in, and end at once"
    );
    live(&mut leader, EXCESS + MINUTE).await;
    assert_eq!(world.node(1, |node| node.role), Role::Worker);
    assert_eq!(world.node(2, |node| node.role), Role::Manager);
}
