//! The instance's tags: from its metadata, else from EC2.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::sleep;

use super::{CLUSTER_TAG, IdentifyError, LABEL_TAG_PREFIX, ROLE_TAG};
use crate::cloud::CloudError;
use crate::cloud::fleet::Fleet;
use crate::cloud::imds::{Metadata, MetadataError};
use crate::config::Settings;
use crate::retry::Gaps;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

const LIST: &str = "meta-data/tags/instance";
/// EC2 may answer a young instance without its tags: looks before that is believed.
const LOOKS: usize = 5;
const FIRST_GAP: Duration = Duration::from_secs(1);
const LONGEST_GAP: Duration = Duration::from_secs(8);

/// The tags that metadata shows; `None` where it shows none at all, which is the default.
pub(super) async fn shown(metadata: &impl Metadata) -> Result<Option<Tags>, MetadataError> {
    let Some(keys) = metadata.get(LIST).await? else {
        return Ok(None);
    };
    let wanted = keys.lines().map(str::trim).filter(|key| is_of_use(key));
    let found = try_join_all(wanted.map(|key| value(metadata, key))).await?;
    Ok(Some(found.into_iter().flatten().collect()))
}

async fn value(
    metadata: &impl Metadata,
    key: &str,
) -> Result<Option<(String, String)>, MetadataError> {
    let value = metadata.get(&format!("{LIST}/{key}")).await?;
    Ok(value.map(|value| (key.to_owned(), value)))
}

fn is_of_use(key: &str) -> bool {
    [ROLE_TAG, CLUSTER_TAG, "Name", "aws:autoscaling:groupName"].contains(&key)
        || key.starts_with(LABEL_TAG_PREFIX)
}

/// The tags by EC2's word. Where that cannot be had, but settings say who the node is, none.
pub(super) async fn asked(
    fleet: &impl Fleet,
    instance_id: &str,
    settings: &Settings,
) -> Result<Tags, IdentifyError> {
    match patiently(fleet, instance_id, settings).await {
        Ok(tags) => Ok(tags),
        Err(cause) if is_known(&Tags::new(), settings) => {
            tracing::warn!(%cause, "tags cannot be read: role and cluster are taken from settings");
            Ok(Tags::new())
        }
        Err(cause) => Err(explain(instance_id, cause)),
    }
}

async fn patiently(
    fleet: &impl Fleet,
    instance_id: &str,
    settings: &Settings,
) -> Result<Tags, CloudError> {
    let mut gaps = Gaps::new(FIRST_GAP, LONGEST_GAP);
    for _ in 1..LOOKS {
        let tags = fleet.tags(instance_id).await?;
        if is_known(&tags, settings) {
            return Ok(tags);
        }
        sleep(gaps.next_gap()).await;
    }
    fleet.tags(instance_id).await
}

/// Whether role and cluster are given, rightly or wrongly.
fn is_known(tags: &Tags, settings: &Settings) -> bool {
    let node = &settings.node;
    let role = tags.contains_key(ROLE_TAG) || node.role.or(node.forced.role).is_some();
    let cluster = node.cluster.is_some() || node.forced.cluster.is_some();
    role && (cluster || tags.contains_key(CLUSTER_TAG))
}

fn explain(instance_id: &str, cause: CloudError) -> IdentifyError {
    let instance_id = instance_id.to_owned();
    match cause {
        CloudError::Denied { .. } | CloudError::NoCredentials(_) => {
            IdentifyError::TagsHidden { instance_id, cause }
        }
        CloudError::Throttled { .. } | CloudError::Failed { .. } => {
            IdentifyError::TagsUnanswered { instance_id, cause }
        }
    }
}
