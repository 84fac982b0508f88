//! The node's own side of a departure.

use proptest::prelude::*;

use super::*;
use crate::departure::{Cause, Departing, Hold};
use crate::facts::hooks::HookCall;

const HOOK: Duration = Duration::from_mins(5);

fn departing(cause: Cause) -> Departing {
    Departing {
        cause,
        remaining: Some(900 * SECOND),
        withdrawn: false,
        announced: None,
        marked: false,
        left: false,
        again: false,
        telling: None,
        tasks: None,
        leaving: None,
        hold: None,
    }
}

fn hold() -> Hold {
    Hold {
        hooks: aged(vec![HOOK], 60 * SECOND),
        ..Hold::default()
    }
}

fn told(cause: Cause) -> Departing {
    Departing {
        announced: Some(30 * SECOND),
        ..departing(cause)
    }
}

/// Every kind of departure, at every point.
pub(super) fn all() -> Vec<Option<Departing>> {
    let beaten = Hold {
        beat: just(()),
        ..hold()
    };
    let asking = Hold {
        asked: Some(HookCall::Complete),
        ..hold()
    };
    let holds = [
        None,
        Some(Hold::default()),
        Some(hold()),
        Some(beaten),
        Some(asking),
    ];
    let tasks = [None, just(0), just(2)];
    let mut all = Vec::new();
    for cause in [Cause::Drain, Cause::Leave, Cause::ScaleIn] {
        for remaining in [None, Some(Duration::ZERO), Some(60 * SECOND)] {
            for (number, hold) in holds.iter().enumerate() {
                for tasks in &tasks {
                    all.push(Some(Departing {
                        remaining,
                        announced: (number != 0 || tasks.is_some()).then_some(30 * SECOND),
                        hold: hold.clone(),
                        tasks: tasks.clone(),
                        marked: number % 2 == 0,
                        withdrawn: number == 3 && tasks.is_none() && remaining.is_none(),
                        leaving: failed(Trouble::Failed("f".into())).filter(|_| number == 2),
                        ..told(cause)
                    }));
                }
            }
        }
    }
    all
}

/// A worker whose work has ended, whose time is up, or that was never in the swarm.
pub(super) fn may_depart(seen: &Observation) {
    let d = seen.departure.as_ref().unwrap();
    assert_ne!(d.cause, Cause::Drain);
    match &seen.engine {
        EngineState::Pending(_) | EngineState::Error(_) if seen.membership.is_none() => {}
        EngineState::Pending(_) | EngineState::Error(_) => assert!(has_ended(d)),
        EngineState::Active(member) => {
            assert_eq!(member.control, Control::Worker, "a manager never leaves");
            assert!(has_ended(d), "{seen:?}");
        }
        other => panic!("nothing to leave: {other:?}"),
    }
}

fn has_ended(d: &Departing) -> bool {
    let none = d.tasks.as_ref().and_then(Reading::value) == Some(&0);
    d.is_due() || (none && (d.marked || d.announced.is_some_and(|age| age >= pace::ANNOUNCED)))
}

/// Nothing of the swarm runs here, or the time is up.
pub(super) fn may_complete(seen: &Observation) {
    let d = seen.departure.as_ref().unwrap();
    assert!(d.hold.is_some() && d.cause != Cause::Drain);
    let out = match seen.engine {
        EngineState::Inactive => true,
        EngineState::Down => d.left || seen.membership.is_none(),
        _ => false,
    };
    assert!(out || d.is_due(), "{seen:?}");
}

fn at(engine: EngineState, departure: Departing) -> Observation {
    Observation {
        engine,
        membership: membership(),
        departure: Some(departure),
        ..outside(Role::Worker)
    }
}

fn worker(departure: Departing) -> Action {
    decide(&at(member(Control::Worker), departure)).action
}

#[test]
fn a_worker_says_so_waits_for_its_tasks_and_leaves() {
    let d = departing(Cause::ScaleIn);
    assert_eq!(worker(d), Action::Announce);
    let d = told(Cause::ScaleIn);
    assert_eq!(worker(d.clone()), Action::CountTasks);
    let busy = Departing {
        tasks: just(2),
        ..d.clone()
    };
    assert_eq!(worker(busy), Action::Wait(pace::TASKS_LOOK));
    let idle = Departing {
        tasks: just(0),
        ..d
    };
    assert_eq!(worker(idle.clone()), Action::Depart);
    let unheard = Departing {
        announced: Some(24 * SECOND),
        ..idle
    };
    assert_eq!(worker(unheard.clone()), Action::Wait(pace::TASKS_LOOK));
    let demoted = Departing {
        marked: true,
        ..unheard
    };
    assert_eq!(worker(demoted), Action::Depart);
}

