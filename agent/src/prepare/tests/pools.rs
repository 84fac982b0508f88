//! Address pools keep clear of what is somewhere else.

use super::*;

/// The pool that bridges got.
fn pool(host: &HostFiles) -> Value {
    host.daemon()["default-address-pools"][0]["base"].clone()
}

const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                      eth0\t000011AC\t0100620A\t3\t0\t0\t0\t0000FFFF\n";

#[tokio::test]
async fn bridges_keep_clear_of_settings_routes_and_the_users_own() {
    let avoiding = |ranges: &[&str]| {
        let mut host = HostFiles::new();
        let ranges = ranges.iter().map(|range| range.parse().expect("a range"));
        host.settings.engine.avoid = ranges.collect();
        host
    };
    let daemon = |text: &str| HostFiles::new().with("etc/docker/daemon.json", text);
    let mut by_settings = HostFiles::new();
    by_settings
        .settings
        .engine
        .daemon
        .insert("bip".to_owned(), json!("172.17.0.1/16"));
    for (host, expected) in [
        (avoiding(&[]), "172.17.0.0/16"),
        (
            avoiding(&["172.17.3.0/24", "172.20.0.0/16"]),
            "172.18.0.0/16",
        ),
        (
            avoiding(&["172.16.0.0/12", "192.168.0.0/16"]),
            "100.127.0.0/16",
        ),
        (
            HostFiles::new().with("proc/self/net/route", ROUTES),
            "172.18.0.0/16",
        ),
        (daemon(r#"{"bip": "172.17.0.1/24"}"#), "172.18.0.0/16"),
        (
            daemon(r#"{"fixed-cidr": "172.17.4.0/24"}"#),
            "172.18.0.0/16",
        ),
        (by_settings, "172.18.0.0/16"),
    ] {
        host.prepare(&idle()).await.expect("prepared");
        assert_eq!(pool(&host), expected);
    }
}

#[tokio::test]
async fn a_bridge_given_by_a_flag_is_kept_clear_of() {
    let host = HostFiles::new();
    let runner = idle().says(
        SHOW,
        "ExecStart={ path=/d ; argv[]=/usr/sbin/dockerd -H fd:// --bip 172.17.0.1/16 ; ignore_errors=no }",
    );
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(pool(&host), "172.18.0.0/16");
}

#[tokio::test]
async fn where_nothing_is_clear_docker_takes_its_own() {
    let mut host = HostFiles::new();
    let all = ["172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    host.settings.engine.avoid = all.map(|range| range.parse().expect("a range")).to_vec();
    host.prepare(&idle()).await.expect("prepared");
    assert_eq!(pool(&host), Value::Null);
}
