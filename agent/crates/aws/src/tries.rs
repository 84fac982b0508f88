//! Whether a call would be allowed, tried without an effect: the request is one that AWS refuses for
//! what is in it, after it has looked whether the caller may make it at all.

use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::CloudError;
use super::lifecycle::{AutoScaling, heard};
use super::parameter_store::Ssm;
use super::refusal::sort;

/// More than a parameter can hold, of whatever tier. The request names the smallest tier, so that no
/// default of the account makes room for it.
const TOO_LONG: usize = 8193;
/// No lifecycle action has this token.
const NO_TOKEN: &str = "00000000-0000-0000-0000-000000000000";
/// No group has this instance.
const NO_INSTANCE: &str = "i-00000000000000000";

impl Ssm {
    /// Whether `ssm:PutParameter` on `name` is allowed.
    pub async fn try_put(&self, name: &str) -> Result<(), CloudError> {
        let request = self.client.put_parameter().name(name).overwrite(false);
        let request = request
            .r#type(ParameterType::String)
            .tier(ParameterTier::Standard);
        let Err(error) = request.value("x".repeat(TOO_LONG)).send().await else {
            return Ok(());
        };
        let refused = error.as_service_error().is_some_and(|refusal| {
            is_for_its_size(refusal.code())
                || PutParameterError::is_parameter_already_exists(refusal)
        });
        if refused {
            return Ok(());
        }
        Err(sort("ssm:PutParameter", name, &error))
    }
}

fn is_for_its_size(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("ValidationException" | "ParameterMaxSizeExceeded")
    )
}

impl AutoScaling {
    /// Whether `autoscaling:CompleteLifecycleAction` on `group` is allowed.
    pub async fn try_complete(&self, group: &str, hook: &str) -> Result<(), CloudError> {
        let request = self
            .client
            .complete_lifecycle_action()
            .auto_scaling_group_name(group)
            .lifecycle_hook_name(hook)
            .lifecycle_action_token(NO_TOKEN)
            .lifecycle_action_result("CONTINUE");
        heard(
            "autoscaling:CompleteLifecycleAction",
            group,
            request.send().await,
        )
        .map(drop)
    }

    /// Whether `autoscaling:RecordLifecycleActionHeartbeat` on `group` is allowed.
    pub async fn try_heartbeat(&self, group: &str, hook: &str) -> Result<(), CloudError> {
        let request = self
            .client
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(group)
            .lifecycle_hook_name(hook)
            .lifecycle_action_token(NO_TOKEN);
        heard(
            "autoscaling:RecordLifecycleActionHeartbeat",
            group,
            request.send().await,
        )
        .map(drop)
    }

    /// Whether `autoscaling:SetInstanceProtection` on `group` is allowed.
    pub async fn try_protect(&self, group: &str) -> Result<(), CloudError> {
        let request = self
            .client
            .set_instance_protection()
            .auto_scaling_group_name(group)
            .instance_ids(NO_INSTANCE)
            .protected_from_scale_in(true);
        let Err(error) = request.send().await else {
            return Ok(());
        };
        let code = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code);
        if code == Some("ValidationError") {
            return Ok(());
        }
        Err(sort("autoscaling:SetInstanceProtection", group, &error))
    }
}
