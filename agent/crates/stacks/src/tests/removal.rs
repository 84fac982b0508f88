//! A removal takes two complete looks a minute apart, and one stack goes at a time.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_parameter_that_is_away_for_half_a_minute_removes_nothing() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    world.done();
    for _ in 0..5 {
        world.erase("stacks/web");
        leader.live(Duration::from_secs(55)).await;
        world.write("stacks/web", &app("a"));
        leader.live(MINUTE).await;
    }
    assert!(world.done().is_empty(), "the list is no snapshot");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_no_look() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    world.done();
    world.erase("stacks/web");
    world.deny_lists(true);
    leader.live(MINUTE * 10).await;
    world.deny_lists(false);
    leader.live(Duration::from_mins(1)).await;
    assert!(world.done().is_empty(), "{:?}", world.done());
    leader.live(MINUTE * 2).await;
    assert_eq!(world.done(), ["remove web"]);
}

#[tokio::test(start_paused = true)]
async fn several_go_one_a_look_and_all_of_them_later() {
    let world = World::default();
    for name in ["a", "b", "c"] {
        world.write(&format!("stacks/{name}"), &app("x"));
    }
    let mut leader = leading(&world).await;
    world.done();
    world.erase("stacks/a");
    world.erase("stacks/b");
    let mut first = Vec::new();
    // Looks are most of a minute apart: there is no second one in so short a step.
    for _ in 0..20 {
        leader.live(Duration::from_secs(10)).await;
        first = world.done();
        if !first.is_empty() {
            break;
        }
    }
    assert_eq!(first.len(), 1, "one on one look: {first:?}");
    leader.live(MINUTE * 2).await;
    assert_eq!(world.done().len(), 1);
    world.write("stacks/a", &app("x"));
    leader.live(MINUTE).await;
    world.done();
    world.erase("stacks/a");
    world.erase("stacks/c");
    leader.live(Duration::from_secs(170)).await;
    assert!(
        world.done().is_empty(),
        "all of them at once may be a mistake"
    );
    leader.live(MINUTE * 4).await;
    assert_eq!(world.done(), ["remove a", "remove c"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_parameter_removes_nothing() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    world.done();
    world.write("stacks/web", " ");
    leader.live(MINUTE * 10).await;
    let (state, error) = leader.stands("web");
    assert_eq!(state, StackState::Failed);
    assert!(error.contains("it is empty"), "{error}");
    assert!(world.done().is_empty());
    world.write("stacks/web", "# off for the night\n");
    leader.live(MINUTE * 3).await;
    assert_eq!(world.done(), ["remove web"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_takes_the_place_of_a_parameter_that_is_gone_for_certain() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    leader.lay("web.yml", &app("b"));
    leader.live(MINUTE).await;
    world.done();
    world.erase("stacks/web");
    leader.live(Duration::from_secs(50)).await;
    assert!(world.done().is_empty());
    leader.live(MINUTE * 2).await;
    assert_eq!(world.done(), ["deploy web"]);
}
