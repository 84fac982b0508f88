//! Merging and writing `daemon.json`.

use std::os::unix::fs::MetadataExt;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::*;

fn keys(value: Value) -> Keys {
    match value {
        Value::Object(keys) => keys,
        other => panic!("{other} is no object"),
    }
}

static NO_FLAGS: LazyLock<DaemonFlags> = LazyLock::new(DaemonFlags::default);

fn wanted(extra: Value) -> Wanted<'static> {
    Wanted {
        extra: keys(extra),
        labels: BTreeMap::new(),
        instance_id: "i-new".to_owned(),
        local_pool: "172.17.0.0/16".parse().ok(),
        flags: &NO_FLAGS,
        moved: Vec::new(),
    }
}

/// Plans and writes.
fn settle(file: &DaemonJson, wanted: Wanted<'_>) -> Result<bool, DaemonJsonError> {
    file.settle(&file.plan(wanted)?)
}

const LABEL: &str = "swarmlet.instance-id=i-new";

fn pools() -> Value {
    json!([{"base": "172.17.0.0/16", "size": 24}])
}

fn log_opts() -> Value {
    json!({"max-size": "10m", "max-file": "3"})
}

#[test]
fn the_users_keys_win_and_ours_are_added() {
    let cases = [
        (
            json!({}),
            json!({}),
            json!({"log-driver": "json-file", "log-opts": log_opts(), "default-address-pools": pools(), "labels": [LABEL]}),
        ),
        (
            json!({"log-driver": "journald", "debug": true}),
            json!({}),
            json!({"log-driver": "journald", "debug": true, "default-address-pools": pools(), "labels": [LABEL]}),
        ),
        (
            json!({"log-opts": {"max-size": "1g"}, "default-address-pools": []}),
            json!({}),
            json!({"log-opts": {"max-size": "1g"}, "default-address-pools": [], "labels": [LABEL]}),
        ),
        (
            json!({"mtu": 1400}),
            json!({"mtu": 9001, "debug": true, "log-driver": "local"}),
            json!({"mtu": 1400, "debug": true, "log-driver": "local", "default-address-pools": pools(), "labels": [LABEL]}),
        ),
        (
            json!({"log-driver": "local", "default-address-pools": [], "labels": ["a=b", "swarmlet.instance-id=i-old"]}),
            json!({"labels": ["c=d", "a=b", "swarmlet.instance-id=i-fake"]}),
            json!({"log-driver": "local", "default-address-pools": [], "labels": ["a=b", "c=d", LABEL]}),
        ),
        (
            json!({"log-driver": "local", "default-address-pools": [], "labels": ["swarmlet.instance-identity=x"]}),
            json!({}),
            json!({"log-driver": "local", "default-address-pools": [], "labels": ["swarmlet.instance-identity=x", LABEL]}),
        ),
    ];
    for (current, extra, expected) in cases {
        let (settled, _) = merge(&keys(current), wanted(extra), &Keys::new());
        assert_eq!(settled, keys(expected));
    }
}

#[test]
fn what_we_added_can_be_changed_and_withdrawn_later() {
    let users = keys(json!({"debug": true}));
    let (first, added) = merge(
        &users,
        wanted(json!({"mtu": 1400, "dns": ["10.0.0.2"]})),
        &Keys::new(),
    );
    assert_eq!(first["mtu"], 1400);
    let (second, added) = merge(&first, wanted(json!({"mtu": 1300})), &added);
    assert_eq!(
        (&second["mtu"], second.get("dns"), &second["debug"]),
        (&json!(1300), None, &json!(true))
    );

    let mut edited = second.clone();
    edited.insert("mtu".to_owned(), json!(9001));
    let (third, added) = merge(&edited, wanted(json!({"mtu": 1200})), &added);
    assert_eq!(third["mtu"], 9001, "the user has taken the key over");
    assert!(!added.contains_key("mtu"));
}

#[test]
fn labels_of_settings_follow_the_settings() {
    let with = |labels: &[(&str, &str)], extra| Wanted {
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..wanted(extra)
    };
    let users = keys(json!({"labels": ["rack=7"]}));
    let (first, added) = merge(
        &users,
        with(
            &[
                ("tier", "front"),
                ("rack", "8"),
                ("swarmlet.x", "1"),
                ("com.docker.x", "1"),
            ],
            json!({"labels": ["disk=ssd"]}),
        ),
        &Keys::new(),
    );
    assert_eq!(
        first["labels"],
        json!(["rack=7", "disk=ssd", "tier=front", LABEL]),
        "one label a key, the user's first, and none that is another's"
    );
    let (second, added) = merge(&first, with(&[("tier", "back")], json!({})), &added);
    assert_eq!(second["labels"], json!(["rack=7", "tier=back", LABEL]));
    let (third, added) = merge(&second, with(&[], json!({})), &added);
    assert_eq!(third["labels"], json!(["rack=7", LABEL]));
    assert!(!added.contains_key("labels"));
}

#[test]
fn merging_twice_changes_nothing_the_second_time() {
    for current in [
        json!({}),
        json!({"labels": ["a=b"], "log-driver": "local", "hosts": []}),
    ] {
        let (first, added) = merge(&keys(current), wanted(json!({"debug": true})), &Keys::new());
        let (second, added_again) = merge(&first, wanted(json!({"debug": true})), &added);
        assert_eq!((first, added), (second, added_again));
    }
}

