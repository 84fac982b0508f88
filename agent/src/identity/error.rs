//! Why a node cannot tell who it is.

use thiserror::Error;

use aws::CloudError;
use aws::imds::FactError;
use protocol::InvalidClusterName;

/// Why a node cannot tell who it is.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
pub enum IdentifyError {
    /// No tags, no settings.
    #[error(
        "cannot tell this node's role and cluster: instance {0} has no tags swarm:role and swarm:cluster; set \
         swarm:role = manager or worker and swarm:cluster = <name> in the launch template, and on this instance"
    )]
    NoTags(String),
    /// No tag, no setting.
    #[error(
        "cannot tell this node's role: instance {0} has no tag swarm:role; set swarm:role = manager or worker \
         in the launch template, and on this instance"
    )]
    NoRole(String),
    /// A tag, but none of the two words.
    #[error(
        "cannot tell this node's role: the tag swarm:role of instance {instance_id} is {found:?}; \
         set swarm:role = manager or worker in the launch template"
    )]
    WrongRole {
        /// The instance.
        instance_id: String,
        /// What its tag says.
        found: String,
    },
    /// No tag, no setting.
    #[error(
        "cannot tell this node's cluster: instance {0} has no tag swarm:cluster; set swarm:cluster = <name> \
         in the launch template, and on this instance"
    )]
    NoCluster(String),
    /// A tag, but not one that can be part of AWS names.
    #[error(
        "cannot tell this node's cluster: the tag swarm:cluster of instance {instance_id}: {cause}"
    )]
    WrongCluster {
        /// The instance.
        instance_id: String,
        /// What is wrong with its tag.
        cause: InvalidClusterName,
    },
    /// A tag, but not one that names a key.
    #[error(
        "cannot tell the KMS key of the cluster's secrets: the tag swarm:kms-key of instance {instance_id} is {found:?}; \
         write a key's id, alias/… or ARN, or take the tag away"
    )]
    WrongKey {
        /// The instance.
        instance_id: String,
        /// What its tag says.
        found: String,
    },
    /// Metadata shows no tags and EC2 may not be asked.
    #[error(
        "cannot read the tags of instance {instance_id}: instance metadata shows none, and {}; set \"Allow tags \
         in metadata\" (InstanceMetadataTags=enabled) in the launch template, or allow ec2:DescribeTags in the \
         policy of the instance's role; an instance without any tag needs swarm:role and swarm:cluster first",
        why_not_asked(cause)
    )]
    TagsHidden {
        /// The instance.
        instance_id: String,
        /// Why EC2 could not be asked.
        cause: CloudError,
    },
    /// Metadata shows no tags and EC2 does not answer.
    #[error(
        "cannot read the tags of instance {instance_id}: instance metadata shows none, and {cause}"
    )]
    TagsUnanswered {
        /// The instance.
        instance_id: String,
        /// What EC2 said.
        cause: CloudError,
    },
    /// Metadata does not tell what every instance has.
    #[error(transparent)]
    Fact(FactError),
}

impl IdentifyError {
    /// Whether asking again is useless until a person has changed the tags, or launched another instance.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::WrongRole { .. }
            | Self::WrongCluster { .. }
            | Self::WrongKey { .. }
            | Self::Fact(FactError::Incomplete(_) | FactError::NoIpv4(_)) => true,
            Self::NoTags(_)
            | Self::NoRole(_)
            | Self::NoCluster(_)
            | Self::TagsHidden { .. }
            | Self::TagsUnanswered { .. }
            | Self::Fact(
                FactError::Metadata(_) | FactError::NotShown(_) | FactError::NotUnderstood { .. },
            ) => false,
        }
    }

    /// Whether it is waited for: tags may come long after the launch, so may the right to ask for them, and an
    /// answer that cannot be of metadata may be followed by one that is.
    pub fn is_awaited(&self) -> bool {
        match self {
            Self::NoTags(_)
            | Self::NoRole(_)
            | Self::NoCluster(_)
            | Self::TagsHidden { .. }
            | Self::TagsUnanswered { .. }
            | Self::Fact(FactError::NotShown(_) | FactError::NotUnderstood { .. }) => true,
            Self::WrongRole { .. }
            | Self::WrongCluster { .. }
            | Self::WrongKey { .. }
            | Self::Fact(
                FactError::Incomplete(_) | FactError::NoIpv4(_) | FactError::Metadata(_),
            ) => false,
        }
    }

    /// The instance that it is about, where that is known.
    pub fn instance_id(&self) -> Option<&str> {
        match self {
            Self::NoTags(id)
            | Self::NoRole(id)
            | Self::NoCluster(id)
            | Self::Fact(FactError::NoIpv4(id)) => Some(id),
            Self::WrongRole { instance_id, .. }
            | Self::WrongCluster { instance_id, .. }
            | Self::WrongKey { instance_id, .. }
            | Self::TagsHidden { instance_id, .. }
            | Self::TagsUnanswered { instance_id, .. } => Some(instance_id),
            Self::Fact(_) => None,
        }
    }

    /// What whoever looks at a node that waits is told.
    pub fn waiting(&self) -> String {
        match self {
            Self::Fact(FactError::NotShown(_) | FactError::NotUnderstood { .. }) => {
                format!("trying again: {self}")
            }
            _ => format!("waiting for this instance's tags: {self}"),
        }
    }

    /// EC2 did not tell the tags.
    pub(super) fn unread(instance_id: &str, cause: CloudError) -> Self {
        let instance_id = instance_id.to_owned();
        match cause {
            CloudError::Denied { .. } | CloudError::NoCredentials(_) => {
                Self::TagsHidden { instance_id, cause }
            }
            _ => Self::TagsUnanswered { instance_id, cause },
        }
    }
}

fn why_not_asked(cause: &CloudError) -> String {
    match cause {
        CloudError::Denied { action, why, .. } => format!("{action} is denied{}", why.said()),
        CloudError::NoCredentials(why) => {
            format!("EC2 cannot be asked without AWS credentials ({why})")
        }
        other => other.to_string(),
    }
}
