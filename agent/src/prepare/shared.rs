//! Whether another instance of the cluster has the same `Name`: one that somebody launched by hand, in numbers
//! or one by one. Groups are not asked about: they give one name to all of their members.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::identity::{CLUSTER_TAG, InstanceIdentity};
use aws::CloudError;
use aws::fleet::Ec2;
use aws::imds::{Metadata, MetadataError, launch_index};

/// A boot does not wait longer for it.
const LIMIT: Duration = Duration::from_secs(4);
/// Metadata has the credentials of a role a moment after the launch; until then nobody can be asked.
const CREDENTIALS_LOOK: Duration = Duration::from_millis(300);

#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error(transparent)]
    Ec2(#[from] CloudError),
}

/// Whether one has. Where that cannot be known soon, not.
pub(super) async fn is_shared(
    node: &InstanceIdentity,
    metadata: &impl Metadata,
    ec2: impl FnOnce() -> Ec2,
) -> bool {
    match timeout(LIMIT, ask(node, metadata, ec2)).await {
        Ok(Ok(is_shared)) => is_shared,
        Ok(Err(error)) => {
            tracing::debug!(%error, "cannot tell whether another instance has this name: using it");
            false
        }
        Err(_) => {
            let limit = LIMIT.as_secs();
            tracing::debug!(
                limit,
                "no answer whether another instance has this name: using it"
            );
            false
        }
    }
}

async fn ask(
    node: &InstanceIdentity,
    metadata: &impl Metadata,
    ec2: impl FnOnce() -> Ec2,
) -> Result<bool, Unknown> {
    if launch_index(metadata).await?.is_some_and(|index| index > 0) {
        return Ok(true);
    }
    let names = spellings(node.name.as_deref().unwrap_or_default());
    let cluster = (CLUSTER_TAG, node.cluster.as_str());
    let ec2 = ec2();
    let ask = async || ec2.has_namesake(&node.instance_id, &names, cluster).await;
    Ok(with_credentials(ask).await?)
}

/// Asks again while there is nothing to sign with.
async fn with_credentials(
    mut ask: impl AsyncFnMut() -> Result<bool, CloudError>,
) -> Result<bool, CloudError> {
    loop {
        match ask().await {
            Err(CloudError::NoCredentials(_)) => sleep(CREDENTIALS_LOOK).await,
            answer => return answer,
        }
    }
}

/// As hosts they are one name, for EC2 they are several.
fn spellings(name: &str) -> Vec<String> {
    let (upper, lower) = (name.to_uppercase(), name.to_lowercase());
    let mut capital = lower.clone();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut spellings = vec![name.to_owned(), lower, upper, capital];
    spellings.sort();
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Index(Option<&'static str>);

    impl Metadata for Index {
        async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
            assert_eq!(path, "meta-data/ami-launch-index");
            match self.0 {
                Some("never") => std::future::pending().await,
                Some("refused") => Err(MetadataError::Refused("b".into())),
                index => Ok(index.map(str::to_owned)),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_launch_index_alone_may_tell_and_silence_holds_nothing_up() {
        let node = super::super::tests::node("i-0123456789abcdef0");
        for (index, expected) in [
            ("1", true),
            ("17\n", true),
            ("never", false),
            ("refused", false),
        ] {
            let begun = tokio::time::Instant::now();
            let never = || unreachable!("EC2 is not asked");
            let shared = is_shared(&node, &Index(Some(index)), never).await;
            assert_eq!(shared, expected, "{index}");
            assert!(begun.elapsed() <= LIMIT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_come_late_are_waited_for_and_a_refusal_is_not() {
        let none = || Err(CloudError::NoCredentials("not yet".into()));
        let mut answers = vec![Ok(true), none(), none()];
        let said = with_credentials(async || answers.pop().unwrap()).await;
        assert!(said.unwrap());
        let denied = || Err(CloudError::denied("ec2:DescribeTags", "i-1"));
        let mut answers = vec![Ok(true), denied()];
        let said = with_credentials(async || answers.pop().unwrap()).await;
        assert!(matches!(said, Err(CloudError::Denied { .. })));
    }

    #[test]
    fn spellings_are_those_that_people_use() {
        assert_eq!(spellings("web-1"), ["WEB-1", "Web-1", "web-1"]);
        assert_eq!(spellings("weB"), ["WEB", "Web", "weB", "web"]);
        assert_eq!(spellings("1-2"), ["1-2"]);
    }
}
