//! What load balancers hear, by the real rounds.

use super::*;
use protocol::Availability;
use protocol::departure::Request;
use protocol::node::Readiness;

fn drain(world: &World, number: u8, availability: Availability) {
    world.node(number, |node| node.availability = availability);
}

/// Its own entry tells, to the leader and to a manager that follows.
#[tokio::test(start_paused = true)]
async fn a_manager_that_a_person_drains_is_draining() {
    let world = World::default();
    let (hosts, mut leader) = cluster(&world, &[Role::Manager, Role::Manager]).await;
    live(&mut leader, Duration::from_secs(40)).await;
    let mut follower = hosts[1].agent();
    until_it_serves(&mut follower).await;
    for (number, agent) in [(1, &mut leader), (2, &mut follower)] {
        assert_eq!(agent.readiness(), Some(Readiness::Ready), "{number}");
        drain(&world, number, Availability::Drain);
        turn(agent).await;
        assert_eq!(agent.readiness(), Some(Readiness::Draining), "{number}");
        drain(&world, number, Availability::Active);
        turn(agent).await;
        assert_eq!(agent.readiness(), Some(Readiness::Ready), "{number}");
    }
    let mut drained = hosts[1].agent_with(|settings| {
        settings.swarm.manager_availability = Availability::Drain;
    });
    drain(&world, 2, Availability::Drain);
    until_it_serves(&mut drained).await;
    assert_eq!(drained.readiness(), Some(Readiness::Ready), "as all are");
}

/// Before anything is asked of an engine, and for as long as the departure lasts.
#[tokio::test(start_paused = true)]
async fn a_request_is_told_as_soon_as_it_is_settled() {
    let world = World::default();
    let (hosts, _leader) = cluster(&world, &[Role::Worker]).await;
    let mut worker = hosts[1].agent();
    assert_eq!(worker.readiness(), None, "nothing is known yet");
    until_it_serves(&mut worker).await;
    assert_eq!(worker.readiness(), Some(Readiness::Ready));
    hosts[1].heard.send_replace(Heard {
        request: Some(Some(Request::Leave)),
        ..Heard::default()
    });
    worker.settle_departure();
    assert_eq!(worker.readiness(), Some(Readiness::Departing));
    let again = hosts[1].agent();
    assert_eq!(
        again.readiness(),
        Some(Readiness::Departing),
        "it is on disk"
    );
}
