//! EC2.

use std::collections::BTreeMap;

use aws::CloudError;
use aws::fleet::{Fleet, Word};

use super::Edge;

impl Fleet for Edge {
    async fn tags(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        unreachable!("a node's identity is given here")
    }

    async fn instances(&self, asker: &str, ids: &[String]) -> Result<Word, CloudError> {
        let (world, id, mut ids) = (self.world.clone(), self.id, ids.to_vec());
        if !ids.iter().any(|id| id == asker) {
            ids.push(asker.to_owned());
        }
        self.call(async move {
            world.pause(30, 150).await;
            let answer = world.with(|state| state.describe(id, &ids));
            if let Err(CloudError::Failed { .. }) = answer {
                world.pause(1_000, 10_000).await;
            }
            answer.map(Word::from)
        })
        .await
    }
}
