//! Departures played to their end, with answers that fail now and then.

use proptest::prelude::*;

use super::*;

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
            HookCall::List if works => hold.hooks = just(hooks(&[HOOK])),
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
            Action::Announce(_) => {
                self.d.telling = Self::attempt(works);
                self.announced = self.announced.or(works.then_some(self.now));
            }
            Action::Mark(_) => {
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
            Action::ListHooks(_) => self.ask(HookCall::List, works),
            Action::Heartbeat(_) => self.ask(HookCall::Beat, works),
            Action::Depart => {
                may_depart(&seen);
                self.d.leaving = Self::attempt(works);
                if works {
                    self.engine = EngineState::Inactive;
                }
            }
            Action::CompleteLifecycle(_) => {
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

/// Raft would count it for ever.
#[test]
fn a_manager_whose_engine_fails_for_a_moment_does_not_leave() {
    for engine in [EngineState::Pending(identity()), failure("")] {
        let marked = Departing {
            marked: true,
            tasks: just(0),
            ..told(Cause::ScaleIn)
        };
        let mut seen = at(member(Control::Worker), marked);
        seen.engine = engine;
        assert!(matches!(decide(&seen).action, Action::Wait(_)), "{seen:?}");
    }
}
