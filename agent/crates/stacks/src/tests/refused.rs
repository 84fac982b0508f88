//! What Docker would refuse is refused before anything is made, and does not stand in the way later.

use super::*;
use protocol::stacks::objects::Kind;

/// The networks of a tutorial that is everywhere.
const BRIDGE: &str = "version: \"3.8\"
services:
  web:
    image: a
    networks:
      - frontend
networks:
  frontend:
    driver: bridge
";

async fn refused(world: &World, file: &str) -> String {
    world.write("stacks/app", file);
    let mut leader = leading(world).await;
    leader.live(MINUTE).await;
    let (state, error) = leader.stands("app");
    assert_eq!(state, StackState::Failed, "{file}");
    assert!(
        world.done().is_empty() && world.names().is_empty(),
        "{file}"
    );
    assert_eq!(world.label("app"), None, "nothing was begun");
    error
}

#[tokio::test(start_paused = true)]
async fn a_network_of_one_machine_is_refused_with_its_place_and_cure() {
    let world = World::default();
    let error = refused(&world, BRIDGE).await;
    assert_eq!(
        error,
        "cannot deploy it: networks.frontend, line 8: the driver bridge makes a network of one machine, which the \
         services of a swarm cannot use; leave `driver:` out, or write `driver: overlay`"
    );
    world.write("stacks/app", &BRIDGE.replace("bridge", "overlay"));
    let leader = leading(&world).await;
    assert_eq!(world.done(), ["deploy app"]);
    assert_eq!(leader.stands("app").0, StackState::Deployed);
}

#[tokio::test(start_paused = true)]
async fn each_mistake_is_told_by_its_place() {
    for (file, says) in [
        (
            "services:\n  a:\n    build: .\n",
            "services.a, line 2: a swarm does not build images",
        ),
        (
            "services:\n  a: {command: x}\n",
            "services.a, line 2: it has no image",
        ),
        (
            "services:\n  a: {image: x, networks: [n]}\n",
            "services.a.networks, line 2: there is no n",
        ),
        (
            "services:\n  a: {image: x, secrets: [{source: s}]}\n",
            "there is no s below `secrets:`",
        ),
        (
            "services:\n  a: {image: x, configs: [c]}\n",
            "there is no c below `configs:`",
        ),
        (
            "services:\n  a: {image: x, env_file: no.env}\n",
            "services.a.env_file, line 2: no.env would be read on whichever manager leads",
        ),
        (
            "configs:\n  c: {file: ./no}\n",
            "configs.c, line 2: ./no would be read on whichever manager leads",
        ),
        (
            "secrets:\n  s: {file: ./no}\n",
            "make this once by hand and declare it with `external: true`, or lay the stack itself",
        ),
        (
            "a: &a [*a]\nservices:\n  a: {image: x, env_file: no.env}\n",
            "line 3: an `env_file:` would be read on whichever manager leads",
        ),
        (&BRIDGE.replace("bridge", "macvlan"), "the driver macvlan"),
        (
            &BRIDGE.replace("bridge", "host"),
            "`name: host` in its place",
        ),
        (
            "services:\n  a: {image: x, networks: [n]}\nnetworks:\n  n: {external: true, name: none}\n",
            "networks.n, line 4: the services of a swarm cannot use the network none",
        ),
        (
            &format!("services:\n  {}: {{image: x}}\n", "a".repeat(60)),
            "longer than 63",
        ),
    ] {
        let error = refused(&World::default(), file).await;
        assert!(error.starts_with("cannot deploy it: "), "{error}");
        assert!(error.contains(says), "{file}: {error}");
    }
}

/// It would be another stack on a manager that has other files, at every change of leader.
#[tokio::test(start_paused = true)]
async fn a_parameters_stack_has_no_files_beside_it_even_where_the_leader_has_them() {
    for (value, object) in [("", false), ("s3://bucket/key", true)] {
        let file = "services:
  a: {image: x, env_file: a.env, configs: [c], secrets: [s]}
configs:
  c: {file: ./c.conf}
secrets:
  s: {file: /etc/passwd}
  given: {file: ./no, external: true}
";
        let world = World::default();
        world.put_object("s3://bucket/key", file);
        world.write("stacks/app", if object { value } else { file });
        let mut leader = Leader::new(&world);
        leader.lay("a.env", "A=1");
        leader.lay("c.conf", "x");
        leader.live(MINUTE).await;
        let (state, error) = leader.stands("app");
        assert_eq!(state, StackState::Failed, "{error}");
        for says in [
            "services.a.env_file, line 2: a.env would be read",
            "below `environment:`",
            "configs.c, line 4: ./c.conf would be read",
            "secrets.s, line 6: /etc/passwd would be read",
        ] {
            assert!(error.contains(says), "{error}");
        }
        assert!(!error.contains("given"), "{error}");
        assert!(world.done().is_empty() && world.names().is_empty());
        leader.lay("app.yml", &file.replace("/etc/passwd", "a.env"));
        world.erase("stacks/app");
        leader.live(MINUTE * 5).await;
        assert_eq!(world.done(), ["deploy app"], "a file has files beside it");
    }
}