#[test]
fn an_announcement_without_effect_is_repeated() {
    let deaf = Departing {
        announced: Some(200 * SECOND),
        tasks: just(2),
        ..departing(Cause::ScaleIn)
    };
    assert_eq!(worker(deaf.clone()), Action::Announce);
    let again = Departing {
        telling: just(()),
        ..deaf
    };
    assert_eq!(worker(again), Action::Wait(pace::TASKS_LOOK));
}

/// elastic-ci-stack #733: a drain that took longer than spot's two minutes.
#[test]
fn a_worker_leaves_when_its_time_is_up_whatever_runs() {
    let d = Departing {
        remaining: Some(Duration::ZERO),
        tasks: just(7),
        ..told(Cause::SpotTerminate)
    };
    assert_eq!(worker(d), Action::Depart);
    let nearly = Departing {
        remaining: Some(SECOND),
        tasks: just(7),
        ..told(Cause::SpotTerminate)
    };
    assert_eq!(worker(nearly), Action::Wait(SECOND));
}

/// aws-node-termination-handler #355: the hook was completed before the work had ended.
#[test]
fn a_hook_is_not_completed_while_tasks_run() {
    let d = Departing {
        hold: Some(Hold {
            beat: just(()),
            ..hold()
        }),
        tasks: just(1),
        ..told(Cause::ScaleIn)
    };
    for engine in [
        member(Control::Worker),
        EngineState::Pending(identity()),
        EngineState::Down,
    ] {
        let step = decide(&at(engine, d.clone())).action;
        assert!(matches!(step, Action::Wait(_)), "{step:?}");
    }
}

/// aws-node-termination-handler #535 and #545: after a drain that timed out or failed the hook was
/// never completed.
#[test]
fn a_hook_is_completed_when_the_time_is_up_and_leaving_fails() {
    let d = Departing {
        remaining: Some(Duration::ZERO),
        hold: Some(hold()),
        leaving: failed(Trouble::Failed("busy".into())),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(d.clone()), Action::CompleteLifecycle);
    for engine in [EngineState::Down, EngineState::Locked] {
        assert_eq!(
            decide(&at(engine, d.clone())).action,
            Action::CompleteLifecycle
        );
    }
}

/// aws-node-termination-handler #575: the hook of an instance that had never joined.
#[test]
fn a_hook_of_an_instance_that_never_joined_is_completed_at_once() {
    let d = Departing {
        hold: Some(hold()),
        ..departing(Cause::ScaleIn)
    };
    let mut seen = at(EngineState::Inactive, d);
    seen.membership = None;
    assert_eq!(decide(&seen).action, Action::CompleteLifecycle);
    seen.engine = EngineState::Down;
    assert_eq!(decide(&seen).action, Action::Heartbeat);
    seen.since = pace::ENGINE_PATIENCE;
    assert_eq!(decide(&seen).action, Action::CompleteLifecycle);
    seen.engine = EngineState::Pending(Identity::default());
    assert_eq!(decide(&seen).action, Action::Depart);
}

/// A whole group may be leaving: each node asks, beats and tells at a time of its own, and goes on meanwhile.
#[test]
fn what_a_group_that_leaves_says_first_is_spread() {
    let with = |hold| Departing {
        hold: Some(hold),
        tasks: just(3),
        ..told(Cause::ScaleIn)
    };
    let later = Hold {
        first: SECOND,
        ..Hold::default()
    };
    assert_eq!(worker(with(later.clone())), Action::Wait(SECOND));
    let uncounted = Departing {
        tasks: None,
        ..with(later)
    };
    assert_eq!(worker(uncounted), Action::CountTasks);
    assert_eq!(worker(with(Hold::default())), Action::ListHooks);
    let beat_after = |timeout: Duration, age: Duration| {
        worker(with(Hold {
            hooks: aged(vec![timeout], age),
            ..Hold::default()
        }))
    };
    assert_ne!(beat_after(HOOK, 49 * SECOND), Action::Heartbeat);
    assert_eq!(beat_after(HOOK, 60 * SECOND), Action::Heartbeat);
    assert_ne!(beat_after(30 * SECOND, 4 * SECOND), Action::Heartbeat);
    assert_eq!(beat_after(30 * SECOND, 5 * SECOND), Action::Heartbeat);
    let done = |word| Departing {
        left: true,
        hold: Some(Hold { word, ..hold() }),
        ..told(Cause::ScaleIn)
    };
    let outside = |d| decide(&at(EngineState::Inactive, d)).action;
    assert_eq!(outside(done(SECOND)), Action::Wait(SECOND));
    assert_eq!(outside(done(Duration::ZERO)), Action::CompleteLifecycle);
}

