//! The instance's tags, where its metadata shows them.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{Metadata, MetadataError};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

const LIST: &str = "meta-data/tags/instance";

/// Those tags that metadata shows and whose key is wanted, asked for side by side; `None` where it shows none at all:
/// tags in metadata are off, which is the default, or the instance has no tag.
///
/// # Errors
/// Metadata does not answer.
pub async fn tags(
    metadata: &impl Metadata,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Option<Tags>, MetadataError> {
    let Some(keys) = metadata.get(LIST).await? else {
        return Ok(None);
    };
    let wanted = keys.lines().map(str::trim).filter(|key| is_wanted(key));
    let found = try_join_all(wanted.map(|key| value(metadata, key))).await?;
    Ok(Some(found.into_iter().flatten().collect()))
}

/// Whether metadata shows any tag.
///
/// # Errors
/// Metadata does not answer.
pub async fn shows_tags(metadata: &impl Metadata) -> Result<bool, MetadataError> {
    Ok(metadata.get(LIST).await?.is_some())
}

async fn value(
    metadata: &impl Metadata,
    key: &str,
) -> Result<Option<(String, String)>, MetadataError> {
    let value = metadata.get(&format!("{LIST}/{key}")).await?;
    Ok(value.map(|value| (key.to_owned(), value)))
}
