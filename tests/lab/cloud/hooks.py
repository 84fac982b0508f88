"""Lifecycle hooks: an instance waits in Pending:Wait or Terminating:Wait until its hooks complete or time out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from . import ACCOUNT, REGION
from .patching import add, replace

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
_WAITING = {LAUNCHING: "Pending:Wait", TERMINATING: "Terminating:Wait"}
_RESULTS = ("CONTINUE", "ABANDON")
_GLOBAL_SECONDS = 48 * 3600
_GLOBAL_HEARTBEATS = 100
_Backend: Any = models.AutoScalingBackend
_create = _Backend.create_lifecycle_hook
_delete = _Backend.delete_lifecycle_hook


@dataclass
class Action:
    """One hook of an instance, and how long it may still take. A heartbeat cannot go beyond the limit."""

    heartbeat: int
    default_result: str
    deadline: float = field(init=False)
    limit: float = field(init=False)

    def __post_init__(self) -> None:
        self.limit = time.monotonic() + _global_timeout(self.heartbeat)
        self.beat()

    def beat(self) -> None:
        """Starts its time anew."""
        self.deadline = min(time.monotonic() + self.heartbeat, self.limit)


@dataclass
class Wait:
    """An instance between two states, and what happens once its hooks have a result."""

    group: Any
    transition: str
    actions: dict[str, Action]
    done: Callable[[str], None]


_waits: dict[str, Wait] = {}


def install() -> None:
    """Gives moto the two calls it lacks, and AWS's answers to those it has."""
    add(
        AutoScalingResponse,
        complete_lifecycle_action=_complete_lifecycle_action,
        record_lifecycle_action_heartbeat=_record_heartbeat,
    )
    replace(AutoScalingResponse, describe_lifecycle_hooks=_describe_hooks)
    replace(_Backend, create_lifecycle_hook=_create_hook, delete_lifecycle_hook=_delete_hook)


def begin(group: Any, state: Any, transition: str, done: Callable[[str], None]) -> bool:
    """Makes a member of a group wait for its hooks, or tells that there is nothing to wait for."""
    hooks = group.autoscaling_backend.describe_lifecycle_hooks(group.name)
    hooks = [hook for hook in hooks if hook.lifecycle_transition == transition]
    actions = {hook.name: Action(hook.heartbeat_timeout, hook.default_result) for hook in hooks}
    if actions:
        state.lifecycle_state = _WAITING[transition]
        _waits[state.instance.id] = Wait(group, transition, actions, done)
    return bool(actions)


def cancel(instance_id: str) -> None:
    """Ends the waiting without a result."""
    _waits.pop(instance_id, None)


def expire() -> None:
    """Gives hooks whose time is over their default result."""
    now = time.monotonic()
    for instance_id, wait in list(_waits.items()):
        for name, action in list(wait.actions.items()):
            if action.deadline <= now and _waits.get(instance_id) is wait:
                _settle(instance_id, name, action.default_result)


def create_hook(group_name: str, properties: dict[str, Any], name: str | None = None) -> Any:
    """Makes a hook from a CloudFormation resource, or from a specification in a group."""
    return autoscaling_backends[ACCOUNT][REGION].create_lifecycle_hook(
        name or properties["LifecycleHookName"],
        group_name,
        properties["LifecycleTransition"],
        properties.get("HeartbeatTimeout"),
        properties.get("DefaultResult"),
    )


def forget(backend: Any, group_name: str) -> None:
    """Takes the hooks of a group away, and ends all waiting for them."""
    for hook in backend.describe_lifecycle_hooks(group_name):
        _delete(backend, group_name, hook.name)
    for instance_id in [i for i, wait in _waits.items() if wait.group.name == group_name]:
        cancel(instance_id)


def _settle(instance_id: str, hook: str, result: str) -> None:
    """ABANDON ends the waiting for all hooks, CONTINUE for one."""
    wait = _waits[instance_id]
    del wait.actions[hook]
    if result == "ABANDON" or not wait.actions:
        del _waits[instance_id]
        wait.done(result)


def _global_timeout(heartbeat: int) -> int:
    return min(_GLOBAL_SECONDS, _GLOBAL_HEARTBEATS * heartbeat)


def _create_hook(self: Any, name: str, as_name: str, transition: str, timeout: Any, result: str | None) -> Any:
    """A hook without the notification target that moto makes up. What already waits is not changed by it."""
    hook: Any = _create(self, name, as_name, transition, None if timeout is None else int(timeout), result)
    hook.global_timeout = _global_timeout(hook.heartbeat_timeout)
    hook.role_arn = hook.notification_target_arn = None
    return hook


def _delete_hook(self: Any, as_name: str, name: str) -> None:
    """Completes what waits for the hook: a launch is abandoned, a termination goes on."""
    _delete(self, as_name, name)
    for instance_id, wait in list(_waits.items()):
        if wait.group.name == as_name and name in wait.actions:
            _settle(instance_id, name, "ABANDON" if wait.transition == LAUNCHING else "CONTINUE")


def _describe_hooks(self: Any) -> ActionResult:
    name = self._get_param("AutoScalingGroupName")
    if name not in self.autoscaling_backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    found = self.autoscaling_backend.describe_lifecycle_hooks(name, self._get_param("LifecycleHookNames", []))
    return ActionResult({"LifecycleHooks": found})


def _named(response: Any) -> tuple[str, str]:
    """The instance and the hook that a call names, if that instance waits for that hook."""
    group, hook, instance = (
        response._get_param(name) for name in ("AutoScalingGroupName", "LifecycleHookName", "InstanceId")
    )
    wait = _waits.get(instance)
    if wait is None or wait.group.name != group or hook not in wait.actions:
        raise ValidationError(f"No active Lifecycle Action found with instance ID {instance}")
    return instance, hook


def _complete_lifecycle_action(self: Any) -> EmptyResult:
    result = self._get_param("LifecycleActionResult")
    if result not in _RESULTS:
        raise ValidationError(f"Lifecycle action result must be one of {', '.join(_RESULTS)}")
    _settle(*_named(self), result)
    return EmptyResult()


def _record_heartbeat(self: Any) -> EmptyResult:
    instance, hook = _named(self)
    _waits[instance].actions[hook].beat()
    return EmptyResult()
