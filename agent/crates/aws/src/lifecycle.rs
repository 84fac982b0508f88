//! Auto Scaling as the agent uses it: the hooks by which a group waits for its instances at their begin and end, and
//! the protection of those that it must not end.

use std::time::Duration;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::SdkError;
use aws_sdk_autoscaling::types::LifecycleHook;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::groups::{self, Group};
use super::refusal::sort;
use super::{Aws, CloudError};
pub use protocol::facts::hooks::{Hook, Transition, Waiting};

/// How an action ends (`LifecycleActionResult`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// `CONTINUE`
    Continue,
    /// `ABANDON`
    Abandon,
}

/// Auto Scaling as the agent needs it.
pub trait Lifecycle {
    /// The hooks of a group (`autoscaling:DescribeLifecycleHooks`).
    async fn hooks(&self, group: &str) -> Result<Vec<Hook>, CloudError>;

    /// Has a hook wait for as long again (`autoscaling:RecordLifecycleActionHeartbeat`).
    async fn heartbeat(
        &self,
        group: &str,
        hook: &str,
        instance: &str,
    ) -> Result<Waiting, CloudError>;

    /// Ends a hook's waiting (`autoscaling:CompleteLifecycleAction`).
    async fn complete(
        &self,
        group: &str,
        hook: &str,
        instance: &str,
        verdict: Verdict,
    ) -> Result<Waiting, CloudError>;

    /// Those of the named groups that there are (`autoscaling:DescribeAutoScalingGroups`).
    async fn groups(&self, names: &[String]) -> Result<Vec<Group>, CloudError>;

    /// Protects instances of a group from scale-in, or no longer (`autoscaling:SetInstanceProtection`): all of them
    /// or, where one is not in service, none.
    async fn protect(
        &self,
        group: &str,
        instances: &[String],
        protected: bool,
    ) -> Result<(), CloudError>;
}

/// The real Auto Scaling.
#[derive(Clone, Debug)]
pub struct AutoScaling {
    pub(super) client: Client,
}

impl AutoScaling {
    /// Auto Scaling in the instance's region.
    pub fn new(aws: &Aws) -> Self {
        Self {
            client: aws.autoscaling(),
        }
    }
}

impl Lifecycle for AutoScaling {
    async fn hooks(&self, group: &str) -> Result<Vec<Hook>, CloudError> {
        let request = self
            .client
            .describe_lifecycle_hooks()
            .auto_scaling_group_name(group);
        let output = request
            .send()
            .await
            .map_err(|error| sort("autoscaling:DescribeLifecycleHooks", group, &error))?;
        let hooks = output.lifecycle_hooks.unwrap_or_default();
        Ok(hooks.into_iter().filter_map(hook).collect())
    }

    async fn heartbeat(
        &self,
        group: &str,
        hook: &str,
        instance: &str,
    ) -> Result<Waiting, CloudError> {
        let request = self
            .client
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(group)
            .lifecycle_hook_name(hook)
            .instance_id(instance);
        heard(
            "autoscaling:RecordLifecycleActionHeartbeat",
            group,
            request.send().await,
        )
    }

    async fn complete(
        &self,
        group: &str,
        hook: &str,
        instance: &str,
        verdict: Verdict,
    ) -> Result<Waiting, CloudError> {
        let result = match verdict {
            Verdict::Continue => "CONTINUE",
            Verdict::Abandon => "ABANDON",
        };
        let request = self
            .client
            .complete_lifecycle_action()
            .auto_scaling_group_name(group)
            .lifecycle_hook_name(hook)
            .instance_id(instance)
            .lifecycle_action_result(result);
        heard(
            "autoscaling:CompleteLifecycleAction",
            group,
            request.send().await,
        )
    }

    async fn groups(&self, names: &[String]) -> Result<Vec<Group>, CloudError> {
        groups::describe(&self.client, names).await
    }

    async fn protect(
        &self,
        group: &str,
        instances: &[String],
        protected: bool,
    ) -> Result<(), CloudError> {
        groups::protect(&self.client, group, instances, protected).await
    }
}

pub(super) fn heard<T, E, R>(
    action: &'static str,
    group: &str,
    answer: Result<T, SdkError<E, R>>,
) -> Result<Waiting, CloudError>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match answer {
        Ok(_) => Ok(Waiting::Heard),
        Err(error) => {
            let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
            let said = meta.and_then(|meta| meta.code().zip(meta.message()));
            if said.is_some_and(|(code, message)| is_over(code, message)) {
                return Ok(Waiting::NotWaiting);
            }
            Err(sort(action, group, &error))
        }
    }
}

/// The same code stands for many mistakes: the message decides.
fn is_over(code: &str, message: &str) -> bool {
    code == "ValidationError" && message.contains("No active Lifecycle Action found")
}

/// A hook without a name or with a transition that has no place here is no hook of ours.
fn hook(described: LifecycleHook) -> Option<Hook> {
    let transition = match described.lifecycle_transition.as_deref()? {
        "autoscaling:EC2_INSTANCE_LAUNCHING" => Transition::Launching,
        "autoscaling:EC2_INSTANCE_TERMINATING" => Transition::Terminating,
        _ => return None,
    };
    let seconds = described.heartbeat_timeout.and_then(|s| s.try_into().ok());
    Some(Hook {
        name: described.lifecycle_hook_name?,
        transition,
        timeout: Duration::from_secs(seconds.unwrap_or(3600)),
    })
}

#[cfg(any(test, feature = "scripted"))]
pub mod scripted;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_waiting_is_no_error() {
        let over = "No active Lifecycle Action found with instance ID i-1";
        assert!(is_over("ValidationError", over));
        assert!(!is_over("ValidationError", "1 validation error detected"));
        assert!(!is_over("AccessDenied", over));
    }

    #[test]
    fn a_hook_needs_a_name_and_a_known_transition() {
        let described = |transition: &str, name: Option<&str>| {
            let described = LifecycleHook::builder().lifecycle_transition(transition);
            hook(
                described
                    .set_lifecycle_hook_name(name.map(Into::into))
                    .build(),
            )
        };
        let found = described("autoscaling:EC2_INSTANCE_TERMINATING", Some("h"));
        let expected = Hook {
            name: "h".into(),
            transition: Transition::Terminating,
            timeout: Duration::from_hours(1),
        };
        assert_eq!(found, Some(expected));
        assert_eq!(described("autoscaling:EC2_INSTANCE_LAUNCHING", None), None);
        assert_eq!(described("autoscaling:OTHER", Some("h")), None);
    }
}
