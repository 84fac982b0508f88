//! EC2.

use std::collections::BTreeMap;

use swarmlet::cloud::CloudError;
use swarmlet::cloud::fleet::{Fleet, Instance};

use super::Edge;

impl Fleet for Edge {
    async fn tags(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        unreachable!("a node's identity is given here")
    }

    async fn instances(&self, ids: &[String]) -> Result<Vec<Instance>, CloudError> {
        let (world, id, ids) = (self.world.clone(), self.id, ids.to_vec());
        self.call(async move {
            world.pause(30, 150).await;
            let answer = world.with(|state| state.describe(id, &ids));
            if let Err(CloudError::Failed { .. }) = answer {
                world.pause(1_000, 10_000).await;
            }
            answer
        })
        .await
    }
}
