//! What a group hears of a launch.

use super::*;
use crate::cloud::lifecycle::{Transition, Verdict};
use crate::swarm::notice::{Notices, Target};

fn launched(world: &World) -> Host {
    let mut host = Host::new(world, 2, Role::Worker);
    host.node.group = Some("group".into());
    host.group.waits("launch", Transition::Launching);
    let notices = Notices {
        target: Some(Target::InService),
        ..Notices::default()
    };
    host.heard.send_replace(Heard {
        notices,
        request: Some(None),
    });
    host
}

async fn play(agent: &mut FakeAgent, time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        let (_, pause) = turn(agent).await;
        tokio::time::advance(pause.unwrap_or_default()).await;
    }
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

#[tokio::test(start_paused = true)]
async fn an_instance_that_does_not_join_is_abandoned_in_time_and_once() {
    let world = World::default();
    let host = launched(&world);
    let mut agent = host.agent();
    play(&mut agent, Duration::from_secs(880)).await;
    assert!(host.group.heard().is_empty());
    play(&mut agent, Duration::from_secs(80)).await;
    assert_eq!(
        host.group.heard(),
        [("launch".to_owned(), Verdict::Abandon)]
    );
    let calls = host.group.calls();
    play(&mut agent, Duration::from_mins(30)).await;
    assert_eq!(host.group.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_a_member_is_never_abandoned() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let host = launched(&world);
    host.group.deny(true);
    until_it_serves(&mut host.agent()).await;
    host.group.deny(false);
    crate::engine::Engine::leave(&host.engine).await.unwrap();
    std::fs::remove_file(host.folder.path().join("membership.json")).unwrap();
    world.forget("/swarmlet/c/ticket");
    play(&mut host.agent(), Duration::from_hours(1)).await;
    assert!(host.group.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plain_instance_makes_no_call() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let mut host = launched(&world);
    host.node.group = None;
    play(&mut host.agent(), Duration::from_hours(1)).await;
    assert_eq!(host.group.calls(), 0);
}
