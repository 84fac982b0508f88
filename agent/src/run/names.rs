//! The names of a cluster's parameters.

use protocol::{ClusterName, Epoch};

/// Builds parameter names below `<prefix>/<cluster>`.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    root: String,
}

impl Names {
    pub(crate) fn new(prefix: &str, cluster: &ClusterName) -> Self {
        let prefix = prefix.trim_end_matches('/');
        Self {
            root: format!("{prefix}/{cluster}"),
        }
    }

    pub(crate) fn ticket(&self) -> String {
        format!("{}/ticket", self.root)
    }

    pub(crate) fn unlock_key(&self) -> String {
        format!("{}/unlock-key", self.root)
    }

    /// Where a manager's agent writes down which node its instance is.
    pub(crate) fn node_record(&self, instance_id: &str) -> String {
        format!("{}/nodes/{instance_id}", self.root)
    }

    /// What stacks are below.
    pub(crate) fn stacks(&self) -> String {
        format!("{}/stacks", self.root)
    }

    /// What the passwords of registries are below.
    pub(crate) fn registries(&self) -> String {
        format!("{}/registries", self.root)
    }

    pub(crate) fn claim(&self, epoch: Epoch) -> String {
        format!("{}/epochs/{}/claim", self.root, epoch.padded())
    }

    pub(crate) fn outcome(&self, epoch: Epoch) -> String {
        format!("{}/epochs/{}/outcome", self.root, epoch.padded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_epoch() {
        let names = Names::new("/swarmlet/", &"prod".parse().unwrap());
        assert_eq!(names.ticket(), "/swarmlet/prod/ticket");
        assert_eq!(
            names.claim(Epoch::FIRST),
            "/swarmlet/prod/epochs/0000000001/claim"
        );
        assert_eq!(
            names.outcome(Epoch::FIRST),
            "/swarmlet/prod/epochs/0000000001/outcome"
        );
    }
}
