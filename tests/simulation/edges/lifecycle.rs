//! Auto Scaling: a group whose instances wait at their end. Only who is in a group asks it.

use std::time::Duration;

use aws::CloudError;
use aws::groups::Group;
use aws::lifecycle::{Hook, Lifecycle, Transition, Verdict, Waiting};

use super::Edge;

/// The default of the template.
const TIMEOUT: Duration = Duration::from_mins(15);

impl Edge {
    /// There, and back with what it says.
    async fn scaling(&self, action: &'static str) -> Result<(), CloudError> {
        let (world, id) = (self.world.clone(), self.id);
        self.call(async move {
            world.pause(10, 60).await;
            let taken = world.with(|state| state.scaling_gate(id, action));
            world.pause(10, 60).await;
            taken
        })
        .await
    }
}

impl Lifecycle for Edge {
    async fn hooks(&self, _: &str) -> Result<Vec<Hook>, CloudError> {
        self.scaling("autoscaling:DescribeLifecycleHooks").await?;
        Ok(vec![Hook {
            name: "terminating".into(),
            transition: Transition::Terminating,
            timeout: TIMEOUT,
        }])
    }

    async fn heartbeat(&self, _: &str, _: &str, _: &str) -> Result<Waiting, CloudError> {
        let action = "autoscaling:RecordLifecycleActionHeartbeat";
        self.scaling(action).await.map(|()| Waiting::Heard)
    }

    async fn complete(&self, _: &str, _: &str, _: &str, _: Verdict) -> Result<Waiting, CloudError> {
        self.scaling("autoscaling:CompleteLifecycleAction").await?;
        self.world.with(|state| {
            let now = state.now;
            state.machines[self.id].released.get_or_insert(now);
        });
        Ok(Waiting::Heard)
    }

    async fn groups(&self, _: &[String]) -> Result<Vec<Group>, CloudError> {
        Ok(Vec::new())
    }

    async fn protect(&self, _: &str, _: &[String], _: bool) -> Result<(), CloudError> {
        unreachable!("no manager is in a group")
    }
}
