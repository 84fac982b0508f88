//! A departure from its first notice to its end, over failures and crashes.

use super::*;
use aws::lifecycle::{Transition, Verdict};
use host::state_folder::StateFolder;
use protocol::departure::Request;
use protocol::departure::notice::{Notices, SpotAction, SpotNotice, Target};
use protocol::node::{Acts, File};
use protocol::{Availability, Membership};

const DRAIN: &str = "drain";

fn grouped(world: &World, number: u8, role: Role) -> Host {
    let mut host = Host::new(world, number, role);
    host.node.group = Some("group".into());
    host
}

impl Host {
    fn hears(&self, notices: Notices, request: Option<Request>) {
        self.heard.send_replace(Heard {
            notices,
            request: Some(request),
        });
    }

    fn target(&self, target: Target) {
        let notices = Notices {
            target: Some(target),
            ..Notices::default()
        };
        self.hears(notices, None);
    }

    fn asks(&self, request: Request) {
        self.hears(Notices::default(), Some(request));
    }

    fn file(&self) -> Option<serde_json::Value> {
        let path = self.folder.path().join("departure.json");
        let text = std::fs::read_to_string(path).ok()?;
        Some(serde_json::from_str::<serde_json::Value>(&text).unwrap()["value"].clone())
    }
}

/// A swarm of one manager, and a worker of a group in it.
async fn worker() -> (World, Host, Host) {
    let world = World::default();
    let manager = Host::new(&world, 1, Role::Manager);
    until_it_serves(&mut manager.agent()).await;
    let worker = grouped(&world, 2, Role::Worker);
    until_it_serves(&mut worker.agent()).await;
    (world, manager, worker)
}

/// Turns for this long; what was done.
async fn play(agent: &mut FakeAgent, time: Duration) -> Vec<&'static str> {
    let end = tokio::time::Instant::now() + time;
    let mut done = Vec::new();
    while tokio::time::Instant::now() < end {
        let (action, pause) = turn(agent).await;
        if pause.is_none() {
            done.push(action.name());
        }
        tokio::time::advance(pause.unwrap_or_default()).await;
    }
    done
}

fn continued(host: &Host) -> Vec<(String, Verdict)> {
    let heard = host.group.heard();
    assert!(
        heard
            .iter()
            .all(|(_, verdict)| *verdict == Verdict::Continue)
    );
    heard
}

#[tokio::test(start_paused = true)]
async fn a_scale_in_drains_leaves_and_has_the_group_go_on() {
    let (world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.engine.tasks.set(5);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_secs(20)).await;
    assert_eq!(host.engine.label.get(), Some(EPOCH + 900));
    assert!(host.group.heard().is_empty());
    assert_eq!(world.members(Role::Worker), 1, "not before it is heard");
    play(&mut agent, Duration::from_secs(45)).await;
    assert_eq!(world.members(Role::Worker), 0);
    assert_eq!(continued(&host), [(DRAIN.to_owned(), Verdict::Continue)]);
    let calls = host.group.calls();
    let done = play(&mut agent, Duration::from_mins(30)).await;
    assert!(done.is_empty(), "it stays out: {done:?}");
    assert_eq!(host.group.calls(), calls, "once");
}

/// The agent dies after each number of steps in turn, and a new one goes on.
#[tokio::test(start_paused = true)]
async fn a_departure_goes_on_over_a_crash_at_each_step() {
    for steps in 0..40 {
        let (world, _manager, host) = worker().await;
        host.group.waits(DRAIN, Transition::Terminating);
        host.engine.tasks.set(3);
        let mut agent = host.agent();
        host.target(Target::Terminated);
        for _ in 0..steps {
            let (_, pause) = turn(&mut agent).await;
            tokio::time::advance(pause.unwrap_or_default()).await;
        }
        drop(agent);
        // The notice is not seen any more: what is on disk has to do.
        if steps > 0 {
            host.hears(Notices::default(), None);
        }
        let mut agent = host.agent();
        play(&mut agent, Duration::from_mins(3)).await;
        assert_eq!(continued(&host).len(), 1, "after {steps} steps");
        assert_eq!(world.members(Role::Worker), 0, "after {steps} steps");
        assert_eq!(host.engine.leaves.get(), 1, "after {steps} steps");
    }
}

/// aws-node-termination-handler #535: a drain that timed out.
#[tokio::test(start_paused = true)]
async fn a_drain_that_takes_too_long_ends_at_our_own_deadline() {
    let (world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.engine.tasks.set(100_000);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_secs(880)).await;
    assert!(host.group.heard().is_empty());
    assert!(host.group.beats() >= 11, "{}", host.group.beats());
    play(&mut agent, Duration::from_secs(30)).await;
    assert_eq!(world.members(Role::Worker), 0);
    assert_eq!(continued(&host).len(), 1);
}

