"""CloudFormation: groups updated in place, lifecycle hooks, and inline policies kept as text."""

from __future__ import annotations

import json
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.models import autoscaling_backends
from moto.core.common_models import CloudFormationModel
from moto.iam.models import Role

from .hooks import create_hook
from .patching import replace

_Group: Any = models.FakeAutoScalingGroup
_create_group = _Group.create_from_cloudformation_json.__func__
_put_policy = Role.put_policy


def install() -> None:
    """Puts the changes into moto."""
    replace(
        _Group,
        create_from_cloudformation_json=classmethod(_create),
        update_from_cloudformation_json=classmethod(_update),
    )
    replace(Role, put_policy=_put_policy_as_text)


def _create(
    cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kw: Any
) -> Any:
    """The hooks that come with a group are there before its first instance."""
    listed = _listed_hooks(cloudformation_json)
    for hook in listed:
        create_hook(resource_name, hook)
    group = _create_group(cls, resource_name, cloudformation_json, account_id, region_name, **kw)
    group.listed_hooks = [hook["LifecycleHookName"] for hook in listed]
    return group


def _listed_hooks(cloudformation_json: Any) -> list[dict[str, Any]]:
    """Without those that a condition left out."""
    return [hook for hook in cloudformation_json["Properties"].get("LifecycleHookSpecificationList") or [] if hook]


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
    properties = cloudformation_json["Properties"]
    _update_hooks(original_resource, _listed_hooks(cloudformation_json))
    desired = properties.get("DesiredCapacity")
    template = properties.get("LaunchTemplate")
    original_resource.update(
        availability_zones=[],
        desired_capacity=None if desired is None else int(desired),
        max_size=int(properties["MaxSize"]),
        min_size=int(properties["MinSize"]),
        launch_config_name=None,
        launch_template=template,
        vpc_zone_identifier=",".join(properties.get("VPCZoneIdentifier", [])) or None,
        health_check_period=None,
        health_check_type=properties.get("HealthCheckType"),
    )
    original_resource.tags = properties.get("Tags", [])
    return original_resource


def _update_hooks(group: Any, listed: list[dict[str, Any]]) -> None:
    names = [hook["LifecycleHookName"] for hook in listed]
    for gone in set(group.listed_hooks) - set(names):
        group.autoscaling_backend.delete_lifecycle_hook(group.name, gone)
    for hook in listed:
        create_hook(group.name, hook)
    group.listed_hooks = names


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

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Takes the hook away."""
        group = cloudformation_json["Properties"]["AutoScalingGroupName"]
        autoscaling_backends[account_id][region_name].delete_lifecycle_hook(group, resource_name)
