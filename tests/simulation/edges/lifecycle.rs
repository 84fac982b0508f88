//! Auto Scaling, as an instance of one of its groups asks it. Who is in no group does not ask.

use aws::CloudError;
use aws::groups::Group;
use aws::lifecycle::{Hook, Lifecycle, Verdict, Waiting};
use tracing::info;

use super::Edge;
use crate::world::State;
use crate::world::aws::Fate;
use crate::world::groups::Group as Scaled;
use crate::world::mischief::Mischief;

const LIST: &str = "autoscaling:DescribeLifecycleHooks";
const BEAT: &str = "autoscaling:RecordLifecycleActionHeartbeat";
const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";
const PROTECT: &str = "autoscaling:SetInstanceProtection";
const COMPLETE: &str = "autoscaling:CompleteLifecycleAction";

impl Edge {
    /// There, the effect, and back with what it says: any of it may not take place.
    async fn scaling<T: 'static>(
        &self,
        action: &'static str,
        effect: impl FnOnce(&mut State) -> T + 'static,
    ) -> Result<T, CloudError> {
        let (world, id) = (self.world.clone(), self.id);
        self.call(async move {
            world.pause(10, 60).await;
            let taken = world.with(|state| state.scaling_gate(id, action));
            if let Ok(fate @ (Fate::AnswerLost | Fate::Lost)) = taken {
                info!(
                    machine = id,
                    action,
                    ?fate,
                    "world: Auto Scaling gives no answer"
                );
                world.with(|state| state.machines[id].lost.push(state.now));
            }
            let done = match taken {
                Ok(Fate::Done | Fate::AnswerLost) => Some(world.with(effect)),
                Ok(Fate::Lost) | Err(_) => None,
            };
            world.pause(10, 60).await;
            if let (Fate::Done, Some(done)) = (taken?, done) {
                return Ok(done);
            }
            world.pause(1_000, 10_000).await;
            let cause = "no answer".into();
            Err(CloudError::Failed { action, cause })
        })
        .await
    }
}

impl Lifecycle for Edge {
    async fn hooks(&self, group: &str) -> Result<Vec<Hook>, CloudError> {
        let (id, group) = (self.id, group.to_owned());
        self.scaling(LIST, move |state| {
            if state.plays(Mischief::LaunchIsOverAtOnce) {
                state.complete(id, "launching", Verdict::Continue);
            }
            let mut groups = state.groups.iter();
            let found = groups.find(|known| known.name == group);
            found.map(Scaled::hooks).unwrap_or_default()
        })
        .await
    }

    async fn heartbeat(&self, _: &str, hook: &str, _: &str) -> Result<Waiting, CloudError> {
        let (id, hook) = (self.id, hook.to_owned());
        self.scaling(BEAT, move |state| state.heartbeat(id, &hook))
            .await
    }

    async fn complete(
        &self,
        _: &str,
        hook: &str,
        _: &str,
        verdict: Verdict,
    ) -> Result<Waiting, CloudError> {
        let (id, hook) = (self.id, hook.to_owned());
        self.scaling(COMPLETE, move |state| {
            let silent = match hook.as_str() {
                "launching" => Mischief::LaunchIsNotHeard,
                _ => Mischief::EndIsNotHeard,
            };
            if state.plays(silent) {
                return Waiting::Heard;
            }
            state.complete(id, &hook, verdict)
        })
        .await
    }

    async fn groups(&self, names: &[String]) -> Result<Vec<Group>, CloudError> {
        let names = names.to_vec();
        self.scaling(DESCRIBE, move |state| {
            let known = names.iter().filter_map(|name| state.described(name));
            known.collect()
        })
        .await
    }

    async fn protect(&self, _: &str, ids: &[String], protected: bool) -> Result<(), CloudError> {
        let ids = ids.to_vec();
        let done = self
            .scaling(PROTECT, move |state| state.set_protection(&ids, protected))
            .await?;
        done.map_err(|cause| CloudError::Failed {
            action: PROTECT,
            cause,
        })
    }
}
