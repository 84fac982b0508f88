//! Runs an exploration, shows a line of it, and fails with the way to what must not be.

use std::collections::BTreeSet;
use std::time::Instant;

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::liveness;
use crate::protocol::{Event, Protocol};
use crate::variant::Variant;
use crate::world::World;

/// Explores everything: each property holds in every state. Tells what the exploration came by.
#[allow(
    clippy::print_stdout,
    reason = "for people: cargo test shows it on request"
)]
pub(crate) fn holds(scene: &str, start: &World) -> BTreeSet<&'static str> {
    let begun = Instant::now();
    let protocol = Protocol {
        start: start.clone(),
        variant: Variant::Production,
    };
    let checker = protocol.clone().checker().threads(1);
    let checker = checker
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let found = checker.discoveries();
    let (seen, broken): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(name, _)| protocol.property(name).expectation == Expectation::Sometimes);
    let seen: BTreeSet<_> = seen.into_iter().map(|(name, _)| name).collect();
    println!(
        "{scene}: {:?}: {} states, depth {}, {:.1?}; seen: {seen:?}",
        start.budget,
        checker.unique_state_count(),
        checker.max_depth(),
        begun.elapsed(),
    );
    let broken = broken.into_iter().next();
    if let Some((name, path)) = broken {
        panic!("{scene}: broken: {name}\n{}", story(&protocol, name, path));
    }
    seen
}

/// Explores everything: from every state, if nothing more fails, the cluster can become one.
#[allow(
    clippy::print_stdout,
    reason = "for people: cargo test shows it on request"
)]
pub(crate) fn recovers(scene: &str, start: &World) {
    let begun = Instant::now();
    let found = liveness::check(&Protocol {
        start: start.clone(),
        variant: Variant::Production,
    });
    println!(
        "{scene}: {:?}: {} states, {} united, lost for a reason: {:?}, {:.1?}",
        start.budget,
        found.states,
        found.united,
        found.excused,
        begun.elapsed(),
    );
    if let Some(way) = found.stuck.first() {
        panic!(
            "{scene}: {} states are stuck; the first:\n{}",
            found.stuck.len(),
            lines(way)
        );
    }
}

/// Explores everything: from some states the cluster cannot become one any more.
#[allow(
    clippy::print_stdout,
    reason = "for people: cargo test shows it on request"
)]
pub(crate) fn gets_stuck(variant: Variant, start: &World) {
    let found = liveness::check(&Protocol {
        start: start.clone(),
        variant,
    });
    let (states, stuck) = (found.states, found.stuck.len());
    let way = found.stuck.first();
    let way = way.unwrap_or_else(|| panic!("{variant:?}: {states} states, and none is stuck"));
    println!(
        "{variant:?}: {stuck} of {states} states are stuck:\n{}",
        lines(way)
    );
}

/// Explores until a property is broken, and gives the number of steps to that.
#[allow(
    clippy::print_stdout,
    reason = "for people: cargo test shows it on request"
)]
pub(crate) fn breaks(variant: Variant, start: &World, property: &'static str) {
    let begun = Instant::now();
    let protocol = Protocol {
        start: start.clone(),
        variant,
    };
    let end = HasDiscoveries::AllOf(BTreeSet::from([property]));
    let checker = protocol
        .checker()
        .threads(1)
        .finish_when(end)
        .spawn_bfs()
        .join();
    let states = checker.unique_state_count();
    let path = checker.discovery(property);
    let path =
        path.unwrap_or_else(|| panic!("{variant:?}: {states} states, and still: {property}"));
    let begun = begun.elapsed();
    println!(
        "{variant:?}: {:?}: {states} states, {begun:.1?}: not {property}:",
        start.budget
    );
    println!("{}", story(checker.model(), property, path));
}

/// The way to the first state that breaks the property: an exploration notices it later.
fn story(protocol: &Protocol, property: &'static str, path: Path<World, Event>) -> String {
    let holds = protocol.property(property).condition;
    let way = path.into_vec();
    let good = way.iter().take_while(|(world, _)| holds(protocol, world));
    let events: Vec<Event> = good.filter_map(|(_, event)| event.clone()).collect();
    lines(&events)
}

fn lines(events: &[Event]) -> String {
    let numbered = events.iter().enumerate();
    let lines: Vec<String> = numbered
        .map(|(n, event)| format!("  {:2} {event}", n + 1))
        .collect();
    lines.join("\n")
}
