//! The Compose plugin: a convenience, after the engine.

use super::*;

const PLUGIN: &str = "usr/libexec/docker/cli-plugins/docker-compose";
const FIRST: &str = "systemctl start docker.service";

fn without_plugin() -> HostFiles {
    HostFiles::new()
        .without(PLUGIN)
        .with("var/lib/swarmlet/x", "")
}

#[tokio::test]
async fn nothing_is_installed_before_the_engine_starts() {
    let host = without_plugin();
    let runner = idle();
    host.prepare(&runner).await.expect("prepared");
    let lines = acts(&runner);
    assert!(
        !lines.iter().any(|line| line.contains("apt-get")),
        "{lines:?}"
    );

    let runner = Scripted::default();
    complete(&host.settings, &runner).await;
    let lines = acts(&runner);
    assert_eq!(lines[0], FIRST, "{lines:?}");
    assert!(lines[2].ends_with(" install docker-compose"), "{lines:?}");
}

#[tokio::test]
async fn there_is_one_try_an_image() {
    let host = without_plugin();
    let failing = Scripted::default().on("apt-get", 100, "E: no network");
    complete(&host.settings, &failing).await;
    assert!(acts(&failing).len() > 1);
    let again = Scripted::default();
    complete(&host.settings, &again).await;
    assert_eq!(acts(&again), [""; 0]);
}

#[tokio::test]
async fn an_engine_that_does_not_start_has_no_try() {
    let host = without_plugin();
    let failing = Scripted::default().on(FIRST, 1, "Job for docker.service failed");
    complete(&host.settings, &failing).await;
    assert_eq!(acts(&failing), [FIRST]);
    let later = Scripted::default();
    complete(&host.settings, &later).await;
    assert!(acts(&later).len() > 1, "the next boot tries");
}

#[tokio::test]
async fn it_is_left_out_where_it_is_there_or_not_wanted() {
    let mut switched_off = without_plugin();
    switched_off.settings.engine.compose = false;
    let mut named = without_plugin();
    named.settings.engine.packages = Some(vec!["docker-ce".to_owned()]);
    let mut no_packages = without_plugin();
    no_packages.settings.engine.install = false;
    for host in [HostFiles::new(), switched_off, named, no_packages] {
        let runner = Scripted::default();
        complete(&host.settings, &runner).await;
        assert_eq!(acts(&runner), [""; 0]);
    }
}
