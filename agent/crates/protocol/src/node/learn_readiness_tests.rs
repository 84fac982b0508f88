//! What health checks hear, by what a node has learnt.

use super::*;
use crate::departure::Request;
use crate::node::Readiness;

fn manager() -> EngineState {
    let EngineState::Active(member) = engine(4) else {
        unreachable!("a worker is in a swarm");
    };
    EngineState::Active(Member {
        control: Control::Manager {
            leader: false,
            origin: None,
        },
        ..member
    })
}

fn asked(request: Option<Request>) -> Event<'static> {
    Event::Heard(Heard {
        request: Some(request),
        ..Heard::default()
    })
}

/// What is heard after each of these.
fn told(node: &mut Node, story: Vec<(Event<'_>, Option<Readiness>)>) {
    for (number, (event, expected)) in story.into_iter().enumerate() {
        node.learn(event, at(HOUR));
        assert_eq!(node.readiness(), expected, "{number}");
    }
}

fn activate() -> Request {
    Request::Activate {
        boot: "boot".into(),
    }
}

#[test]
fn a_worker_joins_serves_is_drained_removed_and_leaves() {
    use Readiness::{Departing, Draining, Joining, Lost, Ready};
    let mut node = blank(Role::Worker, at(HOUR));
    assert_eq!(node.readiness(), None, "an agent that starts says nothing");
    let story = vec![
        (Event::Engine(engine(1)), Some(Joining)),
        (Event::Engine(engine(4)), Some(Joining)),
        (Event::Remembered(membership()), Some(Ready)),
        (Event::Engine(engine(0)), Some(Lost)),
        (Event::Engine(engine(4)), Some(Ready)),
        (asked(Some(Request::Drain)), Some(Draining)),
        (asked(Some(activate())), Some(Ready)),
        (Event::Standing(words(2)), Some(Ready)),
        (Event::Standing(words(3)), Some(Ready)),
        (Event::Standing(words(1)), Some(Lost)),
        (Event::Standing(words(0)), Some(Ready)),
        (asked(Some(Request::Leave)), Some(Departing)),
        (Event::Departure(DepartureEvent::Departed), Some(Departing)),
        (asked(Some(activate())), None),
        (Event::Engine(engine(1)), Some(Joining)),
    ];
    told(&mut node, story);
}

/// It has said that it goes, and takes that back: until then others keep its tasks off it.
#[test]
fn who_takes_a_departure_back_is_not_ready_before_that_is_said() {
    let mut node = blank(Role::Worker, at(HOUR));
    let announced = Event::Departure(DepartureEvent::Announced(Ok(())));
    let retracted = Event::Departure(DepartureEvent::Retracted(Ok(())));
    let story = vec![
        (Event::Engine(engine(4)), Some(Readiness::Joining)),
        (Event::Remembered(membership()), Some(Readiness::Ready)),
        (asked(Some(Request::Drain)), Some(Readiness::Draining)),
        (announced, Some(Readiness::Draining)),
        (asked(Some(activate())), Some(Readiness::Draining)),
        (retracted, Some(Readiness::Ready)),
    ];
    told(&mut node, story);
}

#[test]
fn an_agent_that_starts_in_a_departure_says_so_before_its_first_look() {
    let mut before = blank(Role::Worker, at(HOUR));
    before.learn(asked(Some(Request::Leave)), at(HOUR));
    let policy = before.policy.clone();
    let node = Node::start(own(Role::Worker), policy, before.files, at(HOUR));
    assert_eq!(node.readiness(), Some(Readiness::Departing));
}

#[test]
fn a_manager_that_a_person_drains_is_draining_until_it_is_active_or_no_manager() {
    use Readiness::{Draining, Ready};
    let drain = || Event::Availability(Some(Availability::Drain));
    let mut node = blank(Role::Manager, at(HOUR));
    node.learn(Event::Engine(manager()), at(HOUR));
    node.learn(Event::Remembered(membership()), at(HOUR));
    let story = vec![
        (Event::Availability(Some(Availability::Active)), Some(Ready)),
        (drain(), Some(Draining)),
        (Event::Engine(manager()), Some(Draining)),
        (Event::Availability(Some(Availability::Pause)), Some(Ready)),
        (drain(), Some(Draining)),
        // Nobody tells a worker.
        (Event::Engine(engine(4)), Some(Ready)),
        (Event::Engine(manager()), Some(Ready)),
        (drain(), Some(Draining)),
        (Event::Availability(None), Some(Ready)),
    ];
    told(&mut node, story);
    node.policy.manager_availability = Availability::Drain;
    told(&mut node, vec![(drain(), Some(Ready))]);
}
