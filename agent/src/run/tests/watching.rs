//! The watch over instance metadata.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tempfile::TempDir;

use crate::run::notices::Watch;
use aws::imds::{Metadata, MetadataError};
use host::state_folder::StateFolder;
use protocol::departure::Request;
use protocol::departure::latch::Heard;
use protocol::departure::notice::Target;

const TARGET: &str = "meta-data/autoscaling/target-lifecycle-state";
const SPOT: &str = "meta-data/spot/instance-action";

const REBALANCE: &str = "meta-data/events/recommendations/rebalance";
const MAINTENANCE: &str = "meta-data/events/maintenance/scheduled";

#[derive(Clone, Default)]
struct Says(Rc<RefCell<BTreeMap<&'static str, Option<&'static str>>>>);

impl Says {
    fn at(&self, path: &'static str, text: Option<&'static str>) {
        self.0.borrow_mut().insert(path, text);
    }
}

impl Metadata for Says {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        match self.0.borrow().get(path) {
            Some(text) => Ok(text.map(str::to_owned)),
            None => Err(MetadataError::Unexpected {
                path: path.into(),
                base: "here".into(),
                cause: "it answers 503".into(),
            }),
        }
    }
}

/// The watch of an instance, with its memory.
struct Watching(Watch<Says>, StateFolder);

fn watching(says: &Says, folder: &TempDir, instance_id: &str) -> Watching {
    let memory = StateFolder::new(folder.path(), instance_id);
    Watching(Watch::new(says.clone()), memory)
}

impl Watching {
    async fn look(&mut self) -> Heard {
        self.0.ask().await;
        self.0.heard(&self.1)
    }
}

/// aws-node-termination-handler #916: metadata that answers 503 now and then.
#[tokio::test]
async fn an_answer_that_does_not_come_is_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let says = Says::default();
    let mut watch = watching(&says, &folder, "i-1");
    assert_eq!(
        watch.look().await.notices,
        protocol::departure::notice::Notices::default()
    );
    says.at(TARGET, Some("Terminated"));
    assert_eq!(watch.look().await.notices.target, Some(Target::Terminated));
    says.0.borrow_mut().clear();
    assert_eq!(watch.look().await.notices.target, Some(Target::Terminated));
    says.at(TARGET, None);
    assert_eq!(watch.look().await.notices.target, Some(Target::None));
}

#[tokio::test]
async fn a_notice_that_cannot_be_read_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let says = Says::default();
    let mut watch = watching(&says, &folder, "i-1");
    says.at(SPOT, Some("<html>"));
    says.at(TARGET, Some("InService"));
    let seen = watch.look().await.notices;
    assert_eq!((seen.spot, seen.target), (None, Some(Target::InService)));
}

#[tokio::test]
async fn what_comes_many_minutes_ahead_is_asked_for_once_a_minute() {
    const NOTICE: &str = r#"{"noticeTime": "2026-01-02T03:04:05Z"}"#;
    let folder = tempfile::tempdir().unwrap();
    let says = Says::default();
    let mut watch = watching(&says, &folder, "i-1");
    let mut look = async |what| (what, watch.look().await.notices.rebalance);
    says.at(REBALANCE, None);
    says.at(MAINTENANCE, None);
    assert_eq!(look("not while the node starts").await.1, None);
    says.0.borrow_mut().clear();
    assert_eq!(look("it is silent").await.1, None);
    says.at(REBALANCE, None);
    says.at(MAINTENANCE, None);
    let answered = look("it is asked again at once").await;
    assert_eq!(answered.1, Some(false), "{}", answered.0);
    says.at(REBALANCE, Some(NOTICE));
    for _ in 1..12 {
        assert_eq!(look("not within a minute").await.1, Some(false));
    }
    assert_eq!(look("after a minute").await.1, Some(true));
}

#[tokio::test]
async fn a_request_is_this_instances_only_and_damage_is_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let memory = StateFolder::new(folder.path(), "i-1");
    let mut watch = watching(&Says::default(), &folder, "i-1");
    let mut clones = watching(&Says::default(), &folder, "i-2");
    memory.ask(&Request::Leave).unwrap();
    assert_eq!(watch.look().await.request, Some(Some(Request::Leave)));
    assert_eq!(clones.look().await.request, Some(None));
    std::fs::write(folder.path().join("request.json"), "{").unwrap();
    assert_eq!(watch.look().await.request, Some(Some(Request::Leave)));
}