/// aws-node-termination-handler #1172: heartbeats are part of the rounds; one that fails ends
/// nothing.
#[test]
fn heartbeats_go_on_while_the_node_drains_and_their_failure_is_borne() {
    let with = |beat| Departing {
        hold: Some(Hold { beat, ..hold() }),
        tasks: just(3),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(with(None)), Action::Heartbeat);
    assert_eq!(worker(with(just(()))), Action::Wait(pace::TASKS_LOOK));
    assert_eq!(worker(with(aged((), 60 * SECOND))), Action::Heartbeat);
    let trouble = failed(Trouble::Denied("no".into()));
    assert_eq!(worker(with(trouble)), Action::Wait(pace::TASKS_LOOK));
    let short = Departing {
        hold: Some(Hold {
            hooks: aged(vec![HOOK, 30 * SECOND], 60 * SECOND),
            beat: aged((), 12 * SECOND),
            ..Hold::default()
        }),
        ..with(None)
    };
    assert_eq!(worker(short), Action::Heartbeat, "less than half of 30 s");
    let gone = Departing {
        hold: None,
        ..with(None)
    };
    assert_eq!(worker(gone), Action::Wait(pace::TASKS_LOOK));
}

#[test]
fn what_auto_scaling_is_being_asked_is_not_asked_again_and_in_nobodys_way() {
    let step = |engine: &EngineState, call, tasks| {
        let d = Departing {
            tasks,
            hold: Some(Hold {
                asked: Some(call),
                ..hold()
            }),
            ..told(Cause::ScaleIn)
        };
        decide(&at(engine.clone(), d)).action
    };
    let here = member(Control::Worker);
    for call in [HookCall::List, HookCall::Beat] {
        assert_eq!(step(&here, call, None), Action::CountTasks);
        assert_eq!(step(&here, call, just(0)), Action::Depart);
        let waits = step(&here, call, just(3));
        assert_eq!(waits, Action::Wait(pace::TASKS_LOOK));
    }
    let outside = |call| step(&EngineState::Inactive, call, just(0));
    for call in [HookCall::List, HookCall::Complete] {
        assert_eq!(outside(call), Action::Wait(pace::ROUND));
    }
    assert_eq!(outside(HookCall::Beat), Action::CompleteLifecycle);
}

#[test]
fn a_group_that_does_not_wait_has_to_say_so_twice() {
    let with = |completing| {
        let d = Departing {
            hold: Some(Hold {
                completing,
                ..hold()
            }),
            ..departing(Cause::ScaleIn)
        };
        decide(&at(EngineState::Inactive, d)).action
    };
    assert_eq!(with(None), Action::CompleteLifecycle);
    assert_eq!(with(just(())), Action::Wait(10 * SECOND));
    assert_eq!(with(aged((), 10 * SECOND)), Action::CompleteLifecycle);
}

#[test]
fn hooks_that_cannot_be_listed_are_asked_for_again_and_not_passed_over() {
    let d = Departing {
        hold: Some(Hold {
            hooks: failed(Trouble::Denied("autoscaling:DescribeLifecycleHooks".into())),
            ..Hold::default()
        }),
        ..departing(Cause::ScaleIn)
    };
    let Decision { action, reason } = decide(&at(EngineState::Inactive, d));
    assert_eq!(action, Action::Wait(2 * SECOND));
    assert!(reason.to_string().contains("DescribeLifecycleHooks"));
}

#[test]
fn a_manager_marks_itself_waits_for_its_demotion_and_never_leaves() {
    for leader in [true, false] {
        let control = Control::Manager {
            leader,
            origin: None,
        };
        let step = |d| decide(&at(member(control.clone()), d));
        assert_eq!(step(departing(Cause::ScaleIn)).action, Action::Mark);
        let marked = Departing {
            marked: true,
            ..departing(Cause::ScaleIn)
        };
        let waits = step(marked.clone());
        assert_eq!(waits.action, Action::Serve(pace::DEMOTION_LOOK));
        assert_eq!(waits.reason.leads(), leader, "a leader does its chores");
        let late = Departing {
            remaining: Some(Duration::ZERO),
            hold: Some(hold()),
            ..marked
        };
        assert_eq!(step(late.clone()).action, Action::CompleteLifecycle);
        let completed = step(Departing { hold: None, ..late });
        assert_eq!(completed.action, Action::Serve(pace::PROMOTION_LOOK));
        assert!(completed.reason.to_string().contains("still a manager"));
    }
}

