//! Auto Scaling, without a hook.

use swarmlet::cloud::CloudError;
use swarmlet::cloud::groups::Group;
use swarmlet::cloud::lifecycle::{Hook, Lifecycle, Verdict, Waiting};

use super::Edge;

impl Lifecycle for Edge {
    async fn hooks(&self, _: &str) -> Result<Vec<Hook>, CloudError> {
        Ok(Vec::new())
    }

    async fn heartbeat(&self, _: &str, _: &str, _: &str) -> Result<Waiting, CloudError> {
        Ok(Waiting::NotWaiting)
    }

    async fn complete(&self, _: &str, _: &str, _: &str, _: Verdict) -> Result<Waiting, CloudError> {
        Ok(Waiting::NotWaiting)
    }

    async fn groups(&self, _: &[String]) -> Result<Vec<Group>, CloudError> {
        Ok(Vec::new())
    }

    async fn protect(&self, _: &str, _: &[String], _: bool) -> Result<(), CloudError> {
        unreachable!("nobody is in a group")
    }
}
