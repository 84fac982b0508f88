//! Services, networks and the rest, as Docker lists them.

use serde_json::json;

use super::*;

fn told() -> Value {
    json!({
        "ID": "s1",
        "Version": {"Index": 7},
        "Spec": {
            "Name": "web_app",
            "Labels": {NAMESPACE: "web", "com.docker.stack.image": "nginx:1"},
            "TaskTemplate": {
                "ForceUpdate": 0,
                "ContainerSpec": {"Image": "nginx:1@sha256:1", "Secrets": [{"SecretID": "x1"}]},
                "Networks": [{"Target": "n1"}]
            }
        },
        "PreviousSpec": {"TaskTemplate": {"ContainerSpec": {"Configs": [{"ConfigID": "c0"}]}}}
    })
}

fn seen(change: impl FnOnce(&mut Value)) -> Object {
    let mut told = told();
    change(&mut told);
    service(serde_json::from_value(told).unwrap())
}

#[test]
fn a_service_is_known_by_all_that_is_set_of_it() {
    let before = seen(|_| {});
    assert_eq!(
        (before.name.as_str(), before.stack.as_deref()),
        ("web_app", Some("web"))
    );
    let uses: Vec<_> = before.uses.iter().map(String::as_str).collect();
    assert_eq!(uses, ["c0", "n1", "x1"], "also of the specification before");
    assert!(!before.other_image && before.rolled_back.is_none());
    let restarted = seen(|told| told["Spec"]["TaskTemplate"]["ForceUpdate"] = json!(3));
    assert_eq!(
        restarted.mark, before.mark,
        "a restart that somebody asked for is no change"
    );
    let scaled = seen(|told| told["Spec"]["Mode"] = json!({"Replicated": {"Replicas": 9}}));
    assert_ne!(scaled.mark, before.mark);
    let image = "/Spec/TaskTemplate/ContainerSpec/Image";
    let other = seen(|told| *told.pointer_mut(image).unwrap() = json!("nginx:2@sha256:1"));
    assert!(other.other_image && other.mark != before.mark);
    let status = json!({"State": "rollback_completed", "Message": "rolled back"});
    let rolled = seen(|told| told["UpdateStatus"] = status);
    assert_eq!(rolled.rolled_back.as_deref(), Some("rolled back"));
    let status = json!({"State": "completed", "StartedAt": "2026-01-01T00:00:00Z"});
    assert_eq!(seen(|told| told["UpdateStatus"] = status).rolled_back, None);
}

#[test]
fn networks_of_one_machine_are_no_objects_of_the_swarm() {
    let told = json!([
        {"Id": "1", "Name": "web_a", "Scope": "swarm", "Driver": "overlay", "Attachable": true,
         "Options": {"encrypted": ""}, "Labels": {NAMESPACE: "web"},
         "IPAM": {"Driver": "default", "Config": [{"Subnet": "10.9.0.0/24", "Gateway": "10.9.0.1"}]}},
        {"Id": "2", "Name": "web_b", "Scope": "local", "Driver": "bridge", "Labels": {NAMESPACE: "web"}},
        {"Id": "3", "Name": "bridge", "Scope": "local", "Driver": "bridge", "Labels": {}, "Options": null},
        {"Id": "4", "Name": "docker_gwbridge", "Scope": "local", "Labels": null}
    ]);
    let told: Vec<Network> = serde_json::from_value(told).unwrap();
    let mut local = Vec::new();
    for one in told {
        if one.scope == "swarm" {
            let object = network(one);
            let setup = object.network.unwrap();
            assert!(setup.attachable && setup.subnets.contains("10.9.0.0/24"));
            assert_eq!(
                (object.mark.as_str(), object.stack.as_deref()),
                ("1", Some("web"))
            );
        } else {
            local.extend(left_behind(one).map(|network| network.name));
        }
    }
    assert_eq!(local, ["web_b"]);
}
