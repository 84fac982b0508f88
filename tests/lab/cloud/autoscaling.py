"""Auto Scaling groups: instances spread over the subnets, limits checked, the ended and the unhealthy replaced."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import Counter
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import autoscaling_backends

from . import (
    ACCOUNT,
    REGION,
    balancers,
    group_deletion,
    hooks,
    lifecycle,
    mixed,
    notices,
    protection,
    refresh,
    stack_deletion,
    stack_updates,
)
from .patching import replace
from .world import LOCK

# As long as Auto Scaling takes here to see that an instance has ended; a matter of a minute or so on AWS.
NOTICE_SECONDS = 1.0
_PERIOD = 0.5

_Group = models.FakeAutoScalingGroup
_Backend = models.AutoScalingBackend
_backend_set_desired = _Backend.set_desired_capacity
_group_update = _Group.update
_vanished: dict[str, float] = {}


def install() -> None:
    """Puts the changes into moto."""
    replace(
        _Group,
        set_desired_capacity=_set_desired_capacity,
        replace_autoscaling_group_instances=_launch,
        update=_update,
        active_instances=_active_instances,
    )
    replace(models.InstanceState, launch_template=property(lambda state: state.__dict__.get("launched_from")))
    replace(
        _Backend,
        set_desired_capacity=_checked_desired_capacity,
        terminate_instance=_terminate_instance,
        # The reconciler sees it a moment later, as Auto Scaling does.
        notify_terminate_instances=lambda self, instance_ids: None,
    )


def start_reconciler() -> None:
    """Starts the thread that keeps the groups at their desired capacity."""
    threading.Thread(target=_reconcile_for_ever, name="autoscaling", daemon=True).start()


def _active_instances(self: Any) -> list[Any]:
    return [state for state in self.instance_states if state.lifecycle_state in lifecycle.ACTIVE]


def _set_desired_capacity(self: Any, capacity: int | None) -> None:
    self.desired_capacity = int(self.min_size or 0) if capacity is None else int(capacity)
    _settle(self)


def _settle(group: Any) -> None:
    """Ends or launches what is too much or too little, as far as protection lets it."""
    excess = len(group.active_instances()) - group.desired_capacity - refresh.surge(group)
    if excess > 0:
        _retire(group, excess)
    elif excess < 0:
        group.replace_autoscaling_group_instances(-excess, group.get_propagated_tags())


def _retire(group: Any, count: int) -> None:
    """Ends those that are not protected from scale-in: the oldest, or the newest where the group says so."""
    if "Terminate" in group._suspended_processes:
        return
    states = [s for s in group.active_instances() if not protection.is_protected(s)]
    newest = group.termination_policies[0] == "NewestInstance"
    states.sort(key=lambda s: s.instance.launch_time, reverse=newest)
    for state in states[:count]:
        lifecycle.retire(group, state)


def _launch(self: Any, count: int, propagated_tags: dict[str, str]) -> None:
    """Launches instances, each in the subnet where the group has the fewest."""
    if "Launch" in self._suspended_processes:
        return
    tags = {**self.instance_tags, **propagated_tags, models.ASG_NAME_TAG: self.name}
    for _ in range(count):
        kind = mixed.next_of(self)
        instance = self.ec2_backend.run_instances(
            self.image_id,
            1,
            self.user_data,
            self.security_groups,
            instance_type=kind.instance_type,
            instance_market_options=kind.market,
            is_instance_type_default=False,
            tags={"instance": tags},
            launch_config=self.launch_config,
            launch_template=_template_reference(self),
            subnet_id=_emptiest_subnet(self),
        ).instances[0]
        instance.autoscaling_group = self
        protected = self.new_instances_protected_from_scale_in
        state: Any = models.InstanceState(instance, "Pending", protected_from_scale_in=protected)
        state.launched_from = lifecycle.template_of(self)
        self.instance_states.append(state)
        lifecycle.launched(self, state)


def _template_reference(group: Any) -> dict[str, str]:
    """The group's launch template, in the version that the group names; moto takes the default one."""
    if group.ec2_launch_template is None:
        return {}
    return {"LaunchTemplateId": group.ec2_launch_template.id, "Version": group.launch_template_version}