#[test]
fn a_manager_without_a_leader_waits_and_recovers_nothing() {
    let d = departing(Cause::ScaleIn);
    let mut seen = at(member(Control::NoLeader("no leader".into())), d);
    seen.since = 500 * SECOND;
    seen.peers = peers();
    assert_eq!(decide(&seen).action, Action::Wait(pace::DEMOTION_LOOK));
}

#[test]
fn a_drained_node_stays_a_member() {
    let mut seen = at(member(Control::Worker), told(Cause::Drain));
    seen.standing = standing(Verdict::Member, 1, Duration::ZERO);
    let decision = decide(&seen);
    assert!(matches!(decision.action, Action::Serve(_)));
    assert_eq!(decision.reason, Reason::Drained { leader: false });
    seen.engine = EngineState::Inactive;
    assert_eq!(decide(&seen).action, Action::ReadTicket, "and joins");
}

#[test]
fn a_node_that_has_left_stays_out() {
    let mut seen = at(EngineState::Inactive, departing(Cause::Leave));
    seen.membership = None;
    seen.ticket = just(Some(ticket()));
    let decision = decide(&seen);
    assert_eq!(decision.action, Action::Wait(pace::ROUND));
    assert_eq!(decision.reason, Reason::Departed(Cause::Leave));
}

#[test]
fn what_was_said_is_taken_back_and_holds_nothing_up() {
    let back = Departing {
        withdrawn: true,
        ..told(Cause::Leave)
    };
    assert_eq!(worker(back.clone()), Action::Retract);
    let failing = Departing {
        telling: failed(Trouble::Failed("disk".into())),
        ..back
    };
    assert_eq!(worker(failing), Action::AskStanding, "as usual");
}

#[test]
fn what_was_said_of_a_drain_is_said_again_by_a_node_that_goes() {
    let over = Departing {
        again: true,
        ..told(Cause::ScaleIn)
    };
    assert_eq!(worker(over), Action::Announce);
}

/// Its entry still says so, and only a manager that is heard can change it: the last one is demoted by nobody.
#[test]
fn a_mark_is_taken_back_when_the_engine_can_change_it() {
    let back = Departing {
        withdrawn: true,
        marked: true,
        ..told(Cause::Leave)
    };
    let action = |engine, departure: &Departing| decide(&at(engine, departure.clone())).action;
    let manager = || {
        member(Control::Manager {
            leader: true,
            origin: None,
        })
    };
    for engine in [manager(), member(Control::Worker), EngineState::Inactive] {
        assert_eq!(action(engine, &back), Action::Retract);
    }
    let left = Departing {
        left: true,
        ..back.clone()
    };
    assert_eq!(action(EngineState::Down, &left), Action::Retract);
    let silent = member(Control::NoLeader("n".into()));
    for engine in [EngineState::Down, EngineState::Locked, silent] {
        assert_ne!(action(engine, &back), Action::Retract);
    }
}

/// A leader that serves publishes the ticket, which comes after the outcome.
#[test]
fn who_has_just_made_or_forced_a_swarm_settles_that_before_it_serves() {
    let made = |departure| Observation {
        membership: None,
        ..at(member(made_under("n")), departure)
    };
    let forced = |departure| Observation {
        forced: Some(Epoch::FIRST.next()),
        ..at(member(made_under("n")), departure)
    };
    for departure in all().into_iter().flatten() {
        for seen in [made(departure.clone()), forced(departure)] {
            let step = decide(&seen).action;
            assert!(!matches!(step, Action::Serve(_)), "{seen:?}");
        }
    }
    let spot = told(Cause::SpotTerminate);
    let first = Action::ReadRegisters(Epoch::FIRST);
    assert_eq!(decide(&made(spot)).action, first);
    let due = Departing {
        remaining: Some(Duration::ZERO),
        hold: Some(hold()),
        ..told(Cause::ScaleIn)
    };
    assert_eq!(decide(&made(due)).action, Action::CompleteLifecycle);
}

/// One node's departure, played in the decision's own terms: which calls succeed is drawn.
struct Play {
    now: u64,
    engine: EngineState,
    d: Departing,
    deadline: u64,
    announced: Option<u64>,
    tasks: usize,
    completed: bool,
    hangs: bool,
    /// What comes of the call to Auto Scaling that is under way, and when.
    answer: Option<(bool, u64)>,
}

