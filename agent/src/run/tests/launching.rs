//! What a group hears of a launch.

use super::*;
use aws::lifecycle::{Transition, Verdict};
use protocol::departure::notice::{Notices, Target};
use protocol::node::launch::Waited;
use view::status::launch as waited;

const ABANDONED: (&str, Verdict) = ("launch", Verdict::Abandon);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// A worker in a group whose launching hook waits for five minutes; `prepare` has been there.
fn launched(world: &World) -> Host {
    let host = unprepared(world);
    let waited = Waited {
        booted: Some(world.born.elapsed().as_secs()),
        beaten: None,
    };
    leave(&host, waited);
    host
}

fn unprepared(world: &World) -> Host {
    let mut host = Host::new(world, 2, Role::Worker);
    host.node.group = Some("group".into());
    host.group.waits("launch", Transition::Launching);
    on_its_way(&host, Target::InService);
    host
}

fn leave(host: &Host, waited: Waited) {
    waited::leave(waited, &host.folder.path().join("run")).unwrap();
}

fn on_its_way(host: &Host, target: Target) {
    let notices = Notices {
        target: Some(target),
        ..Notices::default()
    };
    host.heard.send_replace(Heard {
        notices,
        request: Some(None),
    });
}

/// The rounds of a while; what the group is to hear is due between them.
async fn play(agent: &mut FakeAgent, time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        let (_, pause) = turn(agent).await;
        let launch = agent.tell_launch().await;
        let pause = pause.unwrap_or_default();
        let pause = launch.map_or(pause, |launch| launch.min(pause));
        tokio::time::advance(pause.min(end - tokio::time::Instant::now())).await;
    }
}

fn abandoned(host: &Host) -> bool {
    let heard = host.group.heard();
    assert!(heard.len() <= 1, "{heard:?}");
    heard == [(ABANDONED.0.to_owned(), ABANDONED.1)]
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_joined_is_ready_once() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let host = launched(&world);
    host.group.deny(true);
    until_it_serves(&mut host.agent()).await;
    assert!(host.group.heard().is_empty(), "and serves all the same");
    host.group.deny(false);
    let mut agent = host.agent();
    play(&mut agent, Duration::from_mins(2)).await;
    assert_eq!(
        host.group.heard(),
        [("launch".to_owned(), Verdict::Continue)]
    );
    let calls = host.group.calls();
    play(&mut host.agent(), Duration::from_mins(30)).await;
    assert_eq!(host.group.calls(), calls, "also after a restart");
}

/// One question for the hooks, one answer.
#[tokio::test(start_paused = true)]
async fn a_launch_takes_two_calls_whether_it_waited_for_a_swarm_or_not() {
    for wait in [0, 60] {
        let world = World::default();
        let host = launched(&world);
        let mut agent = host.agent();
        play(&mut agent, wait * SECOND).await;
        until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
        play(&mut agent, MINUTE).await;
        assert_eq!(
            host.group.heard(),
            [("launch".to_owned(), Verdict::Continue)]
        );
        assert_eq!(host.group.calls(), 2, "{wait}");
    }
}

/// The hook's five minutes less one.
#[tokio::test(start_paused = true)]
async fn an_instance_that_does_not_join_is_abandoned_before_its_hook_runs_out_and_once() {
    let world = World::default();
    let host = launched(&world);
    // It took a while until the agent ran.
    tokio::time::advance(50 * SECOND).await;
    let mut agent = host.agent();
    play(&mut agent, 188 * SECOND).await;
    assert!(!abandoned(&host));
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host) && host.group.beats() == 0);
    let calls = host.group.calls();
    play(&mut agent, Duration::from_mins(30)).await;
    assert_eq!((host.group.calls(), calls), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_of_prepares_begins_its_time_anew() {
    let world = World::default();
    let host = launched(&world);
    tokio::time::advance(20 * MINUTE).await;
    let waited = Waited {
        booted: Some(0),
        beaten: Some(19 * 60),
    };
    leave(&host, waited);
    let mut agent = host.agent();
    play(&mut agent, 178 * SECOND).await;
    assert!(!abandoned(&host));
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host));
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_its_own_counts_from_the_agents_start_and_is_kept_by_heartbeats() {
    let world = World::default();
    let host = launched(&world);
    tokio::time::advance(50 * SECOND).await;
    let mut agent = host.agent_with(|settings| settings.launch.budget = Some(15 * MINUTE));
    play(&mut agent, 10 * MINUTE).await;
    let gap = host.group.longest_gap();
    assert!(gap < Duration::from_secs(150), "{gap:?}");
    // A restart of the agent forgets no heartbeat.
    let mut agent = host.agent_with(|settings| settings.launch.budget = Some(15 * MINUTE));
    play(&mut agent, 298 * SECOND).await;
    assert!(!abandoned(&host));
    assert!(host.group.longest_gap() < 4 * MINUTE);
    assert!((5..=8).contains(&host.group.beats()));
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host));

    let world = World::default();
    let host = launched(&world);
    let mut agent = host.agent_with(|settings| settings.launch.budget = Some(2 * MINUTE));
    play(&mut agent, 121 * SECOND).await;
    assert!(abandoned(&host) && host.group.beats() == 0);
}

