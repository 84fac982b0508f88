//! The command by its exact arguments, and what it leaves behind.

use std::os::unix::fs::PermissionsExt;

use super::*;
use host::command::CommandError;
use host::command::scripted::Scripted;

const HELP: &str = "Usage:  docker stack config [OPTIONS]\n";
const DETACH: &str = "  -d, --detach    Exit immediately\n";

fn cli<R: Runner>(folder: &Path, runner: R) -> Cli<R> {
    let socket = folder.join("docker.sock");
    let place = Place {
        socket: socket.clone(),
        own: folder.join("docker"),
        files: folder.to_owned(),
        variables: vec![("SWARMLET_CLUSTER", "c".to_owned())],
    };
    Cli::new(Docker::new(&socket, folder), place, runner)
}

fn new_docker() -> Scripted {
    Scripted::default()
        .says("/usr/bin/docker stack config --help", HELP)
        .says("/usr/bin/docker stack deploy --help", DETACH)
}

fn of<'a>(file: &'a str, credentials: &'a [Credential]) -> Deployment<'a> {
    Deployment {
        name: "web",
        file,
        overlay: None,
        credentials,
        resolve: protocol::stacks::ResolveImage::Changed,
        services: 8,
    }
}

#[tokio::test]
async fn a_deployment_has_these_arguments_and_this_environment() {
    let folder = tempfile::tempdir().unwrap();
    let warning = "image x could not be accessed on a registry to record\nits digest.\n";
    let runner = new_docker().on("/usr/bin/docker stack deploy --with", 0, warning);
    let cli = cli(folder.path(), runner);
    let warned = cli.deploy(&of("services: {}", &[])).await.unwrap();
    assert_eq!(warned.len(), 1);
    cli.deploy(&of("services: {}", &[])).await.unwrap();
    let lines = cli.runner.lines();
    let expected = "/usr/bin/docker stack deploy --with-registry-auth --prune --resolve-image=changed --detach=true -c - web";
    assert_eq!(
        lines[2..],
        [expected, expected],
        "helps are asked once: {lines:?}"
    );
    let ran = cli.runner.ran.borrow();
    let limit = Duration::from_mins(10);
    assert_eq!(
        ran[2].limit, limit,
        "a minute for each of its services, and two"
    );
    let around = ran[2].surroundings.as_ref().unwrap();
    assert_eq!(around.input, "services: {}");
    let names: Vec<&str> = around.env.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "SWARMLET_CLUSTER",
            "PATH",
            "HOME",
            "DOCKER_CONFIG",
            "DOCKER_HOST"
        ]
    );
}

#[tokio::test]
async fn names_come_in_a_second_file_that_goes_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let cli = cli(folder.path(), new_docker());
    let deployment = Deployment {
        overlay: Some("{}"),
        resolve: protocol::stacks::ResolveImage::Never,
        ..of("services: {}", &[])
    };
    cli.deploy(&deployment).await.unwrap();
    let names = folder.path().join("docker/names.json");
    let line = cli.runner.lines().pop().unwrap();
    let expected = format!(
        "--resolve-image=never --detach=true -c - -c {} web",
        names.display()
    );
    assert!(line.ends_with(&expected), "{line}");
    assert!(!names.exists());
}

#[test]
fn what_docker_leaves_out_is_warned_of() {
    let said = "Ignoring unsupported options: build, restart\n\nUpdating service web_app\n\
                image x could not be accessed on a registry to record\nits digest.\n";
    assert_eq!(warnings(said).len(), 2);
}

#[tokio::test]
async fn an_older_command_is_asked_for_no_more_than_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let cli = cli(folder.path(), Scripted::default());
    assert!(cli.needs_version().await.unwrap());
    assert_eq!(cli.resolve("services: {}").await.unwrap(), None);
    cli.deploy(&of("x", &[])).await.unwrap();
    let lines = cli.runner.lines();
    assert!(
        !lines.iter().any(|line| line.contains("config -c")),
        "{lines:?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("--detach")),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_meets_the_swarms_own_update_is_tried_again() {
    const DEPLOY: &str = "/usr/bin/docker stack deploy --with";
    let met = "failed to update service web_idle: rpc error: code = Unknown desc = update out of sequence";
    let folder = tempfile::tempdir().unwrap();
    let runner = new_docker().on(DEPLOY, 1, met).on(DEPLOY, 0, "");
    let met_once = cli(folder.path(), runner);
    met_once.deploy(&of("services: {}", &[])).await.unwrap();
    for (complaint, tries) in [(met, 4), ("no such image", 1)] {
        let always = cli(folder.path(), new_docker().on(DEPLOY, 1, complaint));
        let error = always.deploy(&of("services: {}", &[])).await.unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert_eq!(always.runner.lines().len(), 2 + tries, "{complaint}");
    }
}

#[tokio::test]
async fn a_mistake_is_told_in_dockers_words() {
    let folder = tempfile::tempdir().unwrap();
    let runner = new_docker().on("/usr/bin/docker stack config -c", 1, "yaml: line 3: no\n");
    let error = cli(folder.path(), runner).resolve("x").await.unwrap_err();
    assert_eq!(error.to_string(), "the file is not valid: yaml: line 3: no");
}

/// Looks at the file that the command would read.
struct Looking(std::cell::RefCell<Vec<(String, u32, u32)>>);

impl Runner for Looking {
    async fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let around = command.surroundings.as_ref().unwrap();
        let config = around.env.iter().find(|(name, _)| *name == "DOCKER_CONFIG");
        let folder = Path::new(&config.unwrap().1);
        if let Ok(text) = std::fs::read_to_string(folder.join("config.json")) {
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            let modes = (mode(folder), mode(&folder.join("config.json")));
            self.0.borrow_mut().push((text, modes.0, modes.1));
        }
        assert!(!command.line().contains("s3cret"));
        Ok(Output {
            code: Some(1),
            ..Output::default()
        })
    }
}

#[tokio::test]
async fn passwords_are_the_owners_alone_and_gone_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let cli = cli(folder.path(), Looking(std::cell::RefCell::default()));
    let secret = Secret::Password {
        user: "u".into(),
        password: "s3cret".into(),
    };
    let credentials = [
        Credential {
            host: HUB.into(),
            secret,
        },
        Credential {
            host: "1.dkr.ecr".into(),
            secret: Secret::Encoded("QVdT".into()),
        },
    ];
    cli.deploy(&of("x", &credentials)).await.unwrap_err();
    let seen = cli.runner.0.borrow();
    let [(text, 0o700, 0o600)] = &seen[..] else {
        panic!("{seen:?}");
    };
    let config: Value = serde_json::from_str(text).unwrap();
    assert_eq!(config["auths"][HUB_SERVER]["password"], "s3cret");
    assert_eq!(config["auths"]["1.dkr.ecr"]["auth"], "QVdT");
    assert!(!folder.path().join("docker/config.json").exists());
}
