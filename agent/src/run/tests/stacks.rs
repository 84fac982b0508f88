//! What the leader keeps deployed, and what it leaves alone.

use super::fakes::{GOOD, ROLE_LIFE};
use super::*;
use crate::report::stacks::{Stack, StackState};
use crate::swarm::Decision;

const MINUTE: Duration = Duration::from_secs(70);
const ECR: &str = "123456789012.dkr.ecr.r.amazonaws.com";

async fn shown(agent: &mut FakeAgent) -> crate::report::status::Status {
    let decision: Decision = agent.round().await;
    agent.status(&decision)
}

async fn stack(agent: &mut FakeAgent, name: &str) -> Stack {
    let stacks = shown(agent).await.stacks;
    let found = stacks.iter().find(|stack| stack.name == name);
    found
        .cloned()
        .unwrap_or_else(|| panic!("{name}: {stacks:?}"))
}

/// A leader whose stacks have been looked at.
async fn leading(world: &World) -> (Vec<Host>, FakeAgent) {
    let (hosts, mut leader) = cluster(world, &[]).await;
    live(&mut leader, MINUTE).await;
    (hosts, leader)
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_deployed_once_changed_and_pruned() {
    let world = World::default();
    world.write("stacks/web", "image: a");
    let (hosts, mut leader) = leading(&world).await;
    assert_eq!(world.done(), ["deploy web"]);
    let web = stack(&mut leader, "web").await;
    assert_eq!(web.state, StackState::Deployed);
    assert_eq!(web.source, "/swarmlet/c/stacks/web");
    live(&mut leader, MINUTE * 5).await;
    assert!(world.done().is_empty(), "nothing has changed");
    let mut next = hosts[0].agent();
    live(&mut next, MINUTE).await;
    assert!(world.done().is_empty(), "not by the next leader either");
    world.write("stacks/web", "image: b");
    live(&mut next, MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    world.erase("stacks/web");
    live(&mut next, MINUTE).await;
    assert_eq!(world.done(), ["remove web"]);
    assert!(shown(&mut next).await.stacks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_cut_short_is_finished_by_the_next_leader() {
    let world = World::default();
    world.write("stacks/web", "image: a");
    world.die_while_deploying();
    let (hosts, mut leader) = cluster(&world, &[]).await;
    while world.done().is_empty() {
        turn(&mut leader).await;
    }
    drop(leader);
    let mut next = hosts[0].agent();
    live(&mut next, MINUTE * 3).await;
    assert_eq!(
        world.done(),
        ["deploy web"],
        "once more, and then never again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_swarm_is_given_all_of_it() {
    let world = World::default();
    world.write("stacks/web", "image: a");
    world.write("stacks/db", "image: b");
    let (_hosts, mut leader) = leading(&world).await;
    assert_eq!(world.done(), ["deploy db", "deploy web"]);
    world.lose_stacks();
    live(&mut leader, MINUTE).await;
    assert_eq!(world.done(), ["deploy db", "deploy web"]);
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_told_and_disturbs_nothing() {
    let world = World::default();
    world.write("stacks/web", "image: a");
    let (_hosts, mut leader) = leading(&world).await;
    world.done();
    world.write("stacks/web", "image: broken");
    world.write("stacks/db", "image: fails");
    world.write("stacks/app", "image: c");
    world.write("stacks/BAD", "image: d");
    live(&mut leader, MINUTE * 5).await;
    assert_eq!(world.done(), ["deploy app"]);
    for (name, says) in [
        ("web", "the file is not valid: yaml: line 3"),
        ("db", "no such network"),
        ("BAD", "a-z"),
    ] {
        let stack = stack(&mut leader, name).await;
        assert_eq!(stack.state, StackState::Failed, "{name}");
        assert!(
            stack.error.is_some_and(|error| error.contains(says)),
            "{name}"
        );
    }
    world.write("stacks/web", "image: a");
    live(&mut leader, MINUTE).await;
    assert!(world.done().is_empty(), "it is what runs");
    assert_eq!(stack(&mut leader, "web").await.state, StackState::Deployed);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_pruned_on_a_doubt() {
    let world = World::default();
    world.write("stacks/web", "image: a");
    world.write("stacks/own", "image: b");
    world.by_hand("own");
    world.by_hand("other");
    let (hosts, mut leader) = leading(&world).await;
    assert_eq!(world.done(), ["deploy web"]);
    let own = stack(&mut leader, "own").await;
    assert!(
        own.error
            .is_some_and(|e| e.contains("not deployed from here"))
    );
    world.deny_lists(true);
    world.erase("stacks/web");
    let mut next = hosts[0].agent();
    for agent in [&mut leader, &mut next] {
        live(agent, MINUTE * 3).await;
        assert!(world.done().is_empty());
        let trouble = shown(agent).await.stacks_trouble.unwrap();
        assert!(trouble.contains("ssm:GetParametersByPath"), "{trouble}");
    }
    assert_eq!(stack(&mut next, "web").await.state, StackState::Kept);
    world.deny_lists(false);
    live(&mut next, MINUTE).await;
    assert_eq!(world.done(), ["remove web"], "and nobody else's");
}

#[tokio::test(start_paused = true)]
async fn a_file_never_prunes_its_stack_and_an_empty_one_does() {
    let world = World::default();
    let (hosts, mut leader) = cluster(&world, &[]).await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/swarmlet/stacks");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("web.yml");
    std::fs::write(&file, "image: a").unwrap();
    leader.settings.root = root.path().to_owned();
    live(&mut leader, MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    let mut other = hosts[0].agent();
    live(&mut other, MINUTE * 3).await;
    assert!(world.done().is_empty(), "it has no such file");
    assert_eq!(stack(&mut other, "web").await.state, StackState::Kept);
    std::fs::write(&file, "# retired\n").unwrap();
    live(&mut leader, MINUTE).await;
    assert_eq!(world.done(), ["remove web"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_holds_only_what_needs_it() {
    let world = World::default();
    world.write("registries/r.example.com_5000", "u:bad");
    world.write("registries/q.example.com", GOOD);
    world.write("registries/docker.io", "u:bad");
    world.write("stacks/a", "image: r.example.com:5000/a");
    world.write("stacks/b", "image: q.example.com/b");
    world.write("stacks/c", "image: public");
    let (_hosts, mut leader) = leading(&world).await;
    assert_eq!(world.done(), ["deploy b q.example.com", "deploy c"]);
    let error = stack(&mut leader, "a").await.error.unwrap();
    assert!(error.contains("r.example.com:5000 refuses"), "{error}");
    assert!(
        error.contains("/swarmlet/c/registries/r.example.com_5000"),
        "{error}"
    );
    let registries = shown(&mut leader).await.registries;
    let accepted: Vec<_> = registries.iter().map(|r| r.accepted).collect();
    assert_eq!(accepted, [Some(false), Some(true), Some(false)]);
    world.write("registries/r.example.com_5000", GOOD);
    live(&mut leader, MINUTE * 6).await;
    assert_eq!(world.done(), ["deploy a r.example.com:5000"]);
    world.write("registries/docker.io", GOOD);
    live(&mut leader, MINUTE * 6).await;
    assert_eq!(world.done(), ["deploy c docker.io"]);
    world.write("registries/q.example.com", GOOD);
    live(&mut leader, MINUTE * 6).await;
    assert_eq!(
        world.done(),
        ["deploy b q.example.com"],
        "its services get the new one"
    );
}

#[tokio::test(start_paused = true)]
async fn the_roles_password_is_renewed_at_half_of_its_life() {
    let world = World::default();
    world.write("stacks/a", &format!("image: {ECR}/a"));
    let (hosts, mut leader) = leading(&world).await;
    let deployed = [format!("deploy a {ECR}")];
    assert_eq!(world.done(), deployed);
    let half = Duration::from_secs(ROLE_LIFE / 2);
    live(&mut leader, half.saturating_sub(MINUTE * 2)).await;
    let mut next = hosts[0].agent();
    live(&mut next, Duration::from_secs(20)).await;
    assert!(world.done().is_empty());
    assert_eq!(
        world.calls("role_login"),
        1,
        "the next leader needs none yet"
    );
    live(&mut next, MINUTE * 3).await;
    assert_eq!(world.done(), deployed);
    assert_eq!(world.calls("role_login"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pointer_to_s3_is_followed() {
    let world = World::default();
    world.write("stacks/web", "s3://bucket/web.yml\n");
    let (_hosts, mut leader) = leading(&world).await;
    let web = stack(&mut leader, "web").await;
    assert_eq!(web.source, "s3://bucket/web.yml");
    assert!(web.error.unwrap().contains("no such object"));
    world.put_object("s3://bucket/web.yml", "image: a");
    live(&mut leader, MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    live(&mut leader, MINUTE * 3).await;
    assert!(world.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn looking_costs_a_call_a_minute_and_a_call_in_five() {
    let world = World::default();
    let (_hosts, mut leader) = leading(&world).await;
    let before = world.calls("read_below");
    live(&mut leader, Duration::from_mins(30)).await;
    let asked = world.calls("read_below") - before;
    assert!((30..=46).contains(&asked), "{asked} in half an hour");
}
