"""CloudFormation's resources: groups updated in place, hooks, keys that go late, policies kept as text."""

from __future__ import annotations

import json
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.models import autoscaling_backends
from moto.cloudformation import parsing, responses
from moto.core.common_models import CloudFormationModel
from moto.ec2.models.security_groups import SecurityGroupIngress
from moto.iam.models import Role
from moto.kms.models import Key, kms_backends
from moto.logs.models import LogGroup

from . import stack_updates
from .group_calls import set_times
from .hooks import create_hook
from .patching import replace

_Group: Any = models.FakeAutoScalingGroup
_clean = parsing.clean_json
_create_group = _Group.create_from_cloudformation_json.__func__
_put_policy = Role.put_policy
_create_key = Key.create_from_cloudformation_json.__func__
_create_rule = SecurityGroupIngress.create_from_cloudformation_json.__func__
_summary = responses.get_template_summary_response_from_template
_log_group_attribute = LogGroup.get_cfn_attribute
# What a change of it makes CloudFormation refresh a group for.
_LAUNCHED_BY = ("LaunchTemplate", "MixedInstancesPolicy", "VPCZoneIdentifier")
_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")


def install() -> None:
    """Puts the changes into moto."""
    replace(
        _Group,
        create_from_cloudformation_json=classmethod(_create),
        update_from_cloudformation_json=classmethod(_update),
    )
    # moto sets it only for groups without a mixed instances policy, and reads it for all.
    _Group.provided_launch_template_version = None
    replace(parsing, clean_json=_clean_without_left_out)
    replace(Role, put_policy=_put_policy_as_text)
    replace(Key, create_from_cloudformation_json=classmethod(_create_key_with_text), delete=_schedule_deletion)
    replace(LogGroup, get_cfn_attribute=_log_group_arn)
    replace(SecurityGroupIngress, create_from_cloudformation_json=classmethod(_create_rule_without_ports))
    replace(responses, get_template_summary_response_from_template=_summary_of)
    stack_updates.install()


def _create(
    cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kw: Any
) -> Any:
    """The hooks that come with a group are there before its first instance."""
    properties = cloudformation_json["Properties"]
    for hook in _listed_hooks(properties):
        create_hook(resource_name, hook)
    group = _create_group(cls, resource_name, cloudformation_json, account_id, region_name, **kw)
    _set_rest(group, properties)
    return group


def _summary_of(template: str) -> dict[str, Any]:
    """A parameter without a description has none, rather than an empty one."""
    summary = dict(_summary(template))
    for parameter in summary["Parameters"]:
        if not parameter["Description"]:
            del parameter["Description"]
    return summary


def _set_rest(group: Any, properties: dict[str, Any]) -> None:
    """What moto does not take from the template, or not as AWS does."""
    set_times(group, properties.get("HealthCheckGracePeriod"), properties.get("DefaultInstanceWarmup"))
    group.new_instances_protected_from_scale_in = bool(properties.get("NewInstancesProtectedFromScaleIn"))
    group.termination_policies = properties.get("TerminationPolicies") or ["Default"]
    group.capacity_rebalance = bool(properties.get("CapacityRebalance"))
    group.template = properties


def _clean_without_left_out(resource_json: Any, resources_map: Any) -> Any:
    """Takes out of lists what a condition left out; moto has a None there."""
    cleaned = _clean(resource_json, resources_map)
    return [item for item in cleaned if item is not None] if isinstance(resource_json, list) else cleaned


