//! The whole loop of one node while AWS does not answer: everything else happens in its time.

use std::rc::Rc;

use tokio::sync::Notify as Bell;
use tokio::time::{Instant, sleep};

use super::protecting::{GROUP, join_group};
use super::*;
use crate::run::{Triggers, run};
use aws::CloudError;
use aws::lifecycle::{Transition, Verdict};
use protocol::Availability;
use protocol::departure::notice::{Notices, Target};
use protocol::labels::DEPARTING_LABEL;
use view::notify::Notify;

/// A round may have begun when something happens, and the next one may have something to ask as well.
const IN_TIME: Duration = Duration::from_millis(2_500);
const WORKERS: [u8; 8] = [2, 3, 4, 5, 6, 7, 8, 9];

/// Rings when something happens; the agent is never asked to stop.
#[derive(Clone, Default)]
struct Rings(Rc<Bell>);

impl Triggers for Rings {
    async fn next(&mut self) -> Option<()> {
        self.0.notified().await;
        Some(())
    }
}

impl Rings {
    /// Something happens: how long it takes until that has come of it.
    async fn until(&self, so: impl Fn() -> bool) -> Duration {
        self.0.notify_one();
        let begun = Instant::now();
        while !so() && begun.elapsed() < Duration::from_mins(2) {
            sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }
}

/// The agent's loop beside what happens to it.
async fn beside<R>(agent: FakeAgent, rings: &Rings, story: impl Future<Output = R>) -> R {
    let (notify, mut rings) = (Notify::default(), rings.clone());
    tokio::select! {
        () = run(agent, &mut rings, &notify) => panic!("nobody has asked it to stop"),
        told = story => told,
    }
}

/// A leader whose group has no hook, and workers.
async fn swarm(world: &World) -> (Vec<Host>, FakeAgent) {
    let (hosts, mut leader) = cluster(world, &[Role::Worker; 8]).await;
    let group = &hosts[0].group;
    group.group(|group| (group.name, group.maximum, group.desired) = (GROUP.into(), 9, 1));
    join_group(world, group, 1);
    live(&mut leader, Duration::from_secs(5)).await;
    (hosts, leader)
}

/// A worker after the other is to leave: each is drained in time, whatever the leader asks in that moment.
async fn workers_are_drained(world: &World, rings: &Rings, who: &str) {
    for number in WORKERS {
        sleep(Duration::from_secs(17)).await;
        world.node(number, |node| node.asks_to_leave = Some(0));
        let drained = || world.node(number, |node| node.availability) == Availability::Drain;
        let took = rings.until(drained).await;
        assert!(took < IN_TIME, "{who}: worker {number} after {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_of_aws_does_not_answer_a_leader_drains_in_time() {
    for who in ["groups", "instances", "read", "put_secret", "all"] {
        let world = World::default();
        let (hosts, leader) = swarm(&world).await;
        if who == "all" {
            world.stall("instances");
            world.stall("read");
        }
        match who {
            "groups" | "all" => hosts[0].group.silence(true),
            call => world.stall(call),
        }
        let rings = Rings::default();
        beside(leader, &rings, workers_are_drained(&world, &rings, who)).await;
        if who == "groups" {
            assert!(hosts[0].group.calls() > 0, "it has asked");
        }
    }
}

/// Its own hooks do not answer, neither those of its end nor those of its launch.
#[tokio::test(start_paused = true)]
async fn a_leader_that_comes_or_goes_does_its_chores_meanwhile() {
    let ways = [
        (Transition::Terminating, Target::Terminated),
        (Transition::Launching, Target::InService),
    ];
    for (transition, target) in ways {
        let world = World::default();
        let (mut hosts, leader) = swarm(&world).await;
        drop(leader);
        hosts[0].node.group = Some(GROUP.into());
        hosts[0].group.waits("hook", transition);
        hosts[0].group.silence(true);
        let rings = Rings::default();
        let story = async {
            let notices = Notices {
                target: Some(target),
                ..Notices::default()
            };
            let request = Some(None);
            hosts[0].heard.send_replace(Heard { notices, request });
            workers_are_drained(&world, &rings, "its own group").await;
        };
        beside(hosts[0].agent(), &rings, story).await;
        let asked = hosts[0].group.calls();
        assert!((1..=2).contains(&asked), "{asked} calls under way");
    }
}

#[tokio::test(start_paused = true)]
async fn managers_that_are_known_are_replaced_while_ec2_does_not_answer() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Manager; 3]).await;
    live(&mut leader, Duration::from_secs(5)).await;
    assert_eq!(world.members(Role::Manager), 3, "and one that could be");
    world.stall("instances");
    let rings = Rings::default();
    let story = async {
        sleep(Duration::from_mins(3)).await;
        let leaves = (2..=4).find(|number| world.node(*number, |node| node.role) == Role::Manager);
        let leaves = leaves.expect("a manager that does not lead");
        let deadline = (EPOCH + 3_600).to_string();
        world.node(leaves, |node| {
            drop(node.labels.insert(DEPARTING_LABEL.into(), deadline));
        });
        let demoted = || world.node(leaves, |node| node.role) == Role::Worker;
        let took = rings.until(demoted).await;
        assert!(took < 2 * IN_TIME, "demoted after {took:?}");
        assert_eq!(
            world.members(Role::Manager),
            3,
            "another took its place first"
        );
        world.node(leaves, |node| (node.ready, node.down) = (false, true));
        let removed = || !world.has_entry(leaves);
        let took = rings.until(removed).await;
        assert!(took < Duration::from_secs(40), "removed after {took:?}");
    };
    beside(leader, &rings, story).await;
}

