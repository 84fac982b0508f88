//! Both drivers, held to their exact arguments.

use super::*;
use host::command::scripted::Scripted;

const UPDATE: &str = "apt-get --quiet -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update";
const APT: &str = "apt-get --quiet --yes --no-install-recommends --no-remove -o Acquire::Retries=3 \
                   -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \
                   -o Dpkg::Options::=--force-confold install docker.io docker-cli";
const CONFIGURE: &str = "dpkg --force-confdef --force-confold --configure -a";
const DNF: &str = "dnf --assumeyes --setopt=install_weak_deps=False --setopt=retries=3 --setopt=timeout=30 \
                   --refresh --setopt=*.skip_if_unavailable=False install docker.io docker-cli";
const DNF_REACHABLE: &str = "dnf --assumeyes --setopt=install_weak_deps=False --setopt=retries=3 --setopt=timeout=30 \
                             --setopt=*.skip_if_unavailable=True install docker.io docker-cli";
const UNREACHABLE: &str = "Errors during downloading metadata for repository 'amazonlinux':\n  - Curl error (7)\n\
                           Error: Failed to download metadata for repo 'amazonlinux'";
const NO_MATCH: &str = "Error: Unable to find a match: docker-cli";
const LOCKED: &str =
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 411 (apt-get)";

fn packages() -> Vec<String> {
    ["docker.io", "docker-cli"].map(str::to_owned).to_vec()
}

async fn run(family: Family, host: &Scripted) -> Result<(), InstallError> {
    install(family, host, &packages(), Duration::from_mins(1)).await
}

#[tokio::test(start_paused = true)]
async fn each_driver_runs_its_exact_commands() {
    let cases: [(Family, Scripted, &[&str]); 7] = [
        (Family::Apt, Scripted::default(), &[UPDATE, APT]),
        (Family::Dnf, Scripted::default(), &[DNF]),
        (
            Family::Apt,
            Scripted::default()
                .on("apt-get --quiet -o", 100, LOCKED)
                .on("apt-get --quiet --yes", 100, LOCKED)
                .on("apt-get --quiet --yes", 0, ""),
            &[UPDATE, APT, UPDATE, APT],
        ),
        (
            Family::Apt,
            Scripted::default().on("apt-get --quiet -o", 100, "E: one mirror is down"),
            &[UPDATE, APT],
        ),
        (
            Family::Apt,
            Scripted::default()
                .on(
                    "apt-get --quiet --yes",
                    100,
                    "E: dpkg was interrupted, you must manually run 'dpkg'",
                )
                .on("apt-get --quiet --yes", 0, ""),
            &[UPDATE, APT, CONFIGURE, UPDATE, APT],
        ),
        (
            Family::Dnf,
            Scripted::default().on(DNF, 1, UNREACHABLE),
            &[DNF, DNF_REACHABLE],
        ),
        (
            Family::Dnf,
            Scripted::default()
                .on(DNF, 1, UNREACHABLE)
                .on(DNF, 0, "")
                .on(DNF_REACHABLE, 1, NO_MATCH),
            &[DNF, DNF_REACHABLE, DNF],
        ),
    ];
    for (family, host, lines) in cases {
        assert_eq!(run(family, &host).await, Ok(()), "{lines:?}");
        assert_eq!(host.lines(), lines);
    }
}

#[tokio::test]
async fn nothing_asks_questions() {
    let host = Scripted::default();
    run(Family::Apt, &host).await.expect("installed");
    for command in host.ran.borrow().iter() {
        assert!(
            command.env.contains(&("DEBIAN_FRONTEND", "noninteractive")),
            "{command:?}"
        );
        assert!(command.env.contains(&("LC_ALL", "C.UTF-8")), "{command:?}");
        assert_eq!(command.limit, RUN_LIMIT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_package_that_does_not_exist_is_terminal_at_once() {
    for (family, command, stderr) in [
        (
            Family::Apt,
            "apt-get --quiet --yes",
            "E: Unable to locate package docker-cli",
        ),
        (
            Family::Apt,
            "apt-get --quiet --yes",
            "E: Package 'docker-cli' has no installation candidate",
        ),
        (Family::Dnf, "dnf", NO_MATCH),
    ] {
        let begun = Instant::now();
        let error = run(family, &Scripted::default().on(command, 100, stderr))
            .await
            .expect_err(stderr);
        let expected = format!(
            "cannot install docker.io docker-cli: {stderr}; add the repository that has them to the image, or name \
             other packages in engine.packages"
        );
        assert_eq!(error.to_string(), expected);
        assert!(error.is_terminal());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_package_missing_from_stale_lists_is_looked_for_again() {
    let missing = "E: Unable to locate package docker-cli";
    let host = Scripted::default()
        .on("apt-get --quiet -o", 100, "E: Failed to fetch")
        .on("apt-get --quiet -o", 0, "")
        .on("apt-get --quiet --yes", 100, missing)
        .on("apt-get --quiet --yes", 0, "");
    assert_eq!(run(Family::Apt, &host).await, Ok(()));
    assert_eq!(host.lines().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_cannot_be_reached_is_named_not_the_package() {
    let host = Scripted::default()
        .on(DNF, 1, UNREACHABLE)
        .on(DNF_REACHABLE, 1, NO_MATCH);
    let error = run(Family::Dnf, &host).await.expect_err("unreachable");
    assert!(!error.is_terminal());
    let message = error.to_string();
    assert!(
        message.contains("for repository 'amazonlinux':; - Curl error (7); Error:"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_the_last_cause_is_told() {
    let begun = Instant::now();
    let error = run(
        Family::Apt,
        &Scripted::default().on("apt-get --quiet --yes", 100, LOCKED),
    )
    .await;
    let waited = begun.elapsed();
    assert!(
        waited >= Duration::from_secs(25) && waited <= Duration::from_mins(1),
        "{waited:?}"
    );
    let error = error.expect_err("locked for ever");
    let message = error.to_string();
    assert!(
        message.starts_with(&format!(
            "cannot install docker.io docker-cli: {LOCKED} (tried for "
        )),
        "{message}"
    );
    assert!(!error.is_terminal());
}

#[tokio::test(start_paused = true)]
async fn a_package_manager_that_cannot_be_run_is_tried_again_and_named() {
    let packages = packages();
    let error = persist(&packages, Duration::from_secs(10), async || {
        Err(Failure::Passing("cannot run apt-get: gone".to_owned()))
    });
    let error = error.await.expect_err("gone");
    assert!(
        error.to_string().contains("cannot run apt-get: gone"),
        "{error}"
    );
}

#[test]
fn engine_and_plugin_are_found_wherever_distributions_put_them() {
    for (paths, found) in [
        (ENGINES, has_engine as fn(&Path) -> bool),
        (PLUGINS, has_compose),
    ] {
        for path in paths {
            let root = tempfile::tempdir().expect("a folder");
            assert!(!found(root.path()));
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, "").expect("a file");
            assert!(found(root.path()), "{}", path.display());
        }
    }
}

#[test]
fn errors_say_what_to_do() {
    let unknown = InstallError::UnknownDistribution("Slackware 15".to_owned());
    assert_eq!(
        unknown.to_string(),
        "cannot install Docker: no package of Slackware 15 is known to have it; install it in the image, or name the \
         packages in engine.packages"
    );
    assert!(
        InstallError::SwitchedOff
            .to_string()
            .ends_with("or set engine.install = true")
    );
    assert!(unknown.is_terminal() && InstallError::SwitchedOff.is_terminal());
}
