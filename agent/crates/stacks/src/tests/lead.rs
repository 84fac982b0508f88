//! The task and the agent's rounds beside it.

use super::*;

#[tokio::test(start_paused = true)]
async fn stacks_are_kept_while_this_node_leads() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let Leader { keeper, lead, .. } = Leader::new(&world);
    let story = async {
        tokio::time::sleep(MINUTE).await;
        assert!(
            world.done().is_empty() && world.calls("read_below") == 0,
            "it does not lead"
        );
        lead.set(true);
        tokio::time::sleep(MINUTE).await;
        assert_eq!(world.done(), ["deploy web"]);
        assert_eq!(lead.overview().stacks.len(), 1);
        lead.set(false);
        tokio::time::sleep(MINUTE).await;
        let calls = world.calls("deployed");
        tokio::time::sleep(MINUTE * 10).await;
        assert_eq!(world.calls("deployed"), calls, "it leads no more");
        assert!(lead.overview().stacks.is_empty());
    };
    tokio::select! {
        () = keeper.run() => unreachable!("it never ends"),
        () = story => {}
    }
}

/// What by hand takes eight times fifteen seconds takes that here, in one go, and is shown as what it is.
#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_answer_costs_what_it_costs_by_hand() {
    let world = World::default();
    world.registry_takes(Duration::from_secs(15));
    let services = (0..8).map(|n| format!("  s{n}: {{image: 192.0.2.1/app}}\n"));
    let services = services.collect::<Vec<_>>().concat();
    world.write("stacks/slow", &format!("services:\n{services}"));
    let Leader { keeper, lead, .. } = Leader::new(&world);
    let state = || lead.overview().stacks.first().map(|stack| stack.state);
    let story = async {
        lead.set(true);
        let begun = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(state(), Some(StackState::Deploying));
        while world.done().is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let took = begun.elapsed().as_secs();
        assert!((119..=122).contains(&took), "{took} s");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(state(), Some(StackState::Deployed));
    };
    tokio::select! {
        () = keeper.run() => unreachable!("it never ends"),
        () = story => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_loses_its_place_lets_go_of_a_deployment() {
    let world = World::default();
    world.registry_takes(Duration::from_hours(1));
    world.write("stacks/slow", &app("a"));
    let Leader { keeper, lead, .. } = Leader::new(&world);
    let story = async {
        lead.set(true);
        tokio::time::sleep(Duration::from_secs(5)).await;
        lead.set(false);
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert!(world.done().is_empty(), "its process was ended");
        assert!(
            world
                .label("slow")
                .is_some_and(|note| note.to_string().starts_with("begun"))
        );
    };
    tokio::select! {
        () = keeper.run() => unreachable!("it never ends"),
        () = story => {}
    }
}
