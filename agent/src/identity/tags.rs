//! Which of the instance's tags are of use, as its metadata shows them.

use super::{CLUSTER_TAG, GROUP_TAG, KMS_KEY_TAG, LABEL_TAG_PREFIX, ROLE_TAG};
use aws::imds::{Metadata, MetadataError, Tags, tags};

/// Those that metadata shows; `None` where it shows none at all.
pub(super) async fn shown(metadata: &impl Metadata) -> Result<Option<Tags>, MetadataError> {
    tags(metadata, is_of_use).await
}

fn is_of_use(key: &str) -> bool {
    let known = [ROLE_TAG, CLUSTER_TAG, KMS_KEY_TAG, "Name", GROUP_TAG];
    known.contains(&key) || key.starts_with(LABEL_TAG_PREFIX)
}
