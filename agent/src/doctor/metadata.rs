//! Instance metadata, tags, and who this node is by them.

use ipnet::Ipv4Net;

use super::{Finding, Grade};
use crate::config::Settings;
use crate::identity::{self, IdentifyError, InstanceIdentity};
use aws::Aws;
use aws::fleet::Ec2;
use aws::imds::{FactError, Imds, MetadataError, shows_tags};

const CONCERN: &str = "metadata";
const SWITCH: &str =
    "set \"Allow tags in metadata\" (InstanceMetadataTags=enabled) in the launch template";

/// What metadata says.
pub(super) struct Facts {
    /// Where it was asked.
    pub(super) base: String,
    /// Whether it shows tags.
    pub(super) tags: Result<bool, MetadataError>,
    /// Who this node is.
    pub(super) node: Result<InstanceIdentity, IdentifyError>,
    /// The VPC's address blocks, if known.
    pub(super) vpc_cidrs: Option<Vec<Ipv4Net>>,
    /// AWS, if the region is known.
    pub(super) aws: Option<Aws>,
}

/// Each value is asked for once: who waits for metadata is the agent.
pub(super) async fn gather(settings: &Settings) -> Facts {
    let metadata = &settings.metadata;
    let imds = Imds::new(metadata.base(), metadata.request_timeout, metadata.budget).once();
    let tags = shows_tags(&imds).await;
    let (node, aws) = match identity::region(&imds, settings).await {
        Ok(region) => {
            let aws = Aws::new(&imds, &region, &settings.aws.client);
            (
                identity::look(&imds, |_| Ec2::new(&aws), settings).await,
                Some(aws),
            )
        }
        Err(error) => (Err(error), None),
    };
    Facts {
        base: metadata.base().to_owned(),
        tags,
        node,
        vpc_cidrs: identity::vpc_cidrs(&imds).await.ok(),
        aws,
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let reached = match &facts.tags {
        Ok(_) => Finding::new(CONCERN, "IMDS", Grade::Ok, format!("answers at {}", facts.base)),
        Err(error @ MetadataError::Refused(_)) => {
            Finding::new(CONCERN, "IMDS", Grade::Fail, error.to_string())
        }
        Err(error) => Finding::new(CONCERN, "IMDS", Grade::Fail, error.to_string()).advise(
            "look whether this is an EC2 instance, whether something here filters 169.254.169.254, and \
             whether the hop limit is 1 or more",
        ),
    };
    vec![reached, tags(facts), identity(facts)]
}

fn tags(facts: &Facts) -> Finding {
    let found = |grade, seen: &str| Finding::new(CONCERN, "tags", grade, seen);
    match (&facts.tags, &facts.node) {
        (Ok(true), _) => found(Grade::Ok, "metadata shows the instance's tags"),
        (Ok(false), Err(error @ IdentifyError::TagsHidden { .. })) => {
            // The message says what to do.
            found(Grade::Fail, &error.to_string())
        }
        (Ok(false), Err(error @ IdentifyError::TagsUnanswered { .. })) => {
            found(Grade::Fail, &error.to_string()).advise(SWITCH)
        }
        (Ok(false), _) => {
            let seen =
                "metadata shows no tags: EC2 was asked, or the settings say who this node is";
            found(Grade::Warn, seen).advise(SWITCH)
        }
        (Err(_), _) => found(Grade::Skipped, "metadata does not answer"),
    }
}

fn identity(facts: &Facts) -> Finding {
    let found = |grade, seen: String| Finding::new(CONCERN, "role and cluster", grade, seen);
    match &facts.node {
        Ok(node) => {
            let group = node
                .group
                .as_ref()
                .map(|group| format!(", of group {group}"));
            let (role, cluster) = (node.role.as_str(), &node.cluster);
            found(
                Grade::Ok,
                format!("{role} of cluster {cluster}{}", group.unwrap_or_default()),
            )
        }
        Err(IdentifyError::TagsHidden { .. } | IdentifyError::TagsUnanswered { .. }) => {
            found(Grade::Skipped, "the tags cannot be read".to_owned())
        }
        Err(IdentifyError::Fact(FactError::Metadata(_))) => {
            found(Grade::Skipped, "metadata does not answer".to_owned())
        }
        Err(error) => found(Grade::Fail, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Grade::{Fail, Ok as Good, Skipped, Warn};
    use aws::CloudError;

    fn facts(
        tags: Result<bool, MetadataError>,
        node: Result<InstanceIdentity, IdentifyError>,
    ) -> Facts {
        Facts {
            base: "http://169.254.169.254".into(),
            tags,
            node,
            vpc_cidrs: None,
            aws: None,
        }
    }

    fn silent() -> MetadataError {
        MetadataError::Unanswered {
            path: "p".into(),
            base: "b".into(),
            waited: std::time::Duration::ZERO,
            cause: "it does not answer".into(),
        }
    }

    #[test]
    fn each_fault_has_its_line() {
        let denied = CloudError::denied("ec2:DescribeTags", "*");
        let hidden = IdentifyError::TagsHidden {
            instance_id: "i-1".into(),
            cause: denied,
        };
        let no_role = || IdentifyError::NoRole("i-1".into());
        for (facts, grades, part) in [
            (
                facts(Ok(true), Err(no_role())),
                [Good, Good, Fail],
                "set swarm:role",
            ),
            (
                facts(Ok(false), Err(no_role())),
                [Good, Warn, Fail],
                "set swarm:role",
            ),
            (
                facts(Ok(false), Err(hidden)),
                [Good, Fail, Skipped],
                "ec2:DescribeTags",
            ),
            (
                facts(Err(silent()), Err(silent().into())),
                [Fail, Skipped, Skipped],
                "does not answer",
            ),
            (
                facts(
                    Err(MetadataError::Refused("b".into())),
                    Err(silent().into()),
                ),
                [Fail, Skipped, Skipped],
                "HttpEndpoint=enabled",
            ),
        ] {
            let found = findings(&facts);
            let seen: Vec<Grade> = found.iter().map(|finding| finding.grade).collect();
            assert_eq!(seen, grades, "{found:?}");
            assert!(
                found.iter().any(|finding| finding.seen.contains(part)),
                "{part}: {found:?}"
            );
        }
    }
}
