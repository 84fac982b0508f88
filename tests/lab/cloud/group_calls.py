"""Calls on Auto Scaling groups and their instances that moto answers otherwise than AWS, or in part."""

from __future__ import annotations

import time
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from . import hooks, lifecycle
from .patching import replace

_Response: Any = AutoScalingResponse
_Group: Any = FakeAutoScalingGroup
_create_group = _Response.create_auto_scaling_group
_update_group = _Response.update_auto_scaling_group


def install() -> None:
    """Puts the changes into moto."""
    _Group.default_instance_warmup = None
    replace(
        _Response,
        create_auto_scaling_group=_create_with_hooks,
        update_auto_scaling_group=_update_with_policies,
        describe_auto_scaling_instances=_describe_instances,
        set_instance_health=_set_instance_health,
    )


def set_times(group: Any, grace: Any, warmup: Any) -> None:
    """A new group's grace period, none unless given, and its default warm-up; moto's grace period is 300 s then.

    "Default: 0 seconds" and "To remove a value that you previously set, […] specify -1" (API Reference,
    CreateAutoScalingGroup).
    """
    group.health_check_grace_period = int(grace or 0)
    group.default_instance_warmup = None if warmup is None or int(warmup) < 0 else int(warmup)


def _create_with_hooks(self: Any) -> Any:
    """The hooks that come with a group are there before its first instance."""
    name = self._get_param("AutoScalingGroupName")
    if name in self.autoscaling_backend.autoscaling_groups:
        raise AutoscalingClientError(
            "AlreadyExistsFault",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    for hook in self._get_param("LifecycleHookSpecificationList", []):
        hooks.create_hook(name, hook)
    answer = _create_group(self)
    group = self.autoscaling_backend.autoscaling_groups[name]
    set_times(group, self._get_int_param("HealthCheckGracePeriod"), self._get_int_param("DefaultInstanceWarmup"))
    return answer


def _update_with_policies(self: Any) -> Any:
    answer = _update_group(self)
    group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
    if policies := self._get_param("TerminationPolicies", []):
        group.termination_policies = policies
    if (warmup := self._get_int_param("DefaultInstanceWarmup")) is not None:
        set_times(group, group.health_check_grace_period, warmup)
    return answer


def _describe_instances(self: Any) -> ActionResult:
    """As AWS words it: health in capitals here, unlike in a group's description."""
    states = self.autoscaling_backend.describe_auto_scaling_instances(self._get_param("InstanceIds", []))
    told = [
        {
            "InstanceId": state.instance.id,
            "InstanceType": state.instance_type,
            "AutoScalingGroupName": state.auto_scaling_group_name,
            "AvailabilityZone": state.availability_zone,
            "LifecycleState": state.lifecycle_state,
            "HealthStatus": state.health_status.upper(),
            "LaunchTemplate": state.launch_template,
            "ProtectedFromScaleIn": state.protected_from_scale_in,
        }
        for state in states
    ]
    return ActionResult({"AutoScalingInstances": told})


def _set_instance_health(self: Any) -> EmptyResult:
    """Says how an instance is. In its grace period a young one counts as healthy, unless the call insists."""
    instance_id, health = self._get_param("InstanceId"), self._get_param("HealthStatus")
    if health not in ("Healthy", "Unhealthy"):
        raise ValidationError("Valid instance health states are: [Healthy, Unhealthy].")
    state = lifecycle.members().get(instance_id)
    if state is None:
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID {instance_id}")
    age = time.monotonic() - getattr(state, "in_service_since", time.monotonic())
    respects = self._get_bool_param("ShouldRespectGracePeriod", True)
    if not (respects and age < int(state.auto_scaling_group.health_check_grace_period or 0)):
        state.health_status = health
    return EmptyResult()
