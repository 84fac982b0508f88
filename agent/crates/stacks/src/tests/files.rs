//! Files that a stack names are part of it.

use super::*;

const NAMES: &str = "services:
  app:
    image: a
    env_file: [web.env]
    configs: [site]
configs:
  site: {file: ./site.conf}
";

fn configs(world: &World) -> Vec<String> {
    let names = world.names().into_iter();
    names.filter(|name| name.starts_with("config")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_named_file_rolls_out_under_another_name() {
    let world = World::default();
    let mut leader = Leader::new(&world);
    leader.lay("web.env", "A=1");
    leader.lay("site.conf", "one");
    leader.lay("web.yml", NAMES);
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    let first = configs(&world);
    assert!(
        first.len() == 1 && first[0].starts_with("config web_site_"),
        "{first:?}"
    );
    leader.live(MINUTE * 5).await;
    assert!(world.done().is_empty());
    leader.lay("site.conf", "two");
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web", "remove config"]);
    let second = configs(&world);
    assert!(second.len() == 1 && second != first, "{second:?}");
    leader.lay("web.env", "A=2");
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    assert_eq!(configs(&world), second, "its own name stays");
    leader.lay("site.conf", "one");
    leader.live(MINUTE).await;
    assert_eq!(configs(&world), first, "the same content, the same name");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_goes_leaves_what_runs() {
    let world = World::default();
    let mut leader = Leader::new(&world);
    leader.lay("web.env", "A=1");
    leader.lay("site.conf", "one");
    leader.lay("web.yml", NAMES);
    leader.live(MINUTE).await;
    let names = world.names();
    std::fs::remove_file(leader.folder.path().join("site.conf")).unwrap();
    leader.live(MINUTE * 3).await;
    let (state, error) = leader.stands("web");
    assert_eq!(state, StackState::Failed);
    assert!(
        error.contains("configs.site, line 7: cannot read"),
        "{error}"
    );
    assert!(
        error.ends_with("lay it on every manager, beside the stack's file"),
        "{error}"
    );
    assert_eq!(
        (world.done(), world.names()),
        (vec!["deploy web".to_owned()], names)
    );
}
