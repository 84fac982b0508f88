//! The whole loop of one node while somebody does not answer: nothing that only asks is in the way of a notice, and
//! nothing at all in the way of a stop.

use std::future::pending;

use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::run::{Triggers, run};
use protocol::departure::notice::{Notices, SpotAction, SpotNotice};
use view::notify::Notify;

/// Nothing happens; the agent is asked to stop after this long, if at all.
struct Quiet(Option<Instant>);

impl Triggers for Quiet {
    async fn next(&mut self) -> Option<()> {
        match self.0 {
            Some(at) => tokio::time::sleep_until(at).await,
            None => pending().await,
        }
        None
    }
}

async fn worker() -> (World, Host, Host) {
    let world = World::default();
    let manager = Host::new(&world, 1, Role::Manager);
    until_it_serves(&mut manager.agent()).await;
    let worker = Host::new(&world, 2, Role::Worker);
    until_it_serves(&mut worker.agent()).await;
    (world, manager, worker)
}

fn taken_back_by_spot() -> Heard {
    let spot = SpotNotice {
        action: SpotAction::Terminate,
        time: EPOCH + 300,
    };
    Heard {
        notices: Notices {
            spot: Some(Some(spot)),
            ..Notices::default()
        },
        request: None,
    }
}

/// The loop, until that has come about; how long it took from `begun` on.
async fn until(agent: FakeAgent, so: impl Fn() -> bool) {
    let (mut quiet, notify) = (Quiet(None), Notify::default());
    let watching = async {
        while !so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = run(agent, &mut quiet, &notify) => panic!("nobody has asked it to stop"),
        () = watching => {}
    }
}

#[tokio::test(start_paused = true)]
async fn managers_that_do_not_answer_hold_up_no_notice_of_spot() {
    let (world, _manager, host) = worker().await;
    world.stall("probe");
    let (heard, begun) = (host.heard.clone(), Instant::now());
    let warned = Duration::from_mins(2);
    let warning = async {
        sleep(warned).await;
        heard.send_replace(taken_back_by_spot());
        pending::<()>().await;
    };
    let announced = until(host.agent(), || host.engine.label.get().is_some());
    let both = async {
        tokio::select! {
            () = warning => {}
            () = announced => {}
        }
    };
    timeout(Duration::from_mins(5), both)
        .await
        .expect("in time");
    let took = begun.elapsed().saturating_sub(warned);
    assert!(took < Duration::from_secs(5), "announced after {took:?}");
}

/// What hangs for ever is any step's worst case.
#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_nobody() {
    for call in ["read", "probe", "create", "put_secret", "instances"] {
        let world = World::default();
        let host = Host::new(&world, 1, Role::Manager);
        if call == "probe" {
            until_it_serves(&mut Host::new(&world, 2, Role::Manager).agent()).await;
        }
        world.stall(call);
        let begun = Instant::now();
        let stop = Duration::from_mins(3);
        let (mut quiet, notify) = (Quiet(Some(begun + stop)), Notify::default());
        let stopping = run(host.agent(), &mut quiet, &notify);
        timeout(Duration::from_mins(4), stopping).await.expect(call);
        let took = begun.elapsed().saturating_sub(stop);
        assert!(
            took < Duration::from_secs(2),
            "{call}: stopped after {took:?}"
        );
    }
}