def _emptiest_subnet(group: Any) -> str | None:
    subnets = [s for s in (group.vpc_zone_identifier or "").split(",") if s]
    used = Counter(state.instance.subnet_id for state in group.active_instances())
    return min(subnets, key=lambda subnet: used[subnet], default=None)


def _check_capacity(capacity: int, low: int, high: int) -> None:
    if not low <= capacity <= high:
        side = f"above max value {high}" if capacity > high else f"below min value {low}"
        raise ValidationError(f"New SetDesiredCapacity value {capacity} is {side} for the AutoScalingGroup.")


def _checked_desired_capacity(self: Any, name: str, capacity: int | None) -> None:
    if name not in self.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - null: {name}")
    group = self.autoscaling_groups[name]
    if capacity is not None:
        _check_capacity(int(capacity), int(group.min_size), int(group.max_size))
    _backend_set_desired(self, name, capacity)


def _update(self: Any, **changes: Any) -> None:
    """Changes what is given; moto forgets a mixed instances policy that is not given again."""
    if not (changes["launch_config_name"] or changes["launch_template"]):
        changes["mixed_instances_policy"] = changes.get("mixed_instances_policy") or self.mixed_instances_policy
    low = int(self.min_size if changes["min_size"] is None else changes["min_size"])
    high = int(self.max_size if changes["max_size"] is None else changes["max_size"])
    if low > high:
        raise ValidationError("Max bound must be greater than or equal to min bound.")
    if changes["desired_capacity"] is None:
        changes["desired_capacity"] = min(max(self.desired_capacity, low), high)
    elif not low <= changes["desired_capacity"] <= high:
        raise ValidationError(
            f"Desired capacity:{changes['desired_capacity']} must be between the specified min size:{low} "
            f"and max size:{high}"
        )
    _group_update(self, **changes)


def _terminate_instance(self: Any, instance_id: str, should_decrement: bool) -> Any:
    for group in self.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == instance_id:
                return _terminate_member(group, state, should_decrement)
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")


def _terminate_member(group: Any, state: Any, should_decrement: bool) -> Any:
    size = group.desired_capacity
    if should_decrement:
        _check_capacity(size - 1, int(group.min_size), int(group.max_size))
    lifecycle.retire(group, state)
    group.set_desired_capacity(size - 1 if should_decrement else size)
    return models.TerminateInstanceActivity(state.instance, size)


def _reconcile_for_ever() -> None:
    said = ""
    while True:
        time.sleep(_PERIOD)
        try:
            with LOCK:
                reconcile()
        except Exception as cause:
            # Tried again each round, as Auto Scaling does (a template may name a missing image); told once.
            if repr(cause) != said:
                traceback.print_exc(file=sys.stderr)
            said = repr(cause)


def reconcile() -> None:
    """One look: takes out what has ended, is unhealthy or too much, launches what is missing, and times hooks out."""
    hooks.expire()
    notices.carry_out()
    groups: dict[str, Any] = dict(autoscaling_backends[ACCOUNT][REGION].autoscaling_groups)
    for group in groups.values():
        _drop_terminated(group)
        lifecycle.admit(group)
        balancers.attend(group)
        if "ReplaceUnhealthy" in group._suspended_processes:
            continue
        for state in [s for s in group.active_instances() if s.health_status == "Unhealthy"]:
            lifecycle.retire(group, state)
        refresh.step(group)
        # Also what was protected until now: a scale-in waits for it as long as it takes.
        _settle(group)
    group_deletion.step()
    stack_updates.step()
    stack_deletion.step()


def _drop_terminated(group: Any) -> None:
    now = time.monotonic()
    for state in list(group.instance_states):
        if state.instance.state != "terminated":
            continue
        if now - _vanished.setdefault(state.instance.id, now) >= NOTICE_SECONDS:
            lifecycle.drop(group, state)
            _vanished.pop(state.instance.id)
