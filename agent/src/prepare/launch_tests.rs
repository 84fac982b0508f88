//! Hosts that take long to prepare, in a group that waits.

use std::cell::RefCell;

use super::super::tests::{HostFiles, node};
use super::super::{Edges, PrepareError, prepare};
use super::*;
use crate::run::BootClock;
use aws::lifecycle::scripted::Group as Scaling;
use host::command::{Command, CommandError, Output, Runner};

/// The host's clock was here when the machine booted: a container's is another's.
const BOOTED: u64 = 28_514;
const STAT: &str =
    "1 (a ) (b) S 0 1 1 0 -1 4194560 9 9 9 9 9 9 9 9 20 0 1 0 2851432 9 9 18446744073709551615";

/// Runs commands; those of `apt-get install` take their time.
struct Slow {
    takes: Duration,
    ran: RefCell<usize>,
}

impl Runner for Slow {
    async fn run(&self, command: &Command) -> Result<Output, CommandError> {
        if command.line().contains(" install ") {
            sleep(self.takes).await;
            *self.ran.borrow_mut() += 1;
        }
        Ok(Output {
            code: Some(0),
            ..Output::default()
        })
    }
}

/// Tokio's time, some of which has passed when `prepare` begins.
struct Ticking {
    begun: tokio::time::Instant,
    before: Duration,
}

impl Clock for Ticking {
    fn uptime(&self) -> Duration {
        Duration::from_secs(BOOTED) + self.before + self.begun.elapsed()
    }

    fn unix(&self) -> u64 {
        0
    }

    fn boot(&self) -> String {
        String::new()
    }
}

/// A group with a launching hook that waits for so long since the machine's boot.
struct Stage {
    host: HostFiles,
    scaling: Scaling,
    clock: Ticking,
}

impl Stage {
    fn new(host: HostFiles, timeout: u64) -> Self {
        let scaling = Scaling::default();
        scaling.waits_for(
            "launch",
            Transition::Launching,
            Duration::from_secs(timeout),
        );
        Self {
            host: host.with("proc/1/stat", STAT),
            scaling,
            clock: Ticking {
                begun: tokio::time::Instant::now(),
                before: Duration::ZERO,
            },
        }
    }

    /// Without the engine.
    fn plain(timeout: u64) -> Self {
        Self::new(HostFiles::new().without("usr/sbin/dockerd"), timeout)
    }

    async fn prepare(&self, takes: u64) -> Result<(), PrepareError> {
        let mut node = node("i-0123456789abcdef0");
        node.group = Some("group".into());
        let runner = Slow {
            takes: Duration::from_secs(takes),
            ran: RefCell::default(),
        };
        let edges = Edges {
            runner: &runner,
            scaling: || self.scaling.clone(),
            clock: &self.clock,
            is_shared: async |_: &InstanceIdentity| false,
        };
        prepare(&node, &[], &self.host.settings, edges).await
    }

    fn left(&self) -> Waited {
        launch::read(&self.host.settings.runtime_dir)
    }
}

#[tokio::test(start_paused = true)]
async fn a_baked_image_makes_no_call_and_tells_when_it_booted() {
    let stage = Stage::new(HostFiles::new(), 30);
    stage.prepare(0).await.expect("prepared");
    assert_eq!(stage.scaling.calls(), 0);
    let waited = Waited {
        booted: Some(BOOTED),
        beaten: None,
    };
    assert_eq!(stage.left(), waited);
}

