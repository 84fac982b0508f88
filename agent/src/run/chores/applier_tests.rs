use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::*;
use protocol::{Availability, NodeEntry, Role};

/// A list that notes what it is asked, and refuses what concerns some nodes.
#[derive(Default)]
struct List {
    asked: RefCell<Vec<String>>,
    refuses: BTreeSet<&'static str>,
}

impl List {
    fn refusing(node: &'static str) -> Self {
        Self {
            refuses: [node].into(),
            ..Self::default()
        }
    }

    fn take(&self, verb: &str, node: &str) -> Result<(), EngineError> {
        self.asked.borrow_mut().push(format!("{verb} {node}"));
        if self.refuses.contains(node) {
            let message = "update out of sequence".into();
            return Err(EngineError::Refused { code: 500, message });
        }
        Ok(())
    }
}

impl NodeList for List {
    async fn nodes(&self, _: Option<Role>) -> Result<Vec<NodeEntry>, EngineError> {
        unreachable!("a plan rests on a list that was read before")
    }

    async fn update(&self, node_id: &str, _: &NodeChange) -> Result<(), EngineError> {
        self.take("update", node_id)
    }

    async fn remove(&self, node_id: &str, force: bool) -> Result<(), EngineError> {
        let verb = if force { "force" } else { "remove" };
        self.take(verb, node_id)
    }
}

/// A clock that stands until it is set.
#[derive(Default)]
struct Hands(Cell<u64>);

impl Now for Hands {
    fn now(&self) -> Moment {
        Moment {
            up: Duration::from_secs(self.0.get()),
            unix: 0,
            random: 0,
        }
    }
}

fn drained(node: &str) -> Change {
    Change::Entry {
        node: node.into(),
        change: NodeChange {
            availability: Some(Availability::Drain),
            ..NodeChange::default()
        },
        purpose: Purpose::Drain,
    }
}

fn removed(node: &str, is_stranger: bool) -> Change {
    Change::Remove {
        node: node.into(),
        is_stranger,
        braked: false,
    }
}

fn plan(changes: Vec<Change>, in_turn: bool) -> Plan {
    Plan {
        changes,
        in_turn,
        again: Some(Duration::from_secs(9)),
        ..Plan::default()
    }
}

/// What came of a plan, what was asked, and what was made.
async fn carry_out(
    applier: &mut Applier,
    list: &List,
    clock: &Hands,
    plan: Plan,
) -> (Result<Option<Duration>, EngineError>, usize) {
    let mut made = 0;
    let carried = applier.carry_out(list, clock, plan, |_| made += 1).await;
    (carried, made)
}

#[tokio::test]
async fn all_of_a_plan_is_tried_though_one_change_fails() {
    let list = List::refusing("a");
    let (mut applier, clock) = (Applier::default(), Hands::default());
    let changes = vec![drained("a"), removed("b", false), removed("c", true)];
    let (done, made) = carry_out(&mut applier, &list, &clock, plan(changes, false)).await;
    assert!(matches!(done, Err(EngineError::Refused { .. })), "{done:?}");
    let asked = list.asked.borrow().join(", ");
    assert_eq!(
        asked, "update a, remove b, force c",
        "a stranger goes by force"
    );
    assert_eq!(made, 2, "what failed was not made");
}

#[tokio::test]
async fn of_a_plan_in_turn_nothing_follows_a_change_that_fails() {
    let list = List::refusing("a");
    let (mut applier, clock) = (Applier::default(), Hands::default());
    let changes = vec![drained("a"), removed("b", false)];
    let (done, made) = carry_out(&mut applier, &list, &clock, plan(changes, true)).await;
    assert!(matches!(done, Err(EngineError::Refused { .. })), "{done:?}");
    assert_eq!((list.asked.borrow().len(), made), (1, 0));
}

#[tokio::test]
async fn the_same_change_is_not_made_again_at_once() {
    let (mut applier, list, clock) = (Applier::default(), List::default(), Hands::default());
    let again = Some(Duration::from_secs(9));
    let changes = || vec![drained("a"), removed("b", false)];
    let first = carry_out(&mut applier, &list, &clock, plan(changes(), true)).await;
    assert!(matches!(first, (Ok(soon), 2) if soon == again), "{first:?}");
    let held = applier.held(&drained("a"), clock.now());
    let held = held.expect("it had no effect yet");
    let second = carry_out(&mut applier, &list, &clock, plan(changes(), true)).await;
    assert!(
        matches!(second, (Ok(soon), 0) if soon == Some(held)),
        "what follows waits with it: {second:?}"
    );
    let third = carry_out(&mut applier, &list, &clock, plan(changes(), false)).await;
    assert!(matches!(third, (Ok(soon), 1) if soon == again), "{third:?}");
    clock.0.set(held.as_secs() + 1);
    let fourth = carry_out(&mut applier, &list, &clock, plan(changes(), true)).await;
    assert!(matches!(fourth, (Ok(_), 2)), "{fourth:?}");
    assert_eq!(
        list.asked.borrow().join(", "),
        "update a, remove b, remove b, update a, remove b"
    );
}

#[tokio::test]
async fn a_change_that_failed_is_tried_again_at_once() {
    let list = List::refusing("a");
    let (mut applier, clock) = (Applier::default(), Hands::default());
    for _ in 0..2 {
        let plan = plan(vec![drained("a")], false);
        let done = carry_out(&mut applier, &list, &clock, plan).await;
        assert!(done.0.is_err());
    }
    assert_eq!(list.asked.borrow().len(), 2);
}