/// aws-node-termination-handler #545: an error of the drain ended the process.
#[tokio::test(start_paused = true)]
async fn a_failure_to_leave_is_a_state_and_the_group_goes_on_at_the_deadline() {
    let (_world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.engine.stuck.set(true);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_secs(890)).await;
    assert!(host.group.heard().is_empty());
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(continued(&host).len(), 1);
    host.engine.stuck.set(false);
    play(&mut agent, Duration::from_mins(2)).await;
    assert_eq!(host.engine.leaves.get(), 1, "and it still leaves");
}

/// aws-node-termination-handler #331: the node was gone already, which crashed in a loop.
#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_already_has_left() {
    let (_world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    turn(&mut agent).await;
    docker::Engine::leave(&host.engine).await.unwrap();
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(continued(&host).len(), 1);
}

/// aws-node-termination-handler #575: an instance that never joined.
#[tokio::test(start_paused = true)]
async fn an_instance_that_never_joined_has_the_group_go_on_in_a_moment() {
    let world = World::default();
    let host = grouped(&world, 2, Role::Worker);
    host.group.waits(DRAIN, Transition::Terminating);
    host.target(Target::Terminated);
    let mut agent = host.agent();
    play(&mut agent, Duration::from_secs(30)).await;
    assert_eq!(continued(&host).len(), 1);
    assert_eq!(world.calls("read"), 0, "it does not look for a swarm");
}

/// elastic-ci-stack #733: spot gives two minutes and not one more.
#[tokio::test(start_paused = true)]
async fn a_node_that_spot_takes_back_has_left_twenty_seconds_before() {
    let (world, _manager, host) = worker().await;
    host.engine.tasks.set(100_000);
    let mut agent = host.agent();
    let time = agent.context.edges.clock.unix() + 120;
    let spot = Some(Some(SpotNotice {
        action: SpotAction::Terminate,
        time,
    }));
    host.hears(
        Notices {
            spot,
            ..Notices::default()
        },
        None,
    );
    play(&mut agent, Duration::from_secs(98)).await;
    assert_eq!(world.members(Role::Worker), 1);
    while world.members(Role::Worker) > 0 {
        let (_, pause) = turn(&mut agent).await;
        tokio::time::advance(pause.unwrap_or_default()).await;
    }
    let left = time - agent.context.edges.clock.unix();
    assert!((18..=20).contains(&left), "{left}");
}

/// aws-node-termination-handler #1172: the heartbeats outlived the drain.
#[tokio::test(start_paused = true)]
async fn heartbeats_end_with_the_departure_and_survive_their_failures() {
    let (_world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.engine.tasks.set(100_000);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_mins(1)).await;
    host.group.deny(true);
    play(&mut agent, Duration::from_secs(200)).await;
    assert!(host.file().is_some(), "the drain goes on");
    host.group.deny(false);
    play(&mut agent, Duration::from_secs(800)).await;
    assert_eq!(continued(&host).len(), 1);
    let beats = host.group.beats();
    play(&mut agent, Duration::from_mins(30)).await;
    assert_eq!(host.group.beats(), beats);
}

