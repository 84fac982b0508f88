//! A stack stays what its file says.

use super::*;
use protocol::stacks::objects::Kind;

/// A service in a network, with a config and a secret that come from files of the manager.
const WHOLE: &str = "services:
  app:
    image: a
    networks: [front]
    configs: [site]
    secrets: [key]
networks:
  front: {}
configs:
  site: {file: ./site.conf}
secrets:
  key: {file: ./key}
";

async fn whole(world: &World) -> Leader {
    let mut leader = Leader::new(world);
    leader.lay("site.conf", "site 1");
    leader.lay("key", "key 1");
    leader.lay("web.yml", WHOLE);
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    leader
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_services_is_deployed_once() {
    for file in [
        "version: \"3.8\"\nservices: {}\n",
        "networks:\n  proxy: {driver: overlay, attachable: true}\n",
        "configs:\n  site: {file: ./site.conf}\n",
        "version: \"3.8\"\n",
        "x-nothing: 1\n",
    ] {
        let world = World::default();
        let mut leader = Leader::new(&world);
        leader.lay("site.conf", "x");
        leader.lay("shared.yml", file);
        leader.live(Duration::from_mins(30)).await;
        let done = world.done();
        let deployed = done.iter().filter(|line| *line == "deploy shared").count();
        assert_eq!(deployed, 1, "{file}: {done:?}");
        assert_eq!(world.calls("note"), 2, "{file}: begun and deployed");
        assert_eq!(leader.stack("shared").state, StackState::Deployed, "{file}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_removes_or_changes_comes_back() {
    let world = World::default();
    let mut leader = whole(&world).await;
    let names = world.names();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in &names {
        let (_, name) = name.split_once(' ').unwrap();
        world.take_away(name);
        leader.live(MINUTE).await;
        assert_eq!(world.done(), ["deploy web"], "{name}");
        assert_eq!(world.names(), names);
        leader.live(MINUTE * 5).await;
        assert!(world.done().is_empty(), "and is left alone then");
    }
    world.object("web_app", |service| service.mark = "scaled by hand".into());
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
    world.object("web_app", |service| {
        service.mark = "another image".into();
        service.other_image = true;
    });
    let mut next = Leader::new(&world);
    for name in ["site.conf", "key", "web.yml"] {
        let text = std::fs::read_to_string(leader.folder.path().join(name)).unwrap();
        next.lay(name, &text);
    }
    next.live(MINUTE).await;
    assert_eq!(
        world.done(),
        ["forget image", "deploy web"],
        "also by the next leader"
    );
}

/// What another program changes every second is set right less and less often.
#[tokio::test(start_paused = true)]
async fn two_that_disagree_do_not_run_in_circles() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    world.undo_all();
    let mut leader = Leader::new(&world);
    let hours = async { leader.live(Duration::from_hours(10)).await };
    tokio::select! {
        () = hours => {}
        () = world.adversary() => {}
    }
    let done = world.done().len();
    assert!((60..100).contains(&done), "{done} deployments in ten hours");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_stays_until_the_file_changes() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    world.done();
    world.object("web_app", |service| {
        service.mark = "the one before".into();
        service.rolled_back = Some("update paused due to failure".into());
    });
    leader.live(MINUTE * 20).await;
    assert!(world.done().is_empty(), "Docker would roll it back again");
    let (state, error) = leader.stands("web");
    assert_eq!(state, StackState::Failed);
    assert!(
        error.contains("web_app (update paused due to failure)"),
        "{error}"
    );
    world.write("stacks/web", &app("b"));
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_version_deployed_is_noted_and_not_touched() {
    let world = World::default();
    world.write("stacks/web", &app("a"));
    let mut leader = leading(&world).await;
    let note = world.label("web").unwrap();
    world.done();
    let earlier = format!("deployed parameter {}", note.digest);
    world.relabel("web", &earlier);
    world.object("web_app", |service| service.mark = "scaled by hand".into());
    leader.live(MINUTE * 3).await;
    assert!(world.done().is_empty(), "an upgrade changes nothing");
    assert!(world.label("web").unwrap().objects.is_some());
    world.take_away("web_app");
    leader.live(MINUTE).await;
    assert_eq!(world.done(), ["deploy web"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_file_names_no_more_goes_and_a_rollback_keeps_what_it_needs() {
    let world = World::default();
    let mut leader = whole(&world).await;
    leader.lay("web.yml", "services:\n  app: {image: a}\n");
    leader.live(MINUTE).await;
    let mut done = world.done();
    done.sort();
    assert_eq!(
        done,
        [
            "deploy web",
            "remove config",
            "remove network",
            "remove secret"
        ]
    );
    assert_eq!(world.names(), ["network web_default", "service web_app"]);
    world.by_hand(Kind::Config, "other", None);
    leader.live(MINUTE * 3).await;
    assert!(world.done().is_empty(), "what is nobody's stays");
}
