//! The engine starts, or does not.

use serde_json::json;

use super::super::tests::{HostFiles, acts, node};
use super::*;
use host::command::scripted::Scripted;

const DAEMON: &str = "etc/docker/daemon.json";
const SHOW: &str = "systemctl show docker.service";
const JOURNAL: &str = "journalctl";
const SAID: &str = "time=\"2026-11-29T22:10:52Z\" level=info msg=\"Starting up\"\n\
                    failed to start daemon: error initializing graphdriver: driver not supported: nonsense\n";
const CAUSE: &str =
    "failed to start daemon: error initializing graphdriver: driver not supported: nonsense";

fn unit(flags: &str) -> String {
    format!(
        "ExecStart={{ path=/x ; argv[]=/usr/sbin/dockerd {flags} ; ignore_errors=no ; pid=0 }}\n"
    )
}

/// The engine's unit, and what it said when it gave up.
fn host_program() -> Scripted {
    Scripted::default()
        .says(SHOW, &unit("-H fd://"))
        .says(JOURNAL, SAID)
}

/// A host whose settings have this storage driver, readied.
async fn readied(host: &mut HostFiles, driver: &str) -> Result<(), PrepareError> {
    let key = "storage-driver".to_owned();
    host.settings.engine.daemon.insert(key, json!(driver));
    host.prepare_node(&node("i-1"), &host_program()).await
}

async fn failed_now(host: &HostFiles) -> (PrepareError, Vec<String>) {
    let runner = host_program();
    let error = failed(&host.settings, &runner).await.expect_err("told");
    (error, acts(&runner))
}

const AGAIN: [&str; 2] = [
    "systemctl reset-failed docker.socket docker.service",
    "systemctl start --no-block docker.socket docker.service",
];

#[tokio::test]
async fn the_file_comes_back_that_the_engine_started_with_last() {
    let mut host = HostFiles::new().with(DAEMON, "{\"debug\": true}");
    readied(&mut host, "overlay2").await.expect("prepared");
    started(&host.settings, &host_program())
        .await
        .expect("noted");
    let good = host.read(DAEMON);
    readied(&mut host, "nonsense").await.expect("prepared");
    assert!(host.read(DAEMON).contains("nonsense"));

    let (error, lines) = failed_now(&host).await;
    assert_eq!(
        error.to_string(),
        format!(
            "cannot start the engine with the agent's daemon.json: {CAUSE}; the earlier file is back"
        )
    );
    assert_eq!(host.read(DAEMON), good);
    assert_eq!(lines[lines.len() - 2..], AGAIN);
    started(&host.settings, &host_program())
        .await
        .expect("noted");
    let told = Trouble::read(&host.settings.runtime_dir).expect("told");
    assert!(
        told.contains("goes on with its earlier daemon.json") && told.ends_with(CAUSE),
        "{told}"
    );

    // It is not tried again, until something changes.
    let error = readied(&mut host, "nonsense").await.expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("cannot use the engine's settings: failed to"),
        "{error}"
    );
    assert!(error.is_terminal());
    assert_eq!(host.read(DAEMON), good);
    readied(&mut host, "btrfs").await.expect("prepared");
    assert!(host.read(DAEMON).contains("btrfs"));
    assert_eq!(Trouble::read(&host.settings.runtime_dir), None);
}

#[tokio::test]
async fn other_flags_or_another_engine_have_a_new_try() {
    for is_program in [true, false] {
        let mut host = HostFiles::new().with("usr/sbin/dockerd", "old");
        readied(&mut host, "nonsense").await.expect("prepared");
        failed_now(&host).await;
        readied(&mut host, "nonsense").await.expect_err("refused");
        let flags = if is_program {
            "-H fd://"
        } else {
            "-D -H fd://"
        };
        if is_program {
            host = host.with("usr/sbin/dockerd", "another");
        }
        let runner = Scripted::default().says(SHOW, &unit(flags));
        host.prepare_node(&node("i-1"), &runner)
            .await
            .expect("prepared");
        assert!(host.read(DAEMON).contains("nonsense"));
    }
}

#[tokio::test]
async fn before_its_first_start_what_was_there_comes_back() {
    for before in [Some("{\"debug\": true}"), None] {
        let mut host = HostFiles::new();
        if let Some(text) = before {
            host = host.with(DAEMON, text);
        }
        readied(&mut host, "nonsense").await.expect("prepared");
        failed_now(&host).await;
        let text = fs::read_to_string(host.path(DAEMON)).ok();
        assert_eq!(text.as_deref(), before);
    }
}