#[tokio::test(start_paused = true)]
async fn an_install_within_the_hooks_time_takes_one_question() {
    let stage = Stage::plain(900);
    stage.prepare(300).await.expect("prepared");
    assert_eq!((stage.scaling.calls(), stage.scaling.beats()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_longer_is_waited_for_by_heartbeats_in_less_than_half_of_the_time() {
    for (timeout, takes, expected) in [
        (6, 30, 11..=13),
        (30, 150, 11..=13),
        (60, 600, 24..=26),
        (300, 2000, 15..=17),
        (900, 2600, 7..=7),
    ] {
        let stage = Stage::plain(timeout);
        stage.prepare(takes).await.expect("prepared");
        let half = Duration::from_secs(timeout) / 2;
        let gap = stage.scaling.longest_gap();
        assert!(gap < half, "{timeout}: {gap:?}");
        let beats = stage.scaling.beats();
        assert!(expected.contains(&beats), "{timeout}: {beats}");
        let beaten = stage.left().beaten.expect("a heartbeat") - BOOTED;
        assert!(beaten > takes - timeout / 2 && beaten <= takes, "{beaten}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_before_prepare_counts() {
    let mut stage = Stage::plain(900);
    // cloud-init took its time.
    stage.clock.before = Duration::from_secs(500);
    stage.prepare(10).await.expect("prepared");
    assert_eq!(stage.scaling.beats(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_start_goes_on_from_the_last_heartbeat() {
    let stage = Stage::plain(900);
    stage.prepare(400).await.expect("prepared");
    assert_eq!(stage.scaling.beats(), 1);
    stage.prepare(300).await.expect("prepared");
    assert_eq!(stage.scaling.beats(), 1);
    stage.prepare(100).await.expect("prepared");
    assert_eq!(stage.scaling.beats(), 2);
    assert!(stage.scaling.longest_gap() < Duration::from_secs(450));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_is_asked_twice() {
    // Stopped and started, or in service long since.
    let stage = Stage::plain(30);
    stage.scaling.waits_no_more();
    stage.prepare(3600).await.expect("prepared");
    assert_eq!((stage.scaling.calls(), stage.scaling.beats()), (3, 2));
    // A group with hooks for those who leave.
    let stage = Stage::plain(30);
    let leaving = Scaling::default();
    leaving.waits("terminate", Transition::Terminating);
    let stage = Stage {
        scaling: leaving,
        ..stage
    };
    stage.prepare(3600).await.expect("prepared");
    assert_eq!((stage.scaling.calls(), stage.scaling.beats()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_group_or_with_hooks_off_nobody_is_asked() {
    let mut stage = Stage::plain(30);
    stage.host.settings.launch.hook = false;
    stage.prepare(3600).await.expect("prepared");
    assert_eq!(
        (stage.scaling.calls(), stage.left()),
        (0, Waited::default())
    );
}

#[tokio::test(start_paused = true)]
async fn what_auto_scaling_refuses_fails_nothing_and_is_tried_again() {
    let stage = Stage::plain(300);
    stage.scaling.deny(true);
    let (prepared, ()) = tokio::join!(stage.prepare(600), async {
        sleep(Duration::from_secs(90)).await;
        stage.scaling.deny(false);
    });
    prepared.expect("prepared");
    assert!(stage.scaling.beats() >= 4, "{}", stage.scaling.beats());
    assert!(stage.scaling.longest_gap() < Duration::from_secs(150));
    let stage = Stage::plain(300);
    stage.scaling.deny(true);
    stage.prepare(3600).await.expect("prepared");
    assert!(stage.scaling.calls() < 130, "{}", stage.scaling.calls());
}

/// A mirror that stays away must not hold an instance for two days.
#[tokio::test(start_paused = true)]
async fn nobody_is_kept_waiting_for_ever() {
    let stage = Stage::plain(900);
    for _ in 0..10 {
        stage.prepare(900).await.expect("prepared");
    }
    let beaten = Duration::from_secs(stage.left().beaten.expect("a heartbeat") - BOOTED);
    assert!(beaten <= LONGEST && beaten > LONGEST / 2, "{beaten:?}");
    let unit = include_str!("../../../systemd/swarmlet-prepare.service");
    let minutes = LONGEST.as_secs() / 60;
    assert!(unit.contains(&format!("TimeoutStartSec={minutes}min\n")));
}

#[test]
fn the_first_process_tells_when_the_machine_booted() {
    let folder = tempfile::tempdir().expect("a folder");
    let stat = folder.path().join("stat");
    assert_eq!(booted(&stat), None);
    for (text, expected) in [(STAT, Some(BOOTED)), ("", None), ("1 (a) S 0", None)] {
        std::fs::write(&stat, text).expect("a file");
        assert_eq!(booted(&stat), expected, "{text}");
    }
    let now = BootClock.uptime().as_secs();
    let own = booted(Path::new("/proc/self/stat")).expect("a time");
    assert!(own.abs_diff(now) < 600, "{own} {now}");
}