def _listed_hooks(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return properties.get("LifecycleHookSpecificationList") or []


def _update(
    cls: Any,
    /,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Changes the group as AWS does; moto deletes it and makes a new one, which replaces every instance."""
    group, before, now = original_resource, original_resource.template, cloudformation_json["Properties"]
    _update_hooks(group, _listed_hooks(before), _listed_hooks(now))
    policy = cloudformation_json.get("UpdatePolicy", {})
    sizes = _changed_sizes(before, now, policy)
    group.update(
        availability_zones=[],
        desired_capacity=sizes.get("DesiredCapacity"),
        max_size=sizes.get("MaxSize"),
        min_size=sizes.get("MinSize"),
        launch_config_name=None,
        launch_template=now.get("LaunchTemplate"),
        mixed_instances_policy=now.get("MixedInstancesPolicy"),
        vpc_zone_identifier=",".join(now.get("VPCZoneIdentifier", [])) or None,
        health_check_period=None,
        health_check_type=now.get("HealthCheckType"),
    )
    group.tags = now.get("Tags", [])
    _set_rest(group, now)
    if "AutoScalingInstanceRefresh" in policy and any(before.get(key) != now.get(key) for key in _LAUNCHED_BY):
        preferences = policy["AutoScalingInstanceRefresh"].get("Preferences", {})
        stack_updates.need_refresh(group, {"SkipMatching": True} | preferences)
    return group


def _changed_sizes(before: dict[str, Any], now: dict[str, Any], policy: dict[str, Any]) -> dict[str, int]:
    """All sizes of the template, or only those that it changes, as the policy says."""
    keep = policy.get("AutoScalingScheduledAction", {}).get("IgnoreUnmodifiedGroupSizeProperties", False)
    return {key: int(now[key]) for key in _SIZES if key in now and not (keep and before.get(key) == now[key])}


def _update_hooks(group: Any, before: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    names = {hook["LifecycleHookName"] for hook in now}
    for hook in before:
        if hook["LifecycleHookName"] not in names:
            group.autoscaling_backend.delete_lifecycle_hook(group.name, hook["LifecycleHookName"])
    for hook in now:
        create_hook(group.name, hook)


def _create_key_with_text(cls: Any, /, *args: Any, **kw: Any) -> Any:
    """With its policy as text, as other calls of moto's want it."""
    key = _create_key(cls, *args, **kw)
    key.policy = json.dumps(key.policy)
    return key


def _schedule_deletion(self: Any, account_id: str, region_name: str) -> None:
    """A key is not gone with its stack, as in moto: it can be had back for some days."""
    kms_backends[account_id][region_name].schedule_key_deletion(self.id, 7)


def _log_group_arn(self: Any, attribute: str) -> str:
    """With the streams' part, which moto leaves out."""
    found = _log_group_attribute(self, attribute)
    return f"{found}:*" if attribute == "Arn" else found


def _create_rule_without_ports(cls: Any, /, name: str, cloudformation_json: Any, *args: Any, **kw: Any) -> Any:
    """A rule for a protocol that knows no ports names none."""
    properties = cloudformation_json["Properties"]
    given = {"FromPort": -1, "ToPort": -1} | properties
    return _create_rule(cls, name, cloudformation_json | {"Properties": given}, *args, **kw)


def _put_policy_as_text(self: Any, policy_name: str, policy_json: Any) -> None:
    _put_policy(self, policy_name, policy_json if isinstance(policy_json, str) else json.dumps(policy_json))


class LifecycleHookResource(CloudFormationModel):
    """``AWS::AutoScaling::LifecycleHook``, which moto does not know."""

    # moto's metaclass takes the service's name from the module.
    __module__ = "moto.autoscaling.models"

    def __init__(self, hook: Any) -> None:
        self.hook = hook

    @property
    def physical_resource_id(self) -> str:
        """The hook's name."""
        return str(self.hook.name)

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names the resource."""
        return "LifecycleHookName"

    @staticmethod
    def cloudformation_type() -> str:
        """The resource's type."""
        return "AWS::AutoScaling::LifecycleHook"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kw: Any
    ) -> LifecycleHookResource:
        """Makes the hook."""
        properties = cloudformation_json["Properties"]
        return cls(create_hook(properties["AutoScalingGroupName"], properties, resource_name))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> LifecycleHookResource:
        """Makes the hook anew."""
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """Takes the hook away, if it is there: it goes before its group, and moto asks for it again after that."""
        backend, group = autoscaling_backends[account_id][region_name], self.hook.auto_scaling_group_name
        if backend.describe_lifecycle_hooks(group, [self.hook.name]):
            backend.delete_lifecycle_hook(group, self.hook.name)
