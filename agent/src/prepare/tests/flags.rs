//! An engine that is told things by flags.

use super::*;

const RELOAD: &str = "systemctl daemon-reload";
const DROP_IN: &str = "run/systemd/system/docker.service.d/zz-swarmlet-labels.conf";
const OTHERS: &str = "var/lib/swarmlet/membership.json";

fn shown(command: &str) -> String {
    format!("ExecStart={{ path=/x ; argv[]={command} ; ignore_errors=no ; pid=0 }}\n")
}

/// A host that is idle, and whose unit runs the engine with these flags.
fn told(flags: &str) -> Scripted {
    idle().says(SHOW, &shown(&format!("/usr/sbin/dockerd -H fd:// {flags}")))
}

/// The same where a drop-in takes labels away.
fn moving(flags: &str) -> Scripted {
    let before = shown(&format!("/usr/sbin/dockerd -H fd:// {flags}"));
    // The looks: for a clone, before the move, after it.
    idle()
        .says(SHOW, &before)
        .says(SHOW, &before)
        .says(SHOW, &shown("/usr/sbin/dockerd -Hfd://"))
}

#[tokio::test]
async fn keys_that_are_flags_are_left_out() {
    for (flags, absent) in [
        ("--log-driver=journald", "log-driver log-opts"),
        ("--log-opt max-size=5m", "log-driver log-opts"),
        (
            "--default-address-pool base=10.200.0.0/16,size=24",
            "default-address-pools",
        ),
        ("--default-ulimit nofile=1024:1024", "default-ulimits"),
        ("--storage-driver=overlay2", "storage-driver"),
        ("-s overlay2", "storage-driver"),
        ("", "hosts"),
        ("--http-proxy=http://x", "http-proxy"),
    ] {
        let mut host = HostFiles::new();
        host.settings.engine.daemon = json!({
            "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 1, "Soft": 1}},
            "storage-driver": "overlay2", "hosts": ["fd://"], "debug": true,
            "proxies": {"http-proxy": "http://y", "no-proxy": "z"},
        })
        .as_object()
        .expect("keys")
        .clone();
        host.prepare(&told(flags)).await.expect("prepared");
        let daemon = host.daemon();
        for key in absent.split(' ') {
            let place = if key == "http-proxy" {
                &daemon["proxies"]
            } else {
                &daemon
            };
            assert_eq!(place.get(key), None, "{flags}: {daemon}");
        }
        assert_eq!(daemon["debug"], true);
        assert_eq!(daemon["proxies"]["no-proxy"], "z");
        assert!(daemon["labels"].is_array());
    }
}

#[tokio::test]
async fn labels_that_are_flags_become_keys_and_follow_them() {
    let host = HostFiles::new();
    let runner = moving("--label disk=ssd big --label=rack=7 --log-driver=journald");
    host.prepare(&runner).await.expect("prepared");
    let own = format!("swarmlet.instance-id={ID}");
    assert_eq!(
        host.daemon()["labels"],
        json!(["disk=ssd big", "rack=7", own])
    );
    let drop_in = host.read(DROP_IN);
    assert!(
        drop_in.ends_with(
            "[Service]\nExecStart=\nExecStart=\"/usr/sbin/dockerd\" \"-Hfd://\" \"--log-driver=journald\"\n"
        ),
        "{drop_in}"
    );
    let lines = runner.lines();
    let at = |line: &str| lines.iter().position(|other| other == line).expect(line);
    assert!(at(RELOAD) < at(START), "{lines:?}");

    // A drop-in of before hides what people have written.
    let runner = moving("--label=rack=8");
    host.prepare(&runner).await.expect("prepared");
    assert_eq!(host.daemon()["labels"], json!(["rack=8", own]));
    assert_eq!(
        runner.lines().iter().filter(|line| *line == RELOAD).count(),
        2
    );
    // The next boot has none, and the flag is gone.
    fs::remove_file(host.path(DROP_IN)).expect("a file");
    host.prepare(&told("")).await.expect("prepared");
    assert_eq!(host.daemon()["labels"], json!([own]));
    assert!(!host.path(DROP_IN).exists());
}

#[tokio::test]
async fn labels_that_were_moved_at_an_earlier_boot_are_before_anything_is_asked() {
    let host = HostFiles::new();
    host.prepare(&moving("--label=rack=7"))
        .await
        .expect("prepared");
    fs::remove_file(host.path(DROP_IN)).expect("a file");
    let unit = shown("/usr/sbin/dockerd --label=rack=7");
    let runner = Scripted::default().says(SHOW, &unit);
    labels::as_before(&host.settings, &runner)
        .await
        .expect("moved");
    assert!(host.path(DROP_IN).exists());
    let other = HostFiles::new();
    let runner = Scripted::default().says(SHOW, &unit);
    labels::as_before(&other.settings, &runner)
        .await
        .expect("nothing to do");
    assert_eq!(runner.lines(), [""; 0]);
}

