"""Deletion of groups: refused while members are there, or by force, which spares none of them and takes a while."""

from __future__ import annotations

from typing import Any

from moto.autoscaling import models
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from . import ACCOUNT, REGION, hooks, lifecycle, refresh
from .patching import replace

# What DescribeAutoScalingGroups shows while it goes on; else it shows no status (API Reference, AutoScalingGroup).
IN_PROGRESS = "Delete in progress"
_remove: Any = models.AutoScalingBackend.delete_auto_scaling_group


def install() -> None:
    """Puts the change into moto, for which each deletion is one by force and done at once."""
    models.FakeAutoScalingGroup.status = None
    replace(AutoScalingResponse, delete_auto_scaling_group=_delete)


def to_nothing(group: Any) -> None:
    """Sets all sizes to 0, as each deletion begins; the scale-in ends those that it may end."""
    refresh.forget(group.name)
    group.min_size = group.max_size = 0
    group.set_desired_capacity(0)


def by_force(group: Any) -> None:
    """Ends all members, protected ones too, and "deletes any outstanding lifecycle actions" (DeleteAutoScalingGroup)."""
    group.status = IN_PROGRESS
    hooks.forget(group.autoscaling_backend, group.name)
    for state in list(group.instance_states):
        lifecycle.end(group, state)
    to_nothing(group)
    step()


def step() -> None:
    """One look at all groups that are being deleted: those without members are gone."""
    backend = autoscaling_backends[ACCOUNT][REGION]
    for group in list(backend.autoscaling_groups.values()):
        if group.status == IN_PROGRESS and not group.instance_states:
            _remove(backend, group.name)


def _delete(self: Any) -> EmptyResult:
    name = self._get_param("AutoScalingGroupName")
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    if group.instance_states and not self._get_bool_param("ForceDelete", False):
        raise AutoscalingClientError(
            "ResourceInUseFault",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    by_force(group)
    return EmptyResult()
