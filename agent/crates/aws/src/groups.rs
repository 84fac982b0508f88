//! Auto Scaling's groups as they are: what they hold, and what of it is protected from scale-in.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, Instance, LaunchTemplateSpecification, LifecycleState,
};

use super::CloudError;
use super::refusal::sort;
pub use protocol::facts::groups::{Group, Member};

const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";
/// Names of one call: it takes 50.
const NAMES: usize = 50;

/// Those of the named groups that there are, all of them or an error. Without a name the call would be about everybody's.
pub(super) async fn describe(client: &Client, names: &[String]) -> Result<Vec<Group>, CloudError> {
    let mut found = Vec::new();
    for portion in names.chunks(NAMES) {
        let request = client.describe_auto_scaling_groups();
        let request = request.set_auto_scaling_group_names(Some(portion.to_vec()));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sort(DESCRIBE, &portion.join(", "), &error))?;
            let groups = page.auto_scaling_groups.unwrap_or_default().into_iter();
            found.extend(groups.filter_map(group));
        }
    }
    Ok(found)
}

pub(super) async fn protect(
    client: &Client,
    group: &str,
    instances: &[String],
    protected: bool,
) -> Result<(), CloudError> {
    let request = client
        .set_instance_protection()
        .auto_scaling_group_name(group)
        .set_instance_ids(Some(instances.to_vec()))
        .protected_from_scale_in(protected);
    let done = request.send().await.map(drop);
    done.map_err(|error| sort("autoscaling:SetInstanceProtection", group, &error))
}

/// A group without a name is none.
fn group(described: AutoScalingGroup) -> Option<Group> {
    let size = |size: Option<i32>| {
        size.and_then(|size| size.try_into().ok())
            .unwrap_or_default()
    };
    let mixed = described
        .mixed_instances_policy
        .and_then(|policy| policy.launch_template);
    let mixed = mixed.and_then(|template| template.launch_template_specification);
    Some(Group {
        desired: size(described.desired_capacity),
        maximum: size(described.max_size),
        // The API Reference knows no other value.
        is_deleted: described.status.is_some(),
        protects_new: described
            .new_instances_protected_from_scale_in
            .unwrap_or_default(),
        version: described.launch_template.or(mixed).and_then(version),
        members: described
            .instances
            .unwrap_or_default()
            .into_iter()
            .filter_map(member)
            .collect(),
        name: described.auto_scaling_group_name?,
    })
}

fn member(described: Instance) -> Option<Member> {
    let state = described.lifecycle_state?;
    Some(Member {
        id: described.instance_id?,
        in_service: matches!(
            state,
            LifecycleState::InService | LifecycleState::EnteringStandby | LifecycleState::Standby
        ),
        protected: described.protected_from_scale_in.unwrap_or_default(),
        version: described.launch_template.and_then(version),
    })
}

fn version(template: LaunchTemplateSpecification) -> Option<u64> {
    template.version?.parse().ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{LaunchTemplate, MixedInstancesPolicy};

    use super::*;

    fn template(version: &str) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder()
            .version(version)
            .build()
    }

    fn instance(state: LifecycleState) -> Instance {
        Instance::builder()
            .instance_id("i-1")
            .lifecycle_state(state)
            .protected_from_scale_in(true)
            .launch_template(template("4"))
            .build()
    }

    #[test]
    fn a_group_is_read_with_its_instances() {
        let described = AutoScalingGroup::builder()
            .auto_scaling_group_name("g")
            .desired_capacity(3)
            .max_size(6)
            .new_instances_protected_from_scale_in(true)
            .launch_template(template("7"))
            .instances(instance(LifecycleState::InService))
            .build();
        let member = Member {
            id: "i-1".into(),
            in_service: true,
            protected: true,
            version: Some(4),
        };
        let expected = Group {
            name: "g".into(),
            desired: 3,
            maximum: 6,
            is_deleted: false,
            protects_new: true,
            version: Some(7),
            members: vec![member],
        };
        assert_eq!(group(described), Some(expected));
        assert_eq!(group(AutoScalingGroup::builder().build()), None);
    }

    #[test]
    fn a_mixed_group_has_a_version_too_and_words_for_versions_are_none() {
        let mixed = |text: &str| {
            let launch = LaunchTemplate::builder()
                .launch_template_specification(template(text))
                .build();
            let policy = MixedInstancesPolicy::builder()
                .launch_template(launch)
                .build();
            let described = AutoScalingGroup::builder().auto_scaling_group_name("g");
            group(described.mixed_instances_policy(policy).build())
                .unwrap()
                .version
        };
        assert_eq!((mixed("3"), mixed("$Latest")), (Some(3), None));
    }

    #[test]
    fn protection_can_be_changed_in_service_only() {
        for (state, expected) in [
            (LifecycleState::InService, true),
            (LifecycleState::Standby, true),
            (LifecycleState::Pending, false),
            (LifecycleState::PendingWait, false),
            (LifecycleState::Terminating, false),
        ] {
            let seen = member(instance(state.clone())).unwrap();
            assert_eq!(seen.in_service, expected, "{state}");
        }
    }
}
