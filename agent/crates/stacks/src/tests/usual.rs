//! What the leader keeps deployed, and what it leaves alone.

use super::*;
use protocol::stacks::objects::Kind;

const ECR: &str = "123456789012.dkr.ecr.r.amazonaws.com";

#[tokio::test(start_paused = true)]
async fn a_stack_is_deployed_once_changed_and_pruned() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    assert_eq!(world.done(), ["deploy web"]);
    let web = leader.stack("web");
    assert_eq!(web.state, StackState::Deployed);
    assert_eq!(web.source, "/swarmlet/c/stacks/web");
    leader.live(MINUTE * 5).await;
    assert!(world.done().is_empty(), "nothing has changed");
    let mut next = Leader::new(&world);
    next.live(MINUTE).await;
    assert!(world.done().is_empty(), "not by the next leader either");
    world.write("stacks/web", &app("b"));
    next.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    world.erase("stacks/web");
    next.live(MINUTE * 3).await;
    assert_eq!(world.done(), ["remove web"]);
    assert!(next.overview().stacks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_cut_short_is_finished_by_the_next_leader() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    world.die_while_deploying();
    let mut leader = Leader::new(&world);
    while world.done().is_empty() {
        leader.live(Duration::from_secs(1)).await;
    }
    drop(leader);
    let mut next = Leader::new(&world);
    next.live(MINUTE * 3).await;
    assert_eq!(
        world.done(),
        ["deploy web"],
        "once more, and then never again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_swarm_is_given_all_of_it() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    world.write("stacks/db", &app("b"));
    let mut leader = leading(&world).await;
    assert_eq!(world.done(), ["deploy db", "deploy web"]);
    world.lose_swarm();
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy db", "deploy web"]);
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_told_and_disturbs_nothing() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    world.done();
    world.write("stacks/web", &app("broken"));
    world.write("stacks/db", &app("fails"));
    world.write("stacks/app", &app("c"));
    world.write("stacks/BAD", &app("d"));
    leader.live(MINUTE * 5).await;
    assert_eq!(world.done(), ["deploy app"]);
    for (name, says) in [
        ("web", "the file is not valid: yaml: line 3"),
        ("db", "no such image"),
        ("BAD", "a-z"),
    ] {
        let stack = leader.stack(name);
        assert_eq!(stack.state, StackState::Failed, "{name}");
        assert!(
            stack.error.is_some_and(|error| error.contains(says)),
            "{name}"
        );
    }
    world.write("stacks/web", &app("a"));
    leader.live(MINUTE).await;
    assert!(world.done().is_empty(), "it is what runs");
    assert_eq!(leader.stack("web").state, StackState::Deployed);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_pruned_on_a_doubt() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    world.write("stacks/own", &app("b"));
    world.by_hand(Kind::Service, "own_app", Some("own"));
    world.by_hand(Kind::Service, "other_app", Some("other"));
    let mut leader = leading(&world).await;
    assert_eq!(world.done(), ["deploy web"]);
    let own = leader.stack("own");
    assert!(
        own.error
            .is_some_and(|e| e.contains("not deployed from here"))
    );
    world.deny_lists(true);
    world.erase("stacks/web");
    let mut next = Leader::new(&world);
    for agent in [&mut leader, &mut next] {
        agent.live(MINUTE * 3).await;
        assert!(world.done().is_empty());
        let trouble = agent.overview().trouble.unwrap();
        assert!(trouble.contains("ssm:GetParametersByPath"), "{trouble}");
    }
    assert_eq!(next.stack("web").state, StackState::Kept);
    world.deny_lists(false);
    next.live(MINUTE * 2).await;
    assert_eq!(world.done(), ["remove web"], "and nobody else's");
}

#[tokio::test(start_paused = true)]
async fn a_file_never_prunes_its_stack_and_an_empty_one_does() {
    let world = World::default();
    let mut leader = Leader::new(&world);
    leader.lay("web.yml", &app("a"));
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    let mut other = Leader::new(&world);
    other.live(MINUTE * 3).await;
    assert!(world.done().is_empty(), "it has no such file");
    assert_eq!(other.stack("web").state, StackState::Kept);
    leader.lay("web.yml", "# retired\n");
    leader.live(MINUTE * 3).await;
    assert_eq!(world.done(), ["remove web"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_holds_only_what_needs_it() {
    let world = World::default();
    world.write("registries/r.example.com_5000", "u:bad");
    world.write("registries/q.example.com", GOOD);
    world.write("registries/docker.io", "u:bad");
    world.write("stacks/a", &app("r.example.com:5000/a"));
    world.write("stacks/b", &app("q.example.com/b"));
    world.write("stacks/c", &app("public"));
    let mut leader = leading(&world).await;
    assert_eq!(world.done(), ["deploy b q.example.com", "deploy c"]);
    let error = leader.stack("a").error.unwrap();
    assert!(error.contains("r.example.com:5000 refuses"), "{error}");
    assert!(
        error.contains("/swarmlet/c/registries/r.example.com_5000"),
        "{error}"
    );
    let registries = leader.overview().registries;
    let accepted: Vec<_> = registries.iter().map(|r| r.accepted).collect();
    assert_eq!(accepted, [Some(false), Some(true), Some(false)]);
    world.write("registries/r.example.com_5000", GOOD);
    leader.live(MINUTE * 6).await;
    assert_eq!(world.done(), ["deploy a r.example.com:5000"]);
    world.write("registries/docker.io", GOOD);
    leader.live(MINUTE * 6).await;
    assert_eq!(world.done(), ["deploy c docker.io"]);
    world.write("registries/q.example.com", GOOD);
    leader.live(MINUTE * 6).await;
    assert_eq!(
        world.done(),
        ["deploy b q.example.com"],
        "its services get the new one"
    );
}

#[tokio::test(start_paused = true)]
async fn the_roles_password_is_renewed_at_half_of_its_life() {
    let world = World::default();
    world.write("stacks/a", &app(&format!("{ECR}/a")));
    let mut leader = leading(&world).await;
    let deployed = [format!("deploy a {ECR}")];
    assert_eq!(world.done(), deployed);
    let half = Duration::from_secs(ROLE_LIFE / 2);
    leader.live(half.saturating_sub(MINUTE * 2)).await;
    let mut next = Leader::new(&world);
    next.live(Duration::from_secs(20)).await;
    assert!(world.done().is_empty());
    assert_eq!(
        world.calls("role_login"),
        1,
        "the next leader needs none yet"
    );
    next.live(MINUTE * 3).await;
    assert_eq!(world.done(), deployed);
    assert_eq!(world.calls("role_login"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pointer_to_s3_is_followed() {
    let world = World::default();
    world.write("stacks/web", "s3://bucket/web.yml\n");
    let mut leader = leading(&world).await;
    let web = leader.stack("web");
    assert_eq!(web.source, "s3://bucket/web.yml");
    assert!(web.error.unwrap().contains("no such object"));
    world.put_object("s3://bucket/web.yml", &app("a"));
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    leader.live(MINUTE * 3).await;
    assert!(world.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn looking_costs_a_call_a_minute_and_a_call_in_five() {
    let world = World::default();
    let mut leader = leading(&world).await;
    let before = world.calls("read_below");
    leader.live(Duration::from_mins(30)).await;
    let asked = world.calls("read_below") - before;
    assert!((30..=46).contains(&asked), "{asked} in half an hour");
}
