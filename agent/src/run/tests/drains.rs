//! What the leader does for nodes that leave.

use super::*;
use protocol::Availability;
use protocol::labels::{DEPARTING_LABEL, DRAINED_LABEL};

const SOON: Duration = Duration::from_secs(5);

/// One whose leader has labelled and activated its members.
async fn settled(world: &World, roles: &[Role]) -> (Vec<Host>, FakeAgent) {
    let (hosts, mut leader) = cluster(world, roles).await;
    live(&mut leader, SOON).await;
    (hosts, leader)
}

fn availability(world: &World, number: u8) -> Availability {
    world.node(number, |node| node.availability)
}

#[tokio::test(start_paused = true)]
async fn nodes_that_leave_are_drained_in_turn_and_removed_when_they_are_down() {
    let world = World::default();
    let (_hosts, mut leader) = settled(&world, &[Role::Worker; 3]).await;
    for number in [2, 3, 4] {
        world.set_tasks(number, 2);
        let deadline = if number == 3 { EPOCH + 900 } else { 0 };
        world.node(number, |node| node.asks_to_leave = Some(deadline));
    }
    live(&mut leader, SOON).await;
    let drained: Vec<_> = [2, 3, 4].map(|n| availability(&world, n)).into();
    assert_eq!(
        drained,
        [
            Availability::Pause,
            Availability::Drain,
            Availability::Pause
        ]
    );
    world.set_tasks(3, 0);
    live(&mut leader, SOON).await;
    assert_eq!(availability(&world, 2), Availability::Drain);
    assert_eq!(availability(&world, 4), Availability::Pause);
    world.node(3, |node| (node.ready, node.down) = (false, true));
    live(&mut leader, Duration::from_secs(40)).await;
    assert!(!world.has_entry(3), "removed, though its instance is alive");
}

#[tokio::test(start_paused = true)]
async fn a_departure_that_was_called_off_leaves_no_trace() {
    let world = World::default();
    let (_hosts, mut leader) = settled(&world, &[Role::Worker]).await;
    world.node(2, |node| node.asks_to_leave = Some(0));
    live(&mut leader, SOON).await;
    assert_eq!(availability(&world, 2), Availability::Drain);
    assert!(world.node(2, |node| node.labels.contains_key(DRAINED_LABEL)));
    world.node(2, |node| node.asks_to_leave = None);
    live(&mut leader, Duration::from_secs(40)).await;
    assert_eq!(availability(&world, 2), Availability::Active);
    assert!(!world.node(2, |node| node.labels.contains_key(DRAINED_LABEL)));
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_leaves_is_demoted_and_not_promoted_again() {
    let world = World::default();
    let (_hosts, mut leader) = settled(&world, &[Role::Manager, Role::Manager]).await;
    assert_eq!(world.members(Role::Manager), 3);
    world.node(2, |node| {
        node.labels
            .insert(DEPARTING_LABEL.into(), (EPOCH + 300).to_string());
    });
    live(&mut leader, Duration::from_secs(40)).await;
    assert_eq!(world.node(2, |node| node.role), Role::Worker);
    assert_eq!(availability(&world, 2), Availability::Drain);
    assert_eq!(world.members(Role::Manager), 2);
    // The last one stays, whatever it is told.
    world.node(3, |node| node.asks_to_leave = Some(0));
    world.node(1, |node| node.asks_to_leave = Some(EPOCH + 60));
    live(&mut leader, Duration::from_secs(40)).await;
    assert_eq!(world.node(3, |node| node.role), Role::Worker);
    assert_eq!(world.node(1, |node| node.role), Role::Manager);
}

/// A manager that is demoted cannot change its entry any more, in which it has said that it leaves.
#[tokio::test(start_paused = true)]
async fn a_demoted_manager_whose_departure_is_called_off_leaves_no_trace() {
    for engine_says_so in [true, false] {
        let world = World::default();
        let (_hosts, mut leader) = settled(&world, &[Role::Manager, Role::Manager]).await;
        world.node(2, |node| {
            node.labels.insert(DEPARTING_LABEL.into(), "0".into());
            node.availability = Availability::Drain;
        });
        live(&mut leader, SOON).await;
        assert_eq!(world.node(2, |node| node.role), Role::Worker);
        if engine_says_so {
            world.node(2, |node| node.asks_to_leave = Some(0));
            live(&mut leader, Duration::from_mins(3)).await;
            assert_eq!(availability(&world, 2), Availability::Drain);
            world.node(2, |node| node.asks_to_leave = None);
        }
        live(&mut leader, Duration::from_mins(3)).await;
        assert_eq!(availability(&world, 2), Availability::Active);
        let left = world.node(2, |node| {
            let left = [DEPARTING_LABEL, DRAINED_LABEL];
            left.map(|key| node.labels.contains_key(key))
        });
        assert_eq!(left, [false, false]);
        assert_eq!(world.node(2, |node| node.role), Role::Manager);
    }
}

#[tokio::test(start_paused = true)]
async fn no_manager_is_demoted_while_another_is_not_well() {
    let world = World::default();
    let (_hosts, mut leader) = settled(&world, &[Role::Manager, Role::Manager]).await;
    world.node(3, |node| node.manager.as_mut().unwrap().reachable = false);
    world.node(2, |node| node.asks_to_leave = Some(EPOCH + 60));
    live(&mut leader, Duration::from_mins(1)).await;
    assert_eq!(world.node(2, |node| node.role), Role::Manager);
    world.node(3, |node| node.manager.as_mut().unwrap().reachable = true);
    live(&mut leader, SOON).await;
    assert_eq!(world.node(2, |node| node.role), Role::Worker);
}