impl Play {
    /// Auto Scaling is asked, in place of what it was asked before: a call that fails does so after a while.
    fn ask(&mut self, call: HookCall, works: bool) {
        let takes = if works { 1 } else { 10 };
        self.d.hold.get_or_insert_default().asked = Some(call);
        self.answer = Some((works, self.now + takes));
    }

    fn hear(&mut self, works: bool) {
        let hold = self.d.hold.get_or_insert_default();
        match hold.asked.take().expect("a call that is under way") {
            HookCall::List if works => hold.hooks = just(vec![HOOK]),
            HookCall::List => hold.hooks = failed(Trouble::Failed("f".into())),
            HookCall::Beat => hold.beat = Self::attempt(works),
            HookCall::Complete => {
                hold.completing = Self::attempt(works);
                self.completed = works;
            }
        }
    }

    fn new(tasks: usize, limit: u64, control: Control) -> Self {
        Self {
            now: 0,
            engine: member(control),
            d: Departing {
                hold: Some(Hold::default()),
                ..departing(Cause::ScaleIn)
            },
            deadline: limit,
            announced: None,
            tasks,
            completed: false,
            hangs: false,
            answer: None,
        }
    }

    fn attempt(works: bool) -> Option<Reading<()>> {
        if works {
            just(())
        } else {
            failed(Trouble::Failed("f".into()))
        }
    }

    fn step(&mut self, works: bool) {
        let mut d = self.d.clone();
        d.remaining = Some(Duration::from_secs(self.deadline.saturating_sub(self.now)));
        d.announced = self.announced.map(|at| Duration::from_secs(self.now - at));
        let engine = if self.hangs {
            EngineState::Down
        } else {
            self.engine.clone()
        };
        let seen = at(engine, d);
        let Decision { action, .. } = decide(&seen);
        let mut passed = 0;
        match action {
            Action::Wait(time) | Action::Serve(time) => {
                let until_answer = self.answer.map(|(_, at)| at - self.now);
                let time = time.as_secs().max(1);
                passed = until_answer.map_or(time, |until| until.min(time));
            }
            Action::Announce => {
                self.d.telling = Self::attempt(works);
                self.announced = self.announced.or(works.then_some(self.now));
            }
            Action::Mark => {
                self.d.telling = Self::attempt(works);
                self.d.marked = works;
            }
            Action::CountTasks => {
                self.d.tasks = if works {
                    just(self.tasks)
                } else {
                    failed(Trouble::Failed("f".into()))
                };
            }
            Action::ListHooks => self.ask(HookCall::List, works),
            Action::Heartbeat => self.ask(HookCall::Beat, works),
            Action::Depart => {
                may_depart(&seen);
                self.d.leaving = Self::attempt(works);
                if works {
                    self.engine = EngineState::Inactive;
                }
            }
            Action::CompleteLifecycle => {
                may_complete(&seen);
                self.ask(HookCall::Complete, works);
            }
            Action::RestartEngine => passed = 1,
            other => panic!("{other:?}"),
        }
        self.pass(passed);
    }

    fn pass(&mut self, seconds: u64) {
        fn grow<T>(reading: &mut Option<Reading<T>>, time: Duration) {
            if let Some(reading) = reading {
                reading.age += time;
            }
        }
        let time = Duration::from_secs(seconds);
        self.now += seconds;
        grow(&mut self.d.telling, time);
        grow(&mut self.d.tasks, time);
        grow(&mut self.d.leaving, time);
        let hold = self.d.hold.get_or_insert_default();
        grow(&mut hold.hooks, time);
        grow(&mut hold.beat, time);
        grow(&mut hold.completing, time);
        if let Some((works, _)) = self.answer.take_if(|(_, at)| *at <= self.now) {
            self.hear(works);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever fails meanwhile, Auto Scaling is told in the end, soon after the deadline at the
    /// latest, and never while tasks run before it ([`may_complete`], [`may_depart`]).
    #[test]
    fn every_departure_completes(
        tasks in 0usize..3,
        limit in 0u64..200,
        manager: bool,
        hangs: bool,
        luck in prop::collection::vec(any::<bool>(), 0..60),
    ) {
        let control = if manager {
            Control::Manager { leader: false, origin: None }
        } else {
            Control::Worker
        };
        let mut play = Play::new(tasks, limit, control);
        play.hangs = hangs;
        let mut luck = luck.into_iter();
        for _ in 0..2000 {
            if play.completed {
                break;
            }
            play.step(luck.next().unwrap_or(true));
        }
        prop_assert!(play.completed, "{:?}", play.d);
        prop_assert!(play.now <= limit + 600, "{} after {}", play.now, limit);
    }
}