struct Files {
    folder: TempDir,
    file: DaemonJson,
}

impl Files {
    fn new(content: Option<&str>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("etc/docker/daemon.json");
        if let Some(content) = content {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, content).expect("a file");
        }
        let file = DaemonJson::new(path, folder.path().join("state/daemon-keys.json"));
        Self { folder, file }
    }

    fn content(&self) -> String {
        fs::read_to_string(self.folder.path().join("etc/docker/daemon.json")).expect("a file")
    }
}

#[test]
fn an_unchanged_file_is_not_written_again() {
    let files = Files::new(None);
    assert_eq!(settle(&files.file, wanted(json!({}))), Ok(true));
    let inode = || fs::metadata(&files.file.path).expect("a file").ino();
    let before = inode();
    assert_eq!(settle(&files.file, wanted(json!({}))), Ok(false));
    assert_eq!(inode(), before);
    assert_eq!(
        settle(&files.file, wanted(json!({"debug": true}))),
        Ok(true)
    );
    assert_ne!(inode(), before);
    assert!(files.content().contains("\"debug\": true"));
}

#[test]
fn an_empty_file_counts_as_no_keys() {
    for content in ["", " \n"] {
        let files = Files::new(Some(content));
        assert_eq!(settle(&files.file, wanted(json!({}))), Ok(true));
        assert!(files.content().contains(LABEL));
    }
}

#[test]
fn an_invalid_file_is_named_and_left_alone() {
    for content in ["{\"debug\": tru}", "[]", "{\"a\": 1,}"] {
        let files = Files::new(Some(content));
        let error = settle(&files.file, wanted(json!({}))).expect_err(content);
        let message = error.to_string();
        assert!(
            message.starts_with("cannot read ") && message.contains("etc/docker/daemon.json: "),
            "{message}"
        );
        assert!(message.ends_with("; mend or remove the file"), "{message}");
        assert!(error.is_terminal());
        assert_eq!(files.content(), content);
    }
}

#[test]
fn live_restore_is_refused_and_the_file_left_alone() {
    let content = "{\"live-restore\": true}";
    let files = Files::new(Some(content));
    let error = settle(&files.file, wanted(json!({}))).expect_err("live-restore");
    assert!(
        error
            .to_string()
            .contains("\"live-restore\" does not work with swarm mode; remove that key"),
        "{error}"
    );
    assert!(error.is_terminal());
    assert_eq!(files.content(), content);
    let files = Files::new(Some("{\"live-restore\": false}"));
    assert_eq!(settle(&files.file, wanted(json!({}))), Ok(true));
}

#[test]
fn a_disk_error_is_named_and_not_terminal() {
    let files = Files::new(None);
    fs::write(files.folder.path().join("etc"), "not a folder").expect("a file");
    let error = settle(&files.file, wanted(json!({}))).expect_err("no folder");
    assert!(error.to_string().starts_with("cannot "), "{error}");
    assert!(!error.is_terminal());
}

#[test]
fn the_labelled_instance_is_found() {
    for (value, found) in [
        (
            json!({"labels": ["a=b", "swarmlet.instance-id=i-1"]}),
            Some("i-1"),
        ),
        (json!({"labels": ["swarmlet.instance-identity=i-1"]}), None),
        (json!({"labels": "swarmlet.instance-id=i-1"}), None),
        (json!({}), None),
    ] {
        assert_eq!(labelled_instance(&keys(value)), found);
    }
}

#[test]
fn a_departure_is_a_label_and_nothing_else() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("daemon.json");
    let users = json!({"labels": ["mine=1", LABEL], "debug": true});
    fs::write(&path, users.to_string()).expect("a file");
    let file = DaemonJson::new(path.clone(), folder.path().join("record"));
    let said = || Value::Object(read(&path).expect("an object"));
    for deadline in [7, 8] {
        assert_eq!(file.announce(Some(deadline), &NO_FLAGS), Ok(true));
        assert_eq!(
            file.announce(Some(deadline), &NO_FLAGS),
            Ok(false),
            "once is enough"
        );
        let label = format!("swarmlet.departing={deadline}");
        assert_eq!(
            said(),
            json!({"labels": ["mine=1", LABEL, label], "debug": true})
        );
    }
    assert_eq!(file.announce(None, &NO_FLAGS), Ok(true));
    assert_eq!(said(), users);
    file.announce(Some(9), &NO_FLAGS).expect("a label");
    settle(&file, wanted(json!({}))).expect("settled");
    let labels = said()["labels"].to_string();
    assert!(!labels.contains("departing"), "gone at boot: {labels}");
}

#[test]
fn labels_that_are_no_list_are_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("daemon.json");
    fs::write(&path, r#"{"labels": "x"}"#).expect("a file");
    let file = DaemonJson::new(path.clone(), folder.path().join("record"));
    assert!(file.announce(Some(7), &NO_FLAGS).is_err());
    assert_eq!(
        fs::read_to_string(&path).expect("text"),
        r#"{"labels": "x"}"#
    );
}
