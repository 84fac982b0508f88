"""Scale-in protection: which members a group's own decisions leave alone, and who may be given it.

A scale-in, also one to nothing, and an instance refresh respect it. Replacement of the unhealthy, spot interruptions,
``TerminateInstanceInAutoScalingGroup``, ``TerminateInstances`` and a group's deletion by force do not
(Auto Scaling User Guide, "Use instance scale-in protection to control instance termination").
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from .patching import replace

# Instances of one call (API Reference, SetInstanceProtection).
_MOST = 50
_MAY_CHANGE = ("InService", "EnteringStandby", "Standby")


def install() -> None:
    """Puts the change into moto, which takes any instance for one of the group."""
    replace(AutoScalingResponse, set_instance_protection=_set_instance_protection)


def is_protected(state: Any) -> bool:
    """Whether a scale-in passes a member over: "protection starts when the instance state is InService" (as above)."""
    return bool(state.protected_from_scale_in) and state.lifecycle_state == "InService"


def _set_instance_protection(self: Any) -> EmptyResult:
    """All of them or none: one instance that has left fails the whole call, as Terraform has seen (its pull 35071)."""
    name, ids = self._get_param("AutoScalingGroupName"), self._get_param("InstanceIds", [])
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    if len(ids) > _MOST:
        # That it fails, and that this is among its errors, is documented; the words are not.
        raise AutoscalingClientError("LimitExceededFault", f"At most {_MOST} instances can be given at once.")
    members = {state.instance.id: state for state in group.instance_states}
    for instance in ids:
        _check(instance, members.get(instance), name)
    for instance in ids:
        members[instance].protected_from_scale_in = self._get_bool_param("ProtectedFromScaleIn")
    return EmptyResult()


def _check(instance: str, state: Any | None, group: str) -> None:
    """In AWS's words, which are not documented: they are in the reports of those who met them."""
    if state is None:
        raise ValidationError(f"The instance {instance} is not part of Auto Scaling group {group}.")
    if state.lifecycle_state not in _MAY_CHANGE:
        # Also in Pending:Wait and Terminating:Wait (infrahouse-toolkit's issue 223, riff-raff's pull 510).
        raise ValidationError(f"The instance {instance} is not in InService or EnteringStandby or Standby.")
