//! What AWS refuses: too many requests, a key that cannot be used, a zone that fails.

use super::*;
use crate::run::StepError;
use aws::CloudError;
use protocol::{Outcome, Ticket};

const MINUTE: Duration = Duration::from_mins(1);
const TICKET: &str = "/swarmlet/c/ticket";
const SECOND_OUTCOME: &str = "/swarmlet/c/epochs/0000000002/outcome";

fn busy() -> CloudError {
    let action = "ssm:PutParameter";
    CloudError::Throttled { action }
}

fn lost_key() -> CloudError {
    CloudError::KeyUnusable {
        action: "ssm:GetParameter",
        resource: TICKET.into(),
        cause: "InvalidKeyId: key k is pending deletion".into(),
    }
}

fn formed(swarm_id: &str) -> String {
    let outcome = Outcome::Formed {
        nonce: "n".into(),
        swarm_id: swarm_id.into(),
        ca_digest: "d".into(),
        address: ([10, 0, 0, 9], 2377).into(),
    };
    serde_json::to_string(&outcome).unwrap()
}

/// Rounds that events wake ten times a second.
async fn awake(agent: &mut FakeAgent, time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        turn(agent).await;
        tokio::time::advance(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_parameter_store_is_asked_less_and_less_often_whatever_wakes_the_leader() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    let mut leader = host.agent();
    world.refuse("put_secret", Some(busy()));
    awake(&mut leader, MINUTE).await;
    let asked = world.calls("put_secret");
    assert!((2..=20).contains(&asked), "asked {asked} times in a minute");
    assert_eq!(world.parameter(TICKET), None);
    world.refuse("put_secret", None);
    awake(&mut leader, 2 * MINUTE).await;
    assert!(world.parameter(TICKET).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_refused_for_too_many_requests_is_not_repeated_at_once() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    world.refuse("create", Some(busy()));
    awake(&mut host.agent(), MINUTE).await;
    let asked = world.calls("create");
    assert!((2..=20).contains(&asked), "asked {asked} times in a minute");
}

#[tokio::test(start_paused = true)]
async fn a_manager_hurries_for_half_a_minute_and_then_waits_like_others() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    let mut agent = host.agent();
    world.refuse("read", Some(busy()));
    awake(&mut agent, MINUTE).await;
    let hurried = world.calls("read");
    assert!(
        (60..=90).contains(&hurried),
        "{hurried} reads in the first minute"
    );
    awake(&mut agent, 5 * MINUTE).await;
    let waited = world.calls("read") - hurried;
    assert!(waited <= 25, "{waited} reads in five minutes more");
}

#[tokio::test(start_paused = true)]
async fn a_ticket_under_a_lost_key_is_written_anew_by_whom_the_registers_name() {
    let world = World::default();
    let (hosts, _) = cluster(&world, &[]).await;
    let mut leader = hosts[0].agent();
    world.refuse("read", Some(lost_key()));
    world.write(TICKET, "what nobody can read".into());
    live(&mut leader, 3 * MINUTE).await;
    let ticket = world.parameter(TICKET).map(Into::into);
    assert!(Ticket::parse(&ticket.unwrap()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_later_swarms_ticket_is_not_replaced_though_nobody_can_read_it() {
    let world = World::default();
    let (hosts, _) = cluster(&world, &[]).await;
    world.write(SECOND_OUTCOME, formed("another"));
    let mut leader = hosts[0].agent();
    world.refuse("read", Some(lost_key()));
    world.write(TICKET, "theirs".into());
    live(&mut leader, 3 * MINUTE).await;
    assert_eq!(world.parameter(TICKET).as_deref(), Some("theirs"));
}

#[tokio::test(start_paused = true)]
async fn while_the_registers_cannot_be_read_nothing_is_replaced() {
    let world = World::default();
    let (hosts, _) = cluster(&world, &[]).await;
    let mut leader = hosts[0].agent();
    world.refuse("read", Some(lost_key()));
    world.refuse("read_all", Some(busy()));
    world.write(TICKET, "unknown".into());
    live(&mut leader, 3 * MINUTE).await;
    assert_eq!(world.parameter(TICKET).as_deref(), Some("unknown"));
}

#[tokio::test(start_paused = true)]
async fn no_swarm_is_made_by_a_clock_that_is_an_hour_off() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    let mut agent = host.agent();
    for ahead in [-3600.0, 3600.0] {
        world.aws_ahead.set(Some(ahead));
        live(&mut agent, MINUTE).await;
        assert_eq!((world.calls("create"), world.inits()), (0, 0));
    }
    world.aws_ahead.set(Some(-2.0));
    until_it_serves(&mut agent).await;
    // One that had its claim before: its clock went wrong then.
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    let mut agent = host.agent();
    agent.act(&Action::CreateClaim(Epoch::FIRST)).await.unwrap();
    world.aws_ahead.set(Some(-3600.0));
    live(&mut agent, MINUTE).await;
    assert_eq!(world.inits(), 0);
    world.aws_ahead.set(None);
    until_it_serves(&mut agent).await;
    assert_eq!(world.inits(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_ec2_leaves_out_is_not_absent_and_the_rest_is_heard() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker, Role::Worker]).await;
    world.terminate("i-3");
    world.silence(&["i-2"]);
    let asked = ["i-2", "i-3", "i-4"].map(str::to_owned);
    let ask = Action::AskFleet(asked.to_vec());
    for _ in 0..3 {
        let answer = leader.act(&ask).await;
        assert!(matches!(answer, Err(StepError::Silent(ids)) if ids == "i-2"));
        tokio::time::advance(6 * MINUTE).await;
    }
    let fleet = leader
        .memory
        .node
        .instances()
        .fleet(asked.iter().map(String::as_str), leader.context.edges.now());
    assert!(fleet.is_gone("i-3") && fleet.is_gone("i-4"));
    assert!(!fleet.is_gone("i-2"));
    world.silence(&["i-1"]);
    let answer = leader.act(&ask).await;
    assert!(matches!(answer, Err(StepError::PartialAnswer)));
}