#[tokio::test]
async fn labels_are_flags_again_when_the_package_goes() {
    let host = HostFiles::new();
    host.prepare(&moving("--label=rack=7"))
        .await
        .expect("prepared");
    let runner = Scripted::default();
    for _ in 0..2 {
        withdraw(&host.settings, &runner).await.expect("withdrawn");
    }
    assert!(!host.path(DROP_IN).exists());
    assert_eq!(host.daemon().get("labels"), None);
    assert_eq!(runner.lines()[1..], [RELOAD]);
}

#[tokio::test]
async fn labels_that_cannot_be_moved_are_left_as_flags() {
    let host = HostFiles::new().with(
        "etc/docker/daemon.json",
        &json!({"labels": [format!("swarmlet.instance-id={ID}")]}).to_string(),
    );
    let shell = shown("/bin/sh -c exec /usr/sbin/dockerd --label a=b");
    let stubborn = shown("/usr/sbin/dockerd --label a=b");
    for unit in [shell, stubborn] {
        host.prepare(&idle().says(SHOW, &unit))
            .await
            .expect("prepared");
        assert_eq!(
            host.daemon().get("labels"),
            None,
            "with both the engine does not start"
        );
        assert!(!host.path(DROP_IN).exists());
    }
}

#[tokio::test]
async fn a_departure_is_not_written_where_labels_are_flags() {
    let host = HostFiles::new().with("run/swarmlet/departing", "17");
    let error = announce(&host.settings, &told("--label a=b"))
        .await
        .expect_err("a flag");
    assert_eq!(
        error.to_string(),
        "cannot give the engine a label: docker.service starts it with --label of docker.service; move its labels to \
         node.labels or daemon.json"
    );
    assert!(!host.path("etc/docker/daemon.json").exists());
}

#[tokio::test]
async fn live_restore_as_a_flag_is_refused_with_its_place() {
    let host = HostFiles::new().with("etc/sysconfig/docker", "OPTIONS='--live-restore'");
    let unit = shown("/usr/sbin/dockerd $OPTIONS")
        + "EnvironmentFiles=/etc/sysconfig/docker (ignore_errors=yes)\n";
    let error = host
        .prepare(&idle().says(SHOW, &unit))
        .await
        .expect_err("live-restore");
    let message = error.to_string();
    assert!(
        message.contains("with --live-restore in /etc/sysconfig/docker, which"),
        "{message}"
    );
    assert!(error.is_terminal());
    assert!(!host.path("etc/docker/daemon.json").exists());
    let off = HostFiles::new();
    off.prepare(&told("--live-restore=false"))
        .await
        .expect("prepared");
}

#[tokio::test]
async fn the_file_that_a_flag_names_is_the_one() {
    let host = HostFiles::new().with("etc/other.json", "{\"debug\": true}");
    host.prepare(&told("--config-file=/etc/other.json"))
        .await
        .expect("prepared");
    assert!(!host.path("etc/docker/daemon.json").exists());
    let text = host.read("etc/other.json");
    assert!(text.contains("debug") && text.contains(ID), "{text}");
}

/// A disk that was copied from `i-other`, with swarm states in these folders.
fn copied(states: &[&str]) -> HostFiles {
    let host = HostFiles::new().with(OTHERS, "{\"instance_id\": \"i-other\"}");
    states.iter().fold(host, |host, state| {
        host.with(&format!("{state}/swarm/certificates/swarm-node.crt"), "x")
    })
}

#[tokio::test]
async fn a_copys_swarm_state_goes_wherever_the_engine_has_it() {
    let remap = r#"{"userns-remap": "default"}"#;
    for (flags, daemon, state) in [
        ("--data-root /mnt/docker", "{}", "mnt/docker"),
        ("-g /mnt/docker", "{}", "mnt/docker"),
        (
            "--graph=/mnt/docker",
            "{\"data-root\": \"/elsewhere\"}",
            "mnt/docker",
        ),
        ("", "{\"graph\": \"/mnt/docker\"}", "mnt/docker"),
        ("", remap, "var/lib/docker/100000.100000"),
        (
            "--userns-remap=default --data-root=/mnt",
            "{}",
            "mnt/231072.231072",
        ),
    ] {
        let host = copied(&[state, "var/lib/docker/7.x"]).with("etc/docker/daemon.json", daemon);
        host.prepare(&told(flags)).await.expect("prepared");
        assert!(!host.path(state).join("swarm").exists(), "{flags} {daemon}");
        assert!(host.path("var/lib/docker/7.x/swarm").exists());
    }
}

#[tokio::test]
async fn a_member_is_known_by_the_state_that_its_engine_uses() {
    for (flags, state, verb) in [
        ("--data-root /mnt", "mnt", "reload"),
        (
            "--userns-remap=default",
            "var/lib/docker/100000.100000",
            "reload",
        ),
        ("--userns-remap=default", "var/lib/docker", "restart"),
        ("", "var/lib/docker/100000.100000", "restart"),
    ] {
        let host = copied(&[state]).with(OTHERS, &format!("{{\"instance_id\": \"{ID}\"}}"));
        let unit = shown(&format!("/usr/sbin/dockerd {flags}"));
        let runner = Scripted::default().says(SHOW, &unit);
        host.prepare(&runner).await.expect("prepared");
        let last = format!("systemctl {verb} --no-block docker.service");
        assert_eq!(acts(&runner).last(), Some(&last), "{flags} {state}");
    }
}
