//! What is read of a file, what its secrets and configs are called, and in which notations.

use super::*;
use protocol::stacks::Origin;

fn read(text: &str) -> Compose {
    Compose::read(text, &[("SWARMLET_CLUSTER", "demo".to_owned())]).unwrap()
}

#[test]
fn both_notations_of_everything_are_read() {
    let file = read(
        "version: 3.8
x-base: &base
  image: busybox:1
  networks: {front: null, back: {aliases: [a]}}
services:
  web:
    <<: *base
    env_file: web.env
    secrets: [one, {source: two, target: x}]
  app:
    image: \"${SWARMLET_CLUSTER}/app\"
    env_file: [a.env, {path: b.env, required: false}]
networks:
  front: {driver_opts: {encrypted: ''}, ipam: {config: [{subnet: 10.9.0.0/24}]}, labels: [a=b, c]}
  back: {external: {name: other}}
configs:
  site: {file: ./site.conf, labels: {a: 1}}
",
    );
    assert_eq!(file.version.as_deref(), Some("3.8"));
    let words = |words: &[Word]| {
        words
            .iter()
            .map(|word| word.text.clone())
            .collect::<Vec<_>>()
    };
    let (web, app) = (&file.services["web"], &file.services["app"]);
    assert_eq!(
        (words(&web.networks), words(&web.env_files)),
        (vec!["front".into(), "back".into()], vec!["web.env".into()])
    );
    assert_eq!(words(&web.secrets), ["one", "two"]);
    assert_eq!(words(&app.env_files), ["a.env", "b.env"]);
    let images: Vec<_> = file.images().collect();
    assert_eq!(images, ["demo/app", "busybox:1"]);
    let front = &file.networks["front"];
    assert_eq!(front.setup.options["encrypted"], "");
    assert!(front.setup.subnets.contains("10.9.0.0/24") && front.setup.driver == OVERLAY);
    assert_eq!(
        (front.labels["a"].as_str(), front.labels["c"].as_str()),
        ("b", "")
    );
    let back = &file.networks["back"];
    assert_eq!((back.external, back.name.as_deref()), (true, Some("other")));
    assert_eq!(
        file.used_networks().into_iter().collect::<Vec<_>>(),
        ["back", "default", "front"]
    );
    let own = file.own_networks("web");
    let own: Vec<_> = own.keys().map(String::as_str).collect();
    assert_eq!(own, ["web_default", "web_front"]);
}

fn contents(file: &Compose) -> (tempfile::TempDir, Contents) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("site.conf", "one"), ("key", "two")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let contents = read_named(file, folder.path(), Origin::File);
    (folder, contents)
}

#[test]
fn names_hold_the_content_unless_they_are_given() {
    let long = "k".repeat(60);
    let file = read(&format!(
        "version: '3.8'
configs:
  site: {{file: ./site.conf, template_driver: golang, external: false}}
  given: {{file: ./site.conf, name: mine}}
  {long}: {{file: ./site.conf}}
  {long}2: {{file: ./site.conf}}
secrets:
  key: {{file: ./key}}
  other: {{external: true}}
"
    ));
    let (_folder, contents) = contents(&file);
    assert!(contents.troubles.is_empty());
    let makes = file.makes("web", &contents);
    let names: Vec<_> = makes.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 64));
    assert!(names.contains(&"mine"));
    let overlay = file.renamed("web", &contents).unwrap();
    let overlay = Compose::read(&overlay, &[]).unwrap();
    assert_eq!(overlay.version.as_deref(), Some("3.8"));
    assert!(!overlay.configs.contains_key("given") && !overlay.secrets.contains_key("other"));
    let site = &overlay.configs["site"];
    assert_eq!(site.said["template_driver"], "golang");
    assert!(!site.said.contains_key("external"), "{:?}", site.said);
    let name = site.name.as_deref().unwrap();
    assert!(name.starts_with("web_site_") && makes.contains(&(Kind::Config, name.to_owned())));
}

/// Before 3.5 there are no names: what such a file makes keeps Docker's own.
#[test]
fn a_file_of_an_old_version_is_left_as_it_is() {
    let old = read("version: '3.3'\nconfigs:\n  site: {file: ./site.conf}\n");
    let (_folder, contents) = contents(&old);
    assert_eq!(old.renamed("web", &contents), None);
    let makes = old.makes("web", &contents);
    assert!(makes.contains(&(Kind::Config, "web_site".to_owned())));
    let none = read("services:\n  a: {image: x}\n");
    assert_eq!(none.renamed("web", &Contents::default()), None);
}

#[test]
fn the_digest_is_the_texts_own_where_it_names_no_file() {
    let none = Contents::default();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(none.digest(""), empty);
    let text = "configs:\n  site: {file: ./site.conf}\n";
    let (folder, first) = contents(&read(text));
    std::fs::write(folder.path().join("site.conf"), "three").unwrap();
    let second = read_named(&read(text), folder.path(), Origin::File);
    assert_ne!(first.digest(text), second.digest(text));
    assert_ne!(first.digest(text), none.digest(text));
}

#[test]
fn files_that_docker_takes_no_secret_of_are_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    std::fs::write(folder.path().join("large"), vec![b'x'; 500 * 1024 + 1]).unwrap();
    let file = read(
        "secrets:\n  a: {file: ./empty}\n  b: {file: ./large}\nconfigs:\n  a: {file: ./empty}\n  b: {file: ./large}\n",
    );
    let contents = read_named(&file, folder.path(), Origin::File);
    let causes: Vec<_> = contents
        .troubles
        .iter()
        .map(|trouble| trouble.cause.clone())
        .collect();
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert!(causes[0].contains("is empty") && causes[1].contains("larger than the 500 KiB"));
}
