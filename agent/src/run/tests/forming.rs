//! One cluster, one swarm: in any order, over crashes and lost answers.

use proptest::prelude::*;

use super::*;

const TICKET: &str = "/swarmlet/c/ticket";
const CLAIM: &str = "/swarmlet/c/epochs/0000000001/claim";
const OUTCOME: &str = "/swarmlet/c/epochs/0000000001/outcome";

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_ticket_is_read_ahead_once_and_by_nobody_who_has_a_swarm() {
    let world = World::default();
    let (_hosts, _leader) = cluster(&world, &[]).await;
    let host = Host::new(&world, 2, Role::Worker);
    let before = world.calls("read");
    let mut agent = host.agent();
    agent.look_ahead().await;
    assert_eq!(turn(&mut agent).await.0.name(), "probe");
    until_it_serves(&mut agent).await;
    // The agent was restarted.
    host.agent().look_ahead().await;
    assert_eq!(world.calls("read") - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_manager_reads_the_first_registers_ahead_as_well() {
    let world = World::default();
    let mut agent = Host::new(&world, 1, Role::Manager).agent();
    agent.look_ahead().await;
    let turned = turn(&mut agent).await.0;
    assert_eq!(turned, Action::CreateClaim(Epoch::FIRST));
}

/// To look takes as long as to ask somebody: once before the join, and once after it.
#[tokio::test(start_paused = true)]
async fn a_round_after_a_question_rests_on_the_look_before_it() {
    let world = World::default();
    let (_hosts, _leader) = cluster(&world, &[]).await;
    let host = Host::new(&world, 2, Role::Worker);
    let mut agent = host.agent();
    until_it_serves(&mut agent).await;
    assert_eq!(host.engine.looks.get(), 2);
    live(&mut agent, Duration::from_hours(1)).await;
    let hour = host.engine.looks.get() - 2;
    assert!(
        (100..=120).contains(&hour),
        "a look each half minute: {hour}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_first_manager_claims_forms_and_publishes_in_few_calls() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    until_it_serves(&mut host.agent()).await;
    assert_eq!(world.parameters(), [CLAIM, OUTCOME, TICKET]);
    let calls = ["read", "read_all", "create", "put_secret", "instances"];
    // Its own tags are the only thing it asks EC2 for.
    assert_eq!(calls.map(|call| world.calls(call)), [1, 3, 2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_ticket_holds_the_worker_token_only() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let ticket = world.parameter(TICKET).unwrap();
    assert!(ticket.contains(&"w".repeat(25)), "{ticket}");
    assert!(
        ticket.contains(r#""managers":["10.0.0.1:2377"]"#),
        "{ticket}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_joiner_costs_one_read() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    for (number, role) in [(2, Role::Worker), (3, Role::Manager)] {
        let calls = ["read", "read_all", "create", "put_secret", "instances"];
        let before = calls.map(|call| world.calls(call));
        until_it_serves(&mut Host::new(&world, number, role).agent()).await;
        let after = calls.map(|call| world.calls(call));
        assert_eq!(
            after,
            [before[0] + 1, before[1], before[2], before[3], before[4]]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_restarted_agent_of_a_member_asks_aws_nothing() {
    let world = World::default();
    until_it_serves(&mut Host::new(&world, 1, Role::Manager).agent()).await;
    let worker = Host::new(&world, 2, Role::Worker);
    until_it_serves(&mut worker.agent()).await;
    let before = world.calls("read");
    // One turn asks a manager, one serves.
    assert_eq!(until_it_serves(&mut worker.agent()).await, 2);
    assert_eq!(world.calls("read"), before);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_any_step_and_a_lost_answer_change_nothing() {
    for crash in 0..12 {
        for lost in 0..4 {
            let world = World::default();
            world.lose_answers(lost);
            let host = Host::new(&world, 1, Role::Manager);
            let mut agent = host.agent();
            for _ in 0..crash {
                turn(&mut agent).await;
            }
            until_it_serves(&mut host.agent()).await;
            assert_eq!(
                world.inits(),
                1,
                "crash after {crash} turns, {lost} answers lost"
            );
            assert_eq!(world.parameters(), [CLAIM, OUTCOME, TICKET]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_leader_promotes_to_an_odd_count() {
    let world = World::default();
    let hosts: Vec<Host> = (1..=4)
        .map(|n| Host::new(&world, n, Role::Manager))
        .collect();
    let mut leader = hosts[0].agent();
    until_it_serves(&mut leader).await;
    let mut managers = Vec::new();
    for host in &hosts[1..] {
        until_it_serves(&mut host.agent()).await;
        for _ in 0..4 {
            turn(&mut leader).await;
        }
        managers.push(world.members(Role::Manager));
    }
    assert_eq!(managers, [1, 3, 3]);
    let ticket = world.parameter(TICKET).unwrap();
    assert!(
        ticket.contains(r#"["10.0.0.1:2377","10.0.0.2:2377","10.0.0.3:2377"]"#),
        "{ticket}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Three managers take their turns in any order; agents crash, answers get lost.
    #[test]
    fn managers_that_boot_together_form_one_swarm(
        turns in prop::collection::vec((0..3_usize, prop::bool::weighted(0.1)), 0..80),
        lost in 0..3_usize,
    ) {
        let formed = paused().block_on(async {
            let world = World::default();
            world.lose_answers(lost);
            let hosts: Vec<Host> = (1..=3).map(|n| Host::new(&world, n, Role::Manager)).collect();
            let mut agents: Vec<FakeAgent> = hosts.iter().map(Host::agent).collect();
            for (who, crash) in turns {
                if crash {
                    agents[who] = hosts[who].agent();
                }
                turn(&mut agents[who]).await;
            }
            for _ in 0..40 {
                for agent in &mut agents {
                    turn(agent).await;
                }
                tokio::time::advance(Duration::from_secs(2)).await;
            }
            (world.inits(), world.members(Role::Manager), world.parameters())
        });
        let (inits, managers, parameters) = formed;
        let (records, others): (Vec<_>, Vec<_>) = parameters.into_iter().partition(|name: &String| name.contains("/nodes/"));
        prop_assert_eq!((inits, managers, records.len()), (1, 3, 2));
        prop_assert_eq!(others, vec![CLAIM.to_owned(), OUTCOME.into(), TICKET.into()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_terminated_is_passed_over() {
    let world = World::default();
    let gone = Host::new(&world, 1, Role::Manager);
    let mut holder = gone.agent();
    while world.parameter(CLAIM).is_none() {
        turn(&mut holder).await;
    }
    world.terminate("i-1");
    let heir = Host::new(&world, 2, Role::Manager);
    until_it_serves(&mut heir.agent()).await;
    assert!(world.parameter(OUTCOME).unwrap().contains("passed-over"));
    assert_eq!(world.inits(), 1);
}
