//! The tags of an instance that say what it is to be.

/// Says manager or worker.
pub const ROLE_TAG: &str = "swarm:role";
/// Names the cluster.
pub const CLUSTER_TAG: &str = "swarm:cluster";
/// Names the KMS key of the cluster's secrets, on managers.
pub const KMS_KEY_TAG: &str = "swarm:kms-key";
/// Auto Scaling says by it which group launched an instance.
pub const GROUP_TAG: &str = "aws:autoscaling:groupName";
/// What the tags start with that become node labels.
pub const LABEL_TAG_PREFIX: &str = "swarm:label:";