#[tokio::test]
async fn what_comes_back_names_no_other_instance() {
    let image = r#"{"labels": ["a=b", "swarmlet.instance-id=i-0"]}"#;
    let mut host = HostFiles::new().with(DAEMON, image);
    readied(&mut host, "nonsense").await.expect("prepared");
    failed_now(&host).await;
    let text = host.read(DAEMON);
    assert!(
        text.contains("swarmlet.instance-id=i-1") && text.contains("a=b"),
        "{text}"
    );
    assert!(
        !text.contains("i-0") && !text.contains("nonsense"),
        "{text}"
    );
}

#[tokio::test]
async fn an_engine_that_starts_with_neither_is_not_blamed_on_ours() {
    let mut host = HostFiles::new().with(DAEMON, "{}");
    readied(&mut host, "overlay2").await.expect("prepared");
    failed_now(&host).await;
    let (error, lines) = failed_now(&host).await;
    assert_eq!(
        error.to_string(),
        format!("cannot start the engine: {CAUSE}")
    );
    assert!(
        !lines.iter().any(|line| line.starts_with("systemctl start")),
        "{lines:?}"
    );
    // Once it can start, ours is tried again.
    readied(&mut host, "overlay2").await.expect("prepared");
    assert!(host.read(DAEMON).contains("overlay2"));
}

#[tokio::test]
async fn a_file_that_it_started_with_before_and_one_of_a_persons_stay() {
    let mut host = HostFiles::new();
    readied(&mut host, "overlay2").await.expect("prepared");
    started(&host.settings, &host_program())
        .await
        .expect("noted");
    let good = host.read(DAEMON);
    let (error, _) = failed_now(&host).await;
    assert!(matches!(error, PrepareError::EngineDown(_)), "{error}");
    assert_eq!(host.read(DAEMON), good);

    let host = host.with(DAEMON, "{\"data-rot\": \"/\"}");
    let (error, _) = failed_now(&host).await;
    assert!(matches!(error, PrepareError::EngineDown(_)), "{error}");
    assert_eq!(host.read(DAEMON), "{\"data-rot\": \"/\"}");
    let told = Trouble::read(&host.settings.runtime_dir).expect("told");
    assert_eq!(told, format!("its last start failed: {CAUSE}"));
}

#[tokio::test]
async fn flags_that_came_since_have_the_file_settled_anew() {
    let mut host = HostFiles::new();
    readied(&mut host, "overlay2").await.expect("prepared");
    started(&host.settings, &host_program())
        .await
        .expect("noted");
    for flag in ["--label a=b", "--log-driver=journald", "-s overlay2"] {
        let runner = Scripted::default()
            .says(SHOW, &unit(flag))
            .says(JOURNAL, SAID);
        failed(&host.settings, &runner)
            .await
            .expect("left to prepare");
        let last = "systemctl restart --no-block swarmlet-prepare.service".to_owned();
        assert_eq!(acts(&runner).last(), Some(&last), "{flag}");
    }
}

#[tokio::test]
async fn what_the_engine_refuses_at_once_is_not_written() {
    let words = "unable to configure the Docker daemon with file /x: the following directives don't match any \
                 configuration option: data-rot";
    for (complaint, is_refused) in [
        (words, true),
        ("unknown flag: --validate\nSee 'dockerd --help'.", false),
    ] {
        let host = HostFiles::new();
        let runner = host_program().on(
            "/usr/sbin/dockerd --validate -Hfd:// --config-file=",
            1,
            complaint,
        );
        let done = host.prepare_node(&node("i-1"), &runner).await;
        assert_eq!(done.is_err(), is_refused, "{done:?}");
        assert_eq!(host.path(DAEMON).exists(), !is_refused);
        assert!(!host.path("var/lib/swarmlet/daemon-tried.json").exists());
        if let Err(error) = done {
            assert!(
                error.to_string().contains("data-rot; mend engine.daemon"),
                "{error}"
            );
            let start = "systemctl is-active docker.service".to_owned();
            assert!(
                acts(&runner).contains(&start),
                "the engine is started all the same"
            );
        }
    }
}

#[test]
fn the_last_words_tell_most() {
    for (journal, expected) in [
        (SAID, CAUSE),
        ("", "it says nothing; `systemctl status docker` may"),
        ("a\nb\n", "b"),
        (
            "time=\"t\" level=fatal msg=\"Error starting cluster component\"\nbye\n",
            "Error starting cluster component",
        ),
        (
            "panic: tocommit(7) is out of range\n\ngoroutine 1 [running]:\nmain.go:1\n",
            "panic: tocommit(7) is out of range",
        ),
    ] {
        assert_eq!(last_words(journal), expected);
    }
}