/// Since when the hook waits is not known then: a heartbeat makes it known.
#[tokio::test(start_paused = true)]
async fn a_launch_that_another_boot_began_goes_on() {
    let world = World::default();
    let host = launched(&world);
    play(&mut host.agent(), 3 * MINUTE).await;
    world.boot_again();
    leave(
        &host,
        Waited {
            booted: Some(180),
            beaten: None,
        },
    );
    let mut agent = host.agent();
    play(&mut agent, 243 * SECOND).await;
    assert!(!abandoned(&host) && host.group.beats() == 1);
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host));
    // So it is where nobody has left when the machine booted.
    let host = unprepared(&World::default());
    play(&mut host.agent(), 10 * SECOND).await;
    assert_eq!(host.group.beats(), 1);
}

/// A stopped instance has no launching action any more.
#[tokio::test(start_paused = true)]
async fn who_is_not_waited_for_is_neither_kept_nor_given_up() {
    for budget in [None, Some(2 * MINUTE), Some(15 * MINUTE)] {
        let world = World::default();
        let host = launched(&world);
        play(&mut host.agent(), 3 * SECOND).await;
        host.group.waits_no_more();
        world.boot_again();
        let mut agent = host.agent_with(|settings| settings.launch.budget = budget);
        play(&mut agent, 60 * MINUTE).await;
        assert!(host.group.heard().is_empty());
        assert_eq!(host.group.calls(), 3, "the hooks, and twice to be sure");
    }
}

/// A function that somebody else's hook waits for has completed it.
#[tokio::test(start_paused = true)]
async fn a_hook_that_others_have_completed_does_not_count() {
    let two = |world: &World| {
        let host = launched(world);
        let short = Transition::Launching;
        host.group.waits_for("other", short, 30 * SECOND);
        host.group.completes("other");
        host
    };
    let host = two(&World::default());
    let mut agent = host.agent();
    play(&mut agent, 238 * SECOND).await;
    assert!(!abandoned(&host) && host.group.beats() == 0);
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host));

    let host = two(&World::default());
    let mut agent = host.agent_with(|settings| settings.launch.budget = Some(10 * MINUTE));
    play(&mut agent, 598 * SECOND).await;
    assert!(!abandoned(&host) && host.group.beats() < 8);
    play(&mut agent, 4 * SECOND).await;
    assert!(abandoned(&host));

    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let host = two(&world);
    play(&mut host.agent(), MINUTE).await;
    assert_eq!(
        host.group.heard(),
        [("launch".to_owned(), Verdict::Continue)]
    );
}

/// It was in a warm pool for a day.
#[tokio::test(start_paused = true)]
async fn the_time_in_a_warm_pool_does_not_count() {
    let world = World::default();
    let host = launched(&world);
    on_its_way(&host, Target::Warmed);
    let mut agent = host.agent();
    agent.tell_launch().await;
    tokio::time::advance(24 * 60 * MINUTE).await;
    on_its_way(&host, Target::InService);
    for _ in 0..5 {
        agent.tell_launch().await;
        tokio::time::advance(MINUTE).await;
    }
    assert!(!abandoned(&host));
    agent.tell_launch().await;
    assert!(abandoned(&host));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_a_member_is_never_abandoned() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let host = launched(&world);
    host.group.deny(true);
    until_it_serves(&mut host.agent()).await;
    host.group.deny(false);
    docker::Engine::leave(&host.engine).await.unwrap();
    std::fs::remove_file(host.folder.path().join("membership.json")).unwrap();
    world.forget("/swarmlet/c/ticket");
    play(&mut host.agent(), Duration::from_hours(1)).await;
    assert!(host.group.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plain_instance_makes_no_call_and_a_group_without_hooks_is_asked_once() {
    let world = World::default();
    let mut host = launched(&world);
    host.node.group = None;
    play(&mut host.agent(), Duration::from_hours(1)).await;
    assert_eq!(host.group.calls(), 0);

    let mut host = launched(&World::default());
    host.group = Group::default();
    play(&mut host.agent(), Duration::from_hours(1)).await;
    assert_eq!(host.group.calls(), 1);
}
