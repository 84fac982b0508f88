//! What Auto Scaling has said, folded in.

use super::*;

fn target(target: Target) -> Event<'static> {
    Event::Heard(Heard {
        notices: Notices {
            target: Some(target),
            ..Notices::default()
        },
        request: None,
    })
}

/// Its call is of another departure: that Auto Scaling went on from the warm pool ends no scale-in.
#[test]
fn an_answer_to_what_another_departure_asked_says_nothing() {
    use DepartureEvent::{Asked, Completed, Hooks};
    let now = at(HOUR);
    let mut node = Node {
        own: Own {
            group: Some("g".into()),
            ..own(Role::Worker)
        },
        ..blank(Role::Worker, now)
    };
    let hooks = || Event::Departure(Hooks(Ok(vec![Hook::named("h")])));
    let done = || Event::Departure(Completed(vec![("h".into(), Ok(Waiting::Heard))]));
    let asked = |call| Event::Departure(Asked(call));
    node.learn(target(Target::Warmed), now);
    node.learn(hooks(), now);
    assert_eq!(node.progress.known().count(), 0, "nobody has asked");
    node.learn(asked(HookCall::List), now);
    node.learn(hooks(), now);
    assert_eq!(node.progress.known().count(), 1);
    node.learn(asked(HookCall::Complete), now);
    node.learn(target(Target::Terminated), now);
    node.learn(done(), now);
    let completed = |node: &Node| node.departure().is_some_and(|d| d.completed);
    assert!(!completed(&node));
    node.learn(asked(HookCall::Complete), now);
    node.learn(done(), now);
    assert!(completed(&node));
}

fn grouped(now: Moment) -> Node {
    let mut node = blank(Role::Worker, now);
    node.own.group = Some("g".into());
    node
}

fn hold(node: &Node, now: Moment) -> Hold {
    let departure = node.departure().unwrap();
    node.progress.seen(departure, Some(&[]), now).hold.unwrap()
}

/// Of 30 s, which `Hook::named` takes it to have; of which one call may be lost.
#[test]
fn a_short_hook_that_its_launch_has_told_of_is_asked_for_soon() {
    let most = Moment {
        random: 999,
        ..at(HOUR)
    };
    for (told, first) in [(None, 17), (Some(300), 17), (Some(60), 6), (Some(30), 3)] {
        let mut node = grouped(most);
        let hook = |seconds| Hook {
            timeout: Duration::from_secs(seconds),
            ..Hook::named("h")
        };
        let hooks = told.into_iter().map(hook).collect();
        node.learn(Event::Launch(LaunchEvent::Hooks(Ok(hooks))), most);
        node.learn(target(Target::Terminated), most);
        assert_eq!(hold(&node, most).first, first * SECOND, "{told:?}");
    }
}

/// It was known only afterwards that there is no time for a word that is spread over 20 s.
#[test]
fn who_has_left_before_it_knew_its_hooks_tells_a_short_one_at_once() {
    let most = Moment {
        random: 999,
        ..at(HOUR)
    };
    let (leaves, answered) = (
        Moment {
            up: HOUR + 8 * SECOND,
            ..most
        },
        Moment {
            up: HOUR + 15 * SECOND,
            ..most
        },
    );
    for (seconds, word) in [(30, 0), (900, 13)] {
        let mut node = grouped(most);
        node.learn(target(Target::Terminated), most);
        node.learn(Event::Departure(DepartureEvent::Departed), leaves);
        assert_eq!(hold(&node, leaves).word, 20 * SECOND);
        let hook = Hook {
            timeout: Duration::from_secs(seconds),
            ..Hook::named("h")
        };
        node.learn(
            Event::Departure(DepartureEvent::Asked(HookCall::List)),
            answered,
        );
        let heard = DepartureEvent::Hooks(Ok(vec![hook]));
        node.learn(Event::Departure(heard), answered);
        assert_eq!(hold(&node, answered).word, word * SECOND);
    }
}

/// All managers were gone for so long that EC2 does not know them: that takes ten minutes to be certain of, and this
/// group's hook waits for five.
#[test]
fn a_launch_is_not_over_while_an_absence_is_not_certain() {
    let told = |role: Role, absent: bool| {
        let now = at(HOUR);
        let mut node = blank(role, now);
        node.own.group = Some("g".into());
        node.policy.launch = Some(LaunchRules {
            budget: None,
            on_failure: OnFailure::Abandon,
        });
        node.files.waited.booted = Some(now.up.as_secs());
        node.learn(target(Target::InService), now);
        node.learn(Event::Launch(LaunchEvent::Seen), now);
        node.learn(Event::Ticket(Ok(Some(ticket()))), now);
        let hook = Hook {
            transition: Transition::Launching,
            timeout: 300 * SECOND,
            ..Hook::named("h")
        };
        node.learn(Event::Launch(LaunchEvent::Hooks(Ok(vec![hook]))), now);
        let asked = ["i-4".to_owned()];
        let later = at(HOUR + 241 * SECOND);
        if absent {
            let reply = Reply {
                asked: &asked,
                known: &[],
                silent: &BTreeSet::new(),
            };
            node.instances.see(&reply, later);
        }
        node.next_for_launch(later)
    };
    let say = |word| Some(Err(LaunchCall::Say(word, vec!["h".into()])));
    assert_eq!(told(Role::Manager, true), say(LaunchWord::Longer));
    assert_eq!(told(Role::Manager, false), say(LaunchWord::Failed));
    assert_eq!(told(Role::Worker, true), say(LaunchWord::Failed));
}

/// What a group is asked of a launch is true whatever has become of the node meanwhile.
#[test]
fn a_launch_is_told_once_also_where_the_node_leaves_before_the_answer() {
    for (waiting, is_told) in [(Waiting::Heard, true), (Waiting::NotWaiting, false)] {
        let now = at(HOUR);
        let mut node = blank(Role::Worker, now);
        node.own.group = Some("g".into());
        node.policy.launch = Some(LaunchRules {
            budget: None,
            on_failure: OnFailure::Abandon,
        });
        let mut hook = Hook::named("h");
        hook.transition = Transition::Launching;
        for event in [LaunchEvent::Hooks(Ok(vec![hook])), LaunchEvent::Asked] {
            node.learn(Event::Launch(event), now);
        }
        let waits = |node: &Node| node.next_for_launch(now);
        assert_eq!(waits(&node), Some(Ok(ROUND)), "not asked again");
        node.learn(Event::Left, now);
        assert_eq!(waits(&node), Some(Ok(ROUND)), "nor now");
        let said = Ok(vec![("h".into(), waiting)]);
        node.learn(
            Event::Launch(LaunchEvent::Said(LaunchWord::Ready, said, now)),
            now,
        );
        assert_eq!(node.launched().told, is_told);
    }
}