/// Nothing tells that the tasks of the one before run elsewhere: the leader looks, also where its rounds fail.
#[tokio::test(start_paused = true)]
async fn drains_go_on_in_turn_while_parameter_store_fails() {
    let world = World::default();
    let (_hosts, leader) = swarm(&world).await;
    let failed = CloudError::Failed {
        action: "ssm:GetParameter",
        cause: "no answer".into(),
    };
    world.refuse("read", Some(failed));
    let rings = Rings::default();
    let story = async {
        sleep(Duration::from_mins(5)).await;
        for number in [2, 3] {
            world.set_tasks(number, 1);
            world.node(number, |node| node.asks_to_leave = Some(0));
        }
        let drained = |number| world.node(number, |node| node.availability) == Availability::Drain;
        rings.until(|| drained(2) || drained(3)).await;
        let (first, second) = if drained(2) { (2, 3) } else { (3, 2) };
        assert!(!drained(second), "in turn");
        sleep(Duration::from_secs(2)).await;
        world.set_tasks(first, 0);
        let begun = Instant::now();
        while !drained(second) && begun.elapsed() < Duration::from_mins(2) {
            sleep(Duration::from_millis(10)).await;
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(6), "the next one after {took:?}");
    };
    beside(leader, &rings, story).await;
}

/// The journal says once that EC2 does not answer, and not each time that it is asked again.
#[tokio::test(start_paused = true)]
async fn a_chore_that_waits_for_aws_does_not_count_as_done() {
    let world = World::default();
    let (_hosts, mut leader) = swarm(&world).await;
    world.ec2_is_down(true);
    live(&mut leader, Duration::from_mins(2)).await;
    for second in 0..60 {
        let failing = leader.chores.outcomes.failing.contains_key("instances");
        assert!(failing, "done again after {second} s");
        turn(&mut leader).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    world.ec2_is_down(false);
    live(&mut leader, Duration::from_mins(2)).await;
    assert!(leader.chores.outcomes.failing.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_is_labelled_while_parameter_store_does_not_answer() {
    let world = World::default();
    let (_hosts, leader) = swarm(&world).await;
    let newcomer = Host::new(&world, 10, Role::Worker);
    world.stall("read");
    let rings = Rings::default();
    let story = async {
        sleep(Duration::from_secs(95)).await;
        let mut entry = world.node(2, |node| node.clone());
        entry.id = "node-i-10".into();
        entry.labels.clear();
        entry.availability = Availability::Drain;
        entry.instance_id = Some(newcomer.node.instance_id.clone());
        entry.address = Some(newcomer.node.private_ip.into());
        world.put_entry(&entry);
        let active = || world.node(10, |node| node.availability) == Availability::Active;
        let took = rings.until(active).await;
        assert!(took < IN_TIME, "activated after {took:?}");
    };
    beside(leader, &rings, story).await;
}

/// The ticket names a node before it is promoted, however long that takes to write.
#[tokio::test(start_paused = true)]
async fn a_ticket_that_is_written_slowly_holds_up_a_promotion_and_no_more() {
    let world = World::default();
    let (_hosts, leader) = cluster(&world, &[Role::Manager; 2]).await;
    world.stall("put_secret");
    let (rings, before) = (Rings::default(), world.calls("put_secret"));
    let story = async {
        // Each of the two is named and, once promoted, a manager to join by.
        for write in 1..=4 {
            sleep(Duration::from_secs(5)).await;
            let ticket = world.parameter("/swarmlet/c/ticket").unwrap_or_default();
            let mut unnamed =
                (1..=3_u8).filter(|number| !ticket.contains(&format!("i-{number}\"")));
            let is_worker = |number| world.node(number, |node| node.role) == Role::Worker;
            assert!(unnamed.all(is_worker), "{ticket}");
            assert_eq!(world.calls("put_secret"), write + before);
            world.answers_again();
            sleep(Duration::from_millis(5)).await;
            world.stall("put_secret");
        }
        sleep(Duration::from_secs(5)).await;
        assert_eq!(world.members(Role::Manager), 3);
    };
    beside(leader, &rings, story).await;
}

/// A worker of a group, which ends it.
async fn leaving(world: &World) -> (Host, Host) {
    let manager = Host::new(world, 1, Role::Manager);
    until_it_serves(&mut manager.agent()).await;
    let mut host = Host::new(world, 2, Role::Worker);
    host.node.group = Some("group".into());
    until_it_serves(&mut host.agent()).await;
    host.group.waits("drain", Transition::Terminating);
    let notices = Notices {
        target: Some(Target::Terminated),
        ..Notices::default()
    };
    let request = Some(None);
    host.heard.send_replace(Heard { notices, request });
    (manager, host)
}

#[tokio::test(start_paused = true)]
async fn a_worker_leaves_in_time_while_auto_scaling_does_not_answer_and_is_heard_when_it_does() {
    let world = World::default();
    let (_manager, host) = leaving(&world).await;
    host.group.silence(true);
    let rings = Rings::default();
    let story = async {
        let took = rings.until(|| host.engine.leaves.get() == 1).await;
        assert!(took < Duration::from_secs(40), "left after {took:?}");
        sleep(Duration::from_mins(10)).await;
        assert_eq!(host.group.calls(), 1, "one call is under way");
        host.group.silence(false);
        let took = rings.until(|| !host.group.heard().is_empty()).await;
        assert!(took < Duration::from_mins(1), "heard after {took:?}");
    };
    beside(host.agent(), &rings, story).await;
    let heard = host.group.heard();
    assert_eq!(heard, [("drain".to_owned(), Verdict::Continue)]);
}