#[tokio::test(start_paused = true)]
async fn all_mistakes_are_told_at_once() {
    let file = BRIDGE.replace("image: a", "build: .");
    let error = refused(&World::default(), &file).await;
    assert!(error.contains("; also networks.frontend"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_wants_a_version_is_told_in_our_words() {
    let world = World::default();
    world.is_old();
    let error = refused(&world, &app("a")).await;
    assert!(
        error.contains("write `version: \"3.8\"` at its top"),
        "{error}"
    );
    world.write("stacks/app", &format!("version: \"3.8\"\n{}", app("a")));
    leading(&world).await;
    assert_eq!(world.done(), ["deploy app"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_there_is_waited_for() {
    let file = "services:
  a: {image: x, networks: [proxy, host], secrets: [s], configs: [c]}
networks:
  proxy: {external: true, name: traefik-public}
  host: {external: {name: host}}
  unused: {external: true}
secrets:
  s: {external: true}
configs:
  c: {external: {name: con}}
";
    let world = World::default();
    let error = refused(&world, file).await;
    for says in [
        "networks.proxy, line 4: the swarm has no network traefik-public",
        "secrets.s, line 8: the swarm has no secret s; make it with `docker secret create s FILE`",
        "configs.c, line 10: the swarm has no config con",
    ] {
        assert!(error.contains(says), "{error}");
    }
    assert!(
        !error.contains("unused") && !error.contains("no network host"),
        "{error}"
    );
    let mut leader = leading(&world).await;
    world.by_hand(Kind::Secret, "s", None);
    world.by_hand(Kind::Config, "con", None);
    leader.live(MINUTE).await;
    assert!(world.done().is_empty());
    let shared = "networks:\n  proxy: {name: traefik-public, attachable: true}\n";
    world.write("stacks/shared", shared);
    leader.live(MINUTE).await;
    let done = world.done();
    assert_eq!(
        done,
        [
            "create network traefik-public",
            "deploy shared",
            "deploy app"
        ]
    );
    world.take_away("traefik-public");
    leader.live(MINUTE).await;
    assert_eq!(
        world.done()[0],
        "create network traefik-public",
        "it comes back too"
    );
}

/// As an earlier version has left it: on this manager, under the name that the mended file wants.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_try_left_is_taken_away() {
    let world = World::default();
    world.leave_network("app", "app_frontend");
    world.leave_network("other", "other_frontend");
    world.write("stacks/app", &BRIDGE.replace("bridge", "overlay"));
    let leader = leading(&world).await;
    assert_eq!(world.done(), ["remove network", "deploy app"]);
    assert_eq!(leader.stands("app").0, StackState::Deployed);
}

/// On a manager that does not lead the tasks of the mended stack would be refused for it.
#[tokio::test(start_paused = true)]
async fn every_manager_takes_away_what_was_left_on_its_machine() {
    let world = World::default();
    world.write("stacks/app", &app("a"));
    leading(&world).await;
    world.done();
    for (leads, name) in [(false, "app_a"), (true, "app_b")] {
        world.leave_network("app", name);
        world.leave_network("other", "other_a");
        let Leader { keeper, lead, .. } = Leader::new(&world);
        lead.set(leads);
        tokio::select! {
            () = keeper.run() => unreachable!("it never ends"),
            () = tokio::time::sleep(MINUTE * 5) => {}
        }
        assert_eq!(
            world.done(),
            ["remove network"],
            "and not what is not deployed from here"
        );
    }
}

/// A former manager knows of no stacks any more, and their tasks would be refused there for ever.
#[tokio::test(start_paused = true)]
async fn a_worker_takes_away_what_was_left_when_it_was_a_manager() {
    for manages in [true, false] {
        let world = World::default();
        world.works();
        world.leave_network("app", "app_a");
        world.leave_network("other", "other_a");
        world.leave_network("used", "used_a");
        world.enter("used_a");
        let mut leader = Leader::new(&world);
        leader.keeper.rules.manages = manages;
        let ended = timeout(MINUTE * 30, leader.keeper.run()).await;
        assert!(ended.is_err(), "it never ends");
        assert_eq!(world.done(), ["remove network", "remove network"]);
        let looks = world.calls("local");
        assert!(manages || looks <= 8, "{looks} looks in half an hour");
    }
}

/// Only the engine knows of what the networks of other makers' drivers are.
#[tokio::test(start_paused = true)]
async fn a_plugins_driver_of_one_machine_is_refused_too() {
    let driver = |driver: &str| BRIDGE.replace("bridge", driver);
    let world = World::default();
    let error = refused(&world, &driver("acme/local")).await;
    assert!(
        error.contains(
            "networks.frontend, line 8: the driver acme/local makes a network of one machine"
        ),
        "{error}"
    );
    for other in ["acme/swarm", "acme/none", "overlay"] {
        let world = World::default();
        world.write("stacks/app", &driver(other));
        let mut leader = leading(&world).await;
        assert_eq!(world.done(), ["deploy app"], "{other}");
        leader.live(MINUTE * 10).await;
        let asked = usize::from(other != "overlay");
        assert_eq!(world.calls("is_of_one_machine"), asked, "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_cannot_be_changed_is_said_and_one_that_nobody_uses_is_made_anew() {
    let world = World::default();
    let file = |more: &str| {
        format!(
            "services:\n  a: {{image: x, networks: [n]}}\nnetworks:\n  n: {{internal: false{more}}}\n  free: {{internal: false{more}}}\n"
        )
    };
    world.write("stacks/app", &file(""));
    let mut leader = leading(&world).await;
    assert_eq!(world.done(), ["create network app_free", "deploy app"]);
    world.write("stacks/app", &file(", attachable: true"));
    leader.live(MINUTE).await;
    let done = world.done();
    let stands = leader.stands("app");
    assert_eq!(
        done,
        ["remove network", "create network app_free", "deploy app"],
        "{stands:?}"
    );
    let (state, error) = leader.stands("app");
    assert_eq!(state, StackState::Deployed);
    assert!(
        error.contains(
            "the network app_n is there with attachable: false, and Docker cannot change a network"
        ),
        "{error}"
    );
    leader.live(MINUTE * 5).await;
    assert!(world.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_network_of_somebody_else_is_neither_taken_nor_taken_away() {
    let file = |used: &str| {
        format!(
            "services:\n  a: {{image: x, networks: [{used}]}}\nnetworks:\n  n: {{name: theirs, attachable: true}}\n  own: {{}}\n"
        )
    };
    for whose in [None, Some("other")] {
        let world = World::default();
        world.by_hand(Kind::Network, "theirs", whose);
        world.write("stacks/app", &file("n"));
        let mut leader = leading(&world).await;
        let (state, error) = leader.stands("app");
        assert_eq!(state, StackState::Failed);
        assert!(
            error
                .contains("networks.n, line 4: there is a network theirs that is not this stack's"),
            "{error}"
        );
        assert!(world.done().is_empty(), "nothing was begun");
        world.write("stacks/app", &file("own"));
        leader.live(MINUTE).await;
        assert_eq!(world.done(), ["deploy app"], "nobody of it uses that one");
        let (state, error) = leader.stands("app");
        assert_eq!(state, StackState::Deployed);
        assert!(error.contains("is there with attachable: false"), "{error}");
    }
}

/// Status, dashboard and journal show the same words.
#[tokio::test(start_paused = true)]
async fn no_word_of_dockers_repeats_a_value_of_the_file() {
    let file = "services:
  app:
    image: a
    environment: {PASSWORD: 's3cret-pa$$word'}
    labels: [auth=s3cret-label]
    deploy: {replicas: s3cret-number}
";
    let quotes =
        r#"invalid interpolation format for services.app.environment.PASSWORD: "s3cret-pa$$word""#;
    let says = r#"the file is not valid: invalid interpolation format for services.app.environment.PASSWORD: "…""#;
    let world = World::default();
    world.find_invalid(quotes);
    assert_eq!(refused(&world, file).await, says);
    for (quotes, says) in [
        (
            "services.app.labels: no auth=s3cret-label here",
            "services.app.labels: no … here",
        ),
        (
            r#"services.app.deploy.replicas: parsing "s3cret-number": no"#,
            r#"services.app.deploy.replicas: parsing "…": no"#,
        ),
    ] {
        let world = World::default();
        world.fail(quotes);
        world.write("stacks/app", file);
        let leader = leading(&world).await;
        assert_eq!(leader.stands("app"), (StackState::Failed, says.to_owned()));
    }
    let world = World::default();
    world.find_invalid("yaml: line 2: cannot unmarshal !!str `s3cret-...` into map[string]string");
    let error = refused(&world, "services: [\n s3cret-word").await;
    assert_eq!(
        error,
        "the file is not valid: yaml: line 2: cannot unmarshal !!str `…` into map[string]string"
    );
}