/// No heartbeat is sent between the leaving and the word that the node is done, which is spread.
#[tokio::test(start_paused = true)]
async fn even_the_shortest_hook_hears_in_time_that_the_node_is_done() {
    let limit = Duration::from_secs(30);
    for _ in 0..30 {
        let (_world, _manager, host) = worker().await;
        host.group.waits_for(DRAIN, Transition::Terminating, limit);
        let mut agent = host.agent();
        host.target(Target::Terminated);
        loop {
            let (_, pause) = turn(&mut agent).await;
            let gap = host.group.longest_gap();
            assert!(gap < limit, "nothing was heard for {gap:?}");
            if !continued(&host).is_empty() {
                break;
            }
            tokio::time::advance(pause.unwrap_or_default()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_may_not_be_completed_is_tried_until_it_may() {
    let (_world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.group.deny(true);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_mins(5)).await;
    let reason = agent.round().await.reason.to_string();
    assert!(reason.contains("autoscaling:"), "{reason}");
    host.group.deny(false);
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(continued(&host).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_waits_no_more_is_a_success() {
    let (_world, _manager, host) = worker().await;
    host.group.waits(DRAIN, Transition::Terminating);
    host.group.waits_no_more();
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_mins(2)).await;
    assert_eq!(host.file().unwrap()["completed"], true);
}

#[tokio::test(start_paused = true)]
async fn a_manager_marks_its_entry_and_goes_on_as_the_worker_it_becomes() {
    let (world, manager, _worker) = worker().await;
    let mut agent = manager.agent();
    manager.asks(Request::Leave);
    play(&mut agent, Duration::from_secs(10)).await;
    let entry = world.entry("node-i-1").unwrap();
    assert_eq!(entry.availability, Availability::Drain);
    assert!(entry.labels.contains_key("swarmlet.departing"));
    assert_eq!(manager.engine.label.get(), None);
    world.demote("node-i-1");
    play(&mut agent, Duration::from_secs(10)).await;
    assert!(manager.engine.label.get().is_some(), "and as a worker");
    assert!(world.entry("node-i-1").is_none(), "it has left");
}

#[tokio::test(start_paused = true)]
async fn the_last_manager_does_not_leave() {
    let world = World::default();
    let host = grouped(&world, 1, Role::Manager);
    until_it_serves(&mut host.agent()).await;
    host.group.waits(DRAIN, Transition::Terminating);
    let mut agent = host.agent();
    host.target(Target::Terminated);
    play(&mut agent, Duration::from_mins(20)).await;
    assert_eq!(host.engine.leaves.get(), 0);
    assert_eq!(continued(&host).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_operator_takes_a_node_out_and_back() {
    let (world, _manager, host) = worker().await;
    let mut agent = host.agent();
    host.asks(Request::Leave);
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(world.members(Role::Worker), 0);
    let mut agent = host.agent();
    play(&mut agent, Duration::from_mins(5)).await;
    assert_eq!(world.members(Role::Worker), 0, "also after a restart");
    let boot = "boot".to_owned();
    host.asks(Request::Activate { boot });
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(world.members(Role::Worker), 1);
    assert_eq!(host.engine.label.get(), None, "taken back");
    assert_eq!(host.file(), None);
    assert_eq!(host.group.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_drained_node_stays_a_member() {
    let (world, _manager, host) = worker().await;
    let mut agent = host.agent();
    host.asks(Request::Drain);
    play(&mut agent, Duration::from_mins(30)).await;
    assert_eq!(world.members(Role::Worker), 1);
    assert_eq!(host.engine.label.get(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_a_warm_pool_joins_when_it_comes_into_service() {
    let world = World::default();
    let manager = Host::new(&world, 1, Role::Manager);
    until_it_serves(&mut manager.agent()).await;
    let host = grouped(&world, 2, Role::Worker);
    host.group.waits("launch", Transition::Launching);
    host.target(Target::Warmed);
    let mut agent = host.agent();
    play(&mut agent, Duration::from_mins(5)).await;
    assert_eq!(world.members(Role::Worker), 0);
    assert_eq!(continued(&host).len(), 1, "the pool waits for it too");
    host.target(Target::InService);
    play(&mut agent, Duration::from_secs(40)).await;
    assert_eq!(world.members(Role::Worker), 1);
    host.target(Target::Warmed);
    play(&mut agent, Duration::from_mins(1)).await;
    assert_eq!(world.members(Role::Worker), 0);
}

/// Its forced cluster was passed over, it left, and its agent ended before it had forgotten all of it; or before
/// it had forgotten any. It joins by a ticket that was read late, of the epoch before, and is promoted.
#[tokio::test(start_paused = true)]
async fn what_was_forced_in_one_swarm_is_no_matter_in_the_next() {
    let second = Epoch::FIRST.next();
    for forgot in [true, false] {
        let world = World::default();
        let (_hosts, mut leader) = cluster(&world, &[Role::Manager]).await;
        let host = Host::new(&world, 3, Role::Manager);
        let memory = StateFolder::new(host.folder.path(), "i-3");
        let acts = Acts {
            at: Some(0),
            forced: Some(second),
        };
        memory.save(&File::Acts(acts)).unwrap();
        if !forgot {
            let of_before = Membership {
                instance_id: "i-3".into(),
                node_id: "before".into(),
                swarm_id: "swarm-1".into(),
                epoch: Epoch::FIRST,
            };
            memory.save(&File::Membership(Some(&of_before))).unwrap();
        }
        let claim = r#"{"nonce":"n","instance_id":"i-4"}"#;
        let passed = r#"{"outcome":"passed-over","nonce":"o","by":"i-4","why":"gone"}"#;
        world.write("/swarmlet/c/epochs/0000000002/claim", claim.into());
        world.write("/swarmlet/c/epochs/0000000002/outcome", passed.into());
        let mut agent = host.agent();
        until_it_serves(&mut agent).await;
        live(&mut leader, Duration::from_secs(30)).await;
        assert_eq!(world.members(Role::Manager), 3, "it is promoted");
        live(&mut agent, Duration::from_mins(11)).await;
        assert_eq!(host.engine.leaves.get(), 0, "forgot {forgot}");
        assert_eq!(memory.recall().unwrap().acts.forced, None);
    }
}
