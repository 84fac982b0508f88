use super::*;
use crate::prepare::tests::HostFiles;
use host::command::scripted::Scripted;

const RESTART: &str = "systemctl restart docker.service";
const RAFT: &str = "var/lib/docker/swarm/raft/wal";
const CERTIFICATE: &str = "var/lib/docker/swarm/certificates/swarm-node.crt";

/// A member's host, whose agent asks.
fn host() -> HostFiles {
    let host = HostFiles::new()
        .with(RAFT, "log")
        .with(CERTIFICATE, "certificate");
    host.with("run/swarmlet/clear-swarm", "")
}

fn has_state(host: &HostFiles) -> bool {
    host.path(RAFT).exists()
}

fn aside(host: &HostFiles) -> PathBuf {
    host.path("var/lib/docker/swarm.aside")
}

/// A start of the engine that ends so.
fn starts(runner: Scripted, ends: i32) -> Scripted {
    runner.on(RESTART, ends, "the control process exited")
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_starts_keeps_its_state() {
    let host = host();
    clear_swarm(&host.settings, &Scripted::default())
        .await
        .unwrap();
    assert!(has_state(&host) && !aside(&host).exists());
    assert!(!host.path("run/swarmlet/clear-swarm").exists());
}

#[tokio::test(start_paused = true)]
async fn a_state_that_keeps_the_engine_from_starting_is_removed() {
    let host = host();
    let runner = starts(starts(Scripted::default(), 1), 0);
    clear_swarm(&host.settings, &runner).await.unwrap();
    assert!(!has_state(&host) && !aside(&host).exists());
}

/// It starts, and ends some seconds later, when the leader has spoken to it.
#[tokio::test(start_paused = true)]
async fn an_engine_that_ends_soon_after_its_start_does_not_start() {
    let host = host();
    let show = "systemctl show";
    let runner = Scripted::default()
        .says(show, "one\n")
        .says(show, "two\n")
        .says(show, "three\n");
    clear_swarm(&host.settings, &runner).await.unwrap();
    assert!(!has_state(&host));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_not_at_fault_is_put_back() {
    let host = host();
    let runner = starts(Scripted::default(), 1);
    let error = clear_swarm(&host.settings, &runner).await.unwrap_err();
    assert!(has_state(&host) && !aside(&host).exists());
    let text = error.to_string();
    assert!(text.starts_with("cannot start docker.service: "), "{text}");
    let last = runner.lines().pop().unwrap();
    assert_eq!(last, "systemctl start --no-block docker.service");
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_without_a_request() {
    let host = HostFiles::new().with(RAFT, "log");
    let runner = Scripted::default();
    clear_swarm(&host.settings, &runner).await.unwrap();
    assert!(has_state(&host) && runner.lines().is_empty());
}

async fn cut_short(host: &HostFiles, runner: &Scripted) {
    let folders = Folders::look(&host.settings, runner).await.unwrap();
    finish(&folders, runner).await.unwrap();
}

/// The power failed while the state was aside.
#[tokio::test(start_paused = true)]
async fn what_was_cut_short_is_undone_at_the_next_boot() {
    let stopped = || Scripted::default().on("systemctl is-active", 3, "");
    let host = host();
    fs::rename(host.path("var/lib/docker/swarm"), aside(&host)).unwrap();
    let host = host.with("var/lib/docker/swarm/state.json", "{}");
    cut_short(&host, &Scripted::default()).await;
    assert!(aside(&host).exists(), "not under an engine that runs");
    cut_short(&host, &stopped()).await;
    assert!(has_state(&host) && !aside(&host).exists());

    let host = host.with("var/lib/docker/swarm.aside/raft/wal", "old");
    cut_short(&host, &stopped()).await;
    assert_eq!(host.read(RAFT), "log", "it has joined since");
    assert!(!aside(&host).exists());
}
