use std::cell::RefCell;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::config::Flags;
use host::command::scripted::Scripted;

const ID: &str = "i-0123456789abcdef0";

fn tags() -> IdentifyError {
    IdentifyError::NoTags(ID.into())
}

#[test]
fn what_is_waited_for_is_said_once_and_left_for_the_agent_until_the_host_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let said = RefCell::new(Vec::new());
    let say = |text: &str| said.borrow_mut().push(text.to_owned());
    let note = || Note::read(folder.path(), note::PREPARE);
    let mut waiting = Waiting::new(say, folder.path().to_owned());
    let (tags, role) = (tags(), IdentifyError::NoRole(ID.into()));
    waiting.found();
    assert_eq!(note(), None, "nothing was waited for");
    for why in [&tags, &tags, &role, &role, &tags] {
        waiting.waits(why);
        assert_eq!(note(), Some(why.waiting()));
    }
    assert_eq!(*said.borrow(), [tags.waiting(), role.waiting()]);
    waiting.found();
    assert!(note().unwrap().starts_with("readying this host"));
    waiting.over();
    assert_eq!(note(), None);
}

/// A host whose disk says that it was the instance `member`, in a swarm.
fn host(member: &str) -> (TempDir, Settings) {
    let root = TempDir::new().unwrap();
    let flags = Flags {
        root: Some(root.path().to_owned()),
        ..Flags::default()
    };
    let settings = Settings::load(&flags).unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("var/lib/docker/swarm/certificates/swarm-node.crt", "x");
    let membership = format!("{{\"instance_id\": \"{member}\"}}");
    put("var/lib/swarmlet/membership.json", &membership);
    (root, settings)
}

fn has_swarm(root: &Path) -> bool {
    root.join("var/lib/docker/swarm").exists()
}

/// Waits for so long; whether the boot went on.
async fn goes_on(settings: &Settings, why: Option<&IdentifyError>, time: Duration) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut waiting = Waiting::new(|_: &str| {}, folder.path().to_owned());
    let (notify, watched) = (Notify::default(), waiting.watched());
    if let Some(why) = why {
        waiting.waits(why);
    }
    let runner = Scripted::default();
    let let_go = let_go(settings, &runner, &notify, watched);
    timeout(time, let_go).await.unwrap_err();
    notify.is_ready()
}

#[tokio::test(start_paused = true)]
async fn a_boot_is_held_up_for_a_while_and_then_goes_on() {
    let (root, settings) = host("");
    let (before, after) = (HOLD.mul_f64(0.9), HOLD.mul_f64(1.1));
    let unread = IdentifyError::Fact(aws::imds::FactError::NotShown("x"));
    for why in [&tags(), &unread] {
        assert!(!goes_on(&settings, Some(why), before).await, "{why}");
        assert!(goes_on(&settings, Some(why), after).await, "{why}");
    }
    assert!(!goes_on(&settings, None, after).await, "it does not wait");
    drop(root);
}

#[tokio::test(start_paused = true)]
async fn a_members_engine_is_not_held_up_and_a_copys_loses_its_swarm_first() {
    let (root, settings) = host(ID);
    let soon = Duration::from_millis(1);
    assert!(goes_on(&settings, Some(&tags()), soon).await);
    assert!(has_swarm(root.path()), "it is its own");

    let (root, settings) = host("i-other");
    assert!(!goes_on(&settings, Some(&tags()), soon).await);
    assert!(has_swarm(root.path()));
    assert!(goes_on(&settings, Some(&tags()), HOLD * 2).await);
    assert!(!has_swarm(root.path()), "it was another's");
}
