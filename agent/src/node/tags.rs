//! The instance's tags, as its metadata shows them.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{CLUSTER_TAG, GROUP_TAG, LABEL_TAG_PREFIX, ROLE_TAG};
use aws::imds::{Metadata, MetadataError};

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

const LIST: &str = "meta-data/tags/instance";

/// The tags that metadata shows; `None` where it shows none at all: tags in metadata are off, which is the
/// default, or the instance has no tag.
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
    [ROLE_TAG, CLUSTER_TAG, "Name", GROUP_TAG].contains(&key) || key.starts_with(LABEL_TAG_PREFIX)
}
