"""Terminating lifecycle hooks: an instance waits in Terminating:Wait until its hooks complete or time out."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from . import ACCOUNT, REGION
from .patching import add

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


@dataclass
class Departure:
    """An instance on its way out, and the deadlines of the hooks it waits for."""

    group: Any
    state: Any
    timeouts: dict[str, int]
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    deadlines: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        now = time.monotonic()
        self.deadlines = {name: now + timeout for name, timeout in self.timeouts.items()}


_departures: dict[str, Departure] = {}


def install() -> None:
    """Gives moto the two calls it lacks."""
    add(
        AutoScalingResponse,
        complete_lifecycle_action=_complete_lifecycle_action,
        record_lifecycle_action_heartbeat=_record_heartbeat,
    )


def is_departing(instance_id: str) -> bool:
    """Whether the instance waits for its terminating hooks."""
    return instance_id in _departures


def retire(group: Any, state: Any) -> None:
    """Ends a member of a group: at once, or after its hooks."""
    hooks = [h for h in group.autoscaling_backend.describe_lifecycle_hooks(group.name)]
    timeouts = {h.name: int(h.heartbeat_timeout) for h in hooks if h.lifecycle_transition == TERMINATING}
    if timeouts and state.instance.state == "running":
        state.lifecycle_state = "Terminating:Wait"
        _departures[state.instance.id] = Departure(group, state, timeouts)
    else:
        _finish(group, state)


def drop(group: Any, state: Any) -> None:
    """Takes an ended instance out of its group."""
    _departures.pop(state.instance.id, None)
    group.instance_states = [s for s in group.instance_states if s is not state]


def forget(backend: Any, group: Any) -> None:
    """Ends all departures of a group that is deleted, and its hooks."""
    for hook in backend.describe_lifecycle_hooks(group.name):
        backend.delete_lifecycle_hook(group.name, hook.name)
    for departure in [d for d in _departures.values() if d.group is group]:
        _finish(departure.group, departure.state)


def expire() -> None:
    """Ends the waiting for hooks whose time is over."""
    now = time.monotonic()
    for departure in list(_departures.values()):
        departure.deadlines = {n: d for n, d in departure.deadlines.items() if d > now}
        if not departure.deadlines:
            _finish(departure.group, departure.state)


def _finish(group: Any, state: Any) -> None:
    drop(group, state)
    if state.instance.state != "terminated":
        group.ec2_backend.terminate_instances([state.instance.id])


def _departure(response: Any) -> tuple[Departure, str]:
    group, hook, instance, token = (
        response._get_param(name)
        for name in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId", "LifecycleActionToken")
    )
    for instance_id, departure in _departures.items():
        named = instance_id == instance if instance else departure.token == token
        if named and departure.group.name == group and hook in departure.deadlines:
            return departure, hook
    raise ValidationError(f"No active Lifecycle Action found with instance ID {instance}")


def _complete_lifecycle_action(self: Any) -> EmptyResult:
    departure, hook = _departure(self)
    del departure.deadlines[hook]
    if self._get_param("LifecycleActionResult") == "ABANDON" or not departure.deadlines:
        _finish(departure.group, departure.state)
    return EmptyResult()


def _record_heartbeat(self: Any) -> EmptyResult:
    departure, hook = _departure(self)
    departure.deadlines[hook] = time.monotonic() + departure.timeouts[hook]
    return EmptyResult()


def create_hook(group_name: str, name: str, properties: dict[str, Any]) -> Any:
    """Makes a hook from a CloudFormation resource or specification."""
    backend = autoscaling_backends[ACCOUNT][REGION]
    return backend.create_lifecycle_hook(
        name,
        group_name,
        properties["LifecycleTransition"],
        properties.get("HeartbeatTimeout"),
        properties.get("DefaultResult", "ABANDON"),
    )
