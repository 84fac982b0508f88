//! The calls about images and containers, against a scripted socket.

use super::*;
use crate::api::scripted::{Answers, engine};

const INFO: &str = r#"{"DockerRootDir": "/data", "Swarm": {"LocalNodeState": "active", "ControlAvailable": false}}"#;
const MANAGER: &str = r#"{"DockerRootDir": "/data", "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "Swarm": {"LocalNodeState": "active", "ControlAvailable": true, "Error": "no leader"}}"#;
const PENDING: &str = r#"{"DockerRootDir": "/data", "Swarm": {"LocalNodeState": "pending"}}"#;
/// As 26.1 answers: tagged, pulled by a digest alone as the swarm does it, and without a name.
const IMAGES: &str = r#"[
    {"Id": "sha256:1", "ParentId": "", "RepoTags": ["nginx:1.27", "r:5000/web:2"],
     "RepoDigests": ["nginx@sha256:a"], "Created": 1, "Size": 7, "SharedSize": -1, "Labels": null, "Containers": -1},
    {"Id": "sha256:2", "ParentId": "", "RepoTags": ["<none>:<none>"],
     "RepoDigests": ["docker.io/library/redis@sha256:b"], "Created": 1, "Size": 8, "SharedSize": -1, "Labels": {}, "Containers": -1},
    {"Id": "sha256:3", "ParentId": "", "RepoTags": null, "RepoDigests": null, "Created": 1, "Size": 9,
     "SharedSize": -1, "Labels": null, "Containers": -1}]"#;
const CONTAINERS: &str = r#"[
    {"Id": "c1", "Image": "redis:7@sha256:b", "ImageID": "sha256:2", "State": "exited", "Labels": {"com.docker.swarm.task.id": "t"}},
    {"Id": "c2", "Image": "nginx:1.27", "ImageID": "sha256:1", "State": "running", "Labels": {"com.docker.swarm.task.id": "u"}},
    {"Id": "c3", "Image": "sha256:3", "ImageID": "sha256:3", "State": "created", "Labels": null}]"#;
const SERVICES: &str = r#"[{"ID": "s",
    "Spec": {"TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.28@sha256:c"}}},
    "PreviousSpec": {"TaskTemplate": {"ContainerSpec": {"Image": "nginx"}}}}]"#;

const WORKER: Answers = &[
    ("/info", 200, INFO),
    ("/images/json", 200, IMAGES),
    ("/containers/json", 200, CONTAINERS),
];

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn all_that_the_engine_keeps_is_told_with_its_names_in_full() {
    let fake = engine(WORKER);
    let found = fake.docker.look().await.unwrap();
    assert_eq!(found.folders, [PathBuf::from("/data")]);
    let images = found.inventory.images;
    let all = ["nginx:1.27", "r:5000/web:2", "nginx@sha256:a"];
    assert_eq!(images[0].names, names(&all));
    assert_eq!(images[0].references, all);
    assert_eq!(images[1].names, names(&["redis@sha256:b"]));
    assert_eq!(images[1].references, ["docker.io/library/redis@sha256:b"]);
    assert_eq!(images[2].references, ["sha256:3"]);
    let [left, runs, other] = &found.inventory.containers[..] else {
        panic!("three containers");
    };
    assert!(left.is_left() && left.names == names(&["redis:7", "redis@sha256:b"]));
    assert!(runs.is_task && !runs.has_ended && !runs.is_left());
    assert!(!other.is_task && !other.has_ended);
    assert_eq!(found.inventory.named, Named::Known(BTreeSet::new()));
    let asked = fake.asked();
    assert!(!asked.iter().any(|line| line.contains("/services")));
    assert!(asked.iter().any(|line| line.contains("all=true")));
}

#[tokio::test]
async fn a_manager_tells_what_services_name_now_and_named_before() {
    let fake = engine(&[
        ("/info", 200, MANAGER),
        ("/images/json", 200, "[]"),
        ("/containers/json", 200, "[]"),
        ("/services", 200, SERVICES),
    ]);
    let found = fake.docker.look().await.unwrap();
    let all = ["nginx:1.28", "nginx@sha256:c", "nginx:latest"];
    assert_eq!(found.inventory.named, Named::Known(names(&all)));
    let containerd = ["/data", "/var/lib/containerd"].map(PathBuf::from);
    assert_eq!(found.folders, containerd);
}

#[tokio::test]
async fn what_services_name_is_unknown_without_a_leader_or_in_no_swarm_yet() {
    let headless: Answers = &[
        ("/info", 200, MANAGER),
        ("/images/json", 200, "[]"),
        ("/containers/json", 200, "[]"),
        (
            "/services",
            503,
            r#"{"message": "The swarm does not have a leader."}"#,
        ),
    ];
    let pending: Answers = &[
        ("/info", 200, PENDING),
        ("/images/json", 200, "[]"),
        ("/containers/json", 200, "[]"),
    ];
    for (answers, part) in [(headless, "does not have a leader"), (pending, "not yet")] {
        let found = engine(answers).docker.look().await.unwrap();
        let Named::Unknown(why) = found.inventory.named else {
            panic!("{part}: they are known");
        };
        assert!(why.contains(part), "{why}");
    }
}

#[tokio::test]
async fn what_is_gone_counts_as_removed_and_nothing_is_forced() {
    let fake = engine(&[("DELETE", 404, r#"{"message": "no such thing"}"#)]);
    fake.docker.remove_container("c1").await.unwrap();
    let references = ["nginx:1".to_owned(), "r:5000/web@sha256:a".to_owned()];
    fake.docker.remove_image(&references).await.unwrap();
    let asked = fake.asked();
    assert!(asked[0].contains("/containers/c1?v=true"), "{asked:?}");
    assert!(asked[1].contains("/images/nginx:1"), "{asked:?}");
    assert!(
        asked[2].contains("/images/r:5000/web@sha256:a"),
        "{asked:?}"
    );
    assert!(!asked.iter().any(|line| line.contains("force=true")));
}

#[tokio::test]
async fn a_refusal_ends_the_removal_in_dockers_words() {
    let fake = engine(&[("DELETE", 409, r#"{"message": "conflict: it is used"}"#)]);
    let references = ["a:1".to_owned(), "a:2".to_owned()];
    let refused = fake.docker.remove_image(&references).await.unwrap_err();
    assert_eq!(refused.to_string(), "conflict: it is used");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn of_the_build_cache_only_what_was_not_used_for_a_while_goes() {
    let fake = engine(&[("/build/prune", 200, r#"{"SpaceReclaimed": 12}"#)]);
    let freed = fake.docker.prune_cache(Duration::from_mins(10)).await;
    assert_eq!(freed.unwrap(), 12);
    let asked = fake.asked();
    assert!(
        asked[0].contains("until") && asked[0].contains("600s"),
        "{asked:?}"
    );
    assert!(asked[0].contains("all=true"), "{asked:?}");
}
