//! What many stacks cost while nothing changes: the numbers of `docs/stacks.md`.

use super::*;

const STACKS: usize = 50;

/// Three services and a config of 10 KiB.
const FILE: &str = "services:
  a: {image: x, configs: [c]}
  b: {image: x}
  c: {image: x}
configs:
  c: {file: ./c.conf}
";

/// How often each call is made from now on in an hour.
async fn hour(world: &World, leader: &mut Leader) -> impl Fn(&str) -> usize {
    const ALL: [&str; 9] = [
        "deployed",
        "is_of_one_machine",
        "local",
        "login",
        "note",
        "object",
        "read_below",
        "resolve",
        "role_login",
    ];
    let now = || ALL.map(|call| world.calls(call));
    let before = now();
    leader.live(Duration::from_hours(1)).await;
    let after = now();
    move |call: &str| {
        let index = ALL.iter().position(|known| *known == call).unwrap();
        after[index] - before[index]
    }
}

/// The engine is asked once a look, and AWS for the parameters, and one time in five for passwords.
#[tokio::test(start_paused = true)]
async fn fifty_stacks_cost_as_many_calls_as_one() {
    for (from_files, stacks) in [(true, 1), (true, STACKS), (false, STACKS)] {
        let world = World::default();
        let mut leader = Leader::new(&world);
        leader.lay("c.conf", &"x".repeat(10 * 1024));
        for index in 0..stacks {
            if from_files {
                leader.lay(&format!("s{index}.yml"), FILE);
            } else {
                world.write(&format!("stacks/s{index}"), &app("x"));
            }
        }
        leader.live(MINUTE * 2).await;
        assert_eq!(world.done().len(), stacks);
        let calls = hour(&world, &mut leader).await;
        assert!(world.done().is_empty());
        let looks = calls("deployed");
        // Every minute, less up to a fifth.
        assert!((60..=75).contains(&looks), "{looks}");
        let lists = calls("read_below");
        assert!(
            (looks..=looks + looks / 5 + 1).contains(&lists),
            "{lists} of {looks}"
        );
        for call in [
            "is_of_one_machine",
            "local",
            "login",
            "note",
            "object",
            "resolve",
            "role_login",
        ] {
            assert_eq!(calls(call), 0, "{call}");
        }
    }
}
