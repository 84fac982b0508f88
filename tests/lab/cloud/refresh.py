"""Instance refreshes: all instances of a group replaced, some at a time, while enough of them stay healthy.

Those that are protected from scale-in are replaced, left as they are, or waited for, as the preferences say
(Auto Scaling User Guide, "Understand the default values for an instance refresh").
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from . import lifecycle, patience
from .patching import add
from .preferences import Preferences
from .protection import is_protected

_GOING_ON = ("Pending", "InProgress")
# New instances that end before they are healthy, until a refresh gives up.
_MAX_LOST = 3


@dataclass
class Refresh:
    """One refresh of one group."""

    group: Any
    preferences: Preferences
    # All that were there when it began, and those of them that it replaces.
    before: set[str]
    old: set[str]
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "Pending"
    reason: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    total: int = field(init=False)
    left: int = field(init=False)
    new: set[str] = field(default_factory=set)
    lost: int = 0
    blocked: float | None = None

    def __post_init__(self) -> None:
        self.total = self.left = len(self.old)

    def end(self, status: str, reason: str | None = None) -> None:
        """Comes to its end."""
        self.status, self.reason, self.ended = status, reason, datetime.now(UTC)

    def is_going_on(self) -> bool:
        """Whether it has not come to its end."""
        return self.status in _GOING_ON

    def is_healthy(self, state: Any) -> bool:
        """In service, and one that it launched also warmed up."""
        if state.lifecycle_state != "InService" or state.health_status != "Healthy":
            return False
        age = time.monotonic() - getattr(state, "in_service_since", 0.0)
        return state.instance.id in self.before or age >= self.preferences.warmup

    def left_alone(self, state: Any) -> bool:
        """Whether it does not replace this one now, although it is old."""
        return is_protected(state) and self.preferences.protected != "Refresh"


_refreshes: dict[str, list[Refresh]] = {}


def install() -> None:
    """Gives moto the three calls it lacks."""
    add(
        AutoScalingResponse,
        start_instance_refresh=_start,
        describe_instance_refreshes=_describe,
        cancel_instance_refresh=_cancel,
    )


def surge(group: Any) -> int:
    """How many instances the group has beyond its desired capacity for the sake of a refresh."""
    refresh = _current(group.name)
    if refresh is None or refresh.status == "Pending":
        return 0
    return min(refresh.preferences.extra(group.desired_capacity), len(_replaceable(refresh)))


def step(group: Any) -> None:
    """One look at a group's refresh: ends as many old instances as may go. The reconciler launches the new ones."""
    refresh = _current(group.name)
    if refresh is None:
        return
    refresh.status = "InProgress"
    active = group.active_instances()
    healthy = [state for state in active if refresh.is_healthy(state)]
    _note_new(refresh, active, healthy)
    old = _replaceable(refresh)
    # Those that are not healthy first: nothing is lost with them.
    old.sort(key=lambda state: (state in healthy, state.instance.launch_time))
    spare = len(healthy) - refresh.preferences.floor(group.desired_capacity)
    for state in old:
        spare -= state in healthy
        if spare >= 0:
            lifecycle.retire(group, state)
    _note_progress(refresh, group.active_instances())


def forget(group_name: str) -> None:
    """Ends what goes on for a group that is deleted."""
    for refresh in _refreshes.pop(group_name, []):
        if refresh.is_going_on():
            refresh.end("Cancelled", "The group was deleted.")


def _current(group_name: str) -> Refresh | None:
    return next((r for r in _refreshes.get(group_name, []) if r.is_going_on()), None)


def _old_ones(refresh: Refresh) -> list[Any]:
    return [state for state in refresh.group.active_instances() if state.instance.id in refresh.old]


def _replaceable(refresh: Refresh) -> list[Any]:
    return [state for state in _old_ones(refresh) if not refresh.left_alone(state)]


def _note_new(refresh: Refresh, active: list[Any], healthy: list[Any]) -> None:
    present = {state.instance.id for state in active}
    refresh.lost += len(refresh.new - present)
    well = {state.instance.id for state in healthy}
    refresh.new = present - refresh.old - well


def _note_progress(refresh: Refresh, active: list[Any]) -> None:
    if refresh.lost >= _MAX_LOST:
        refresh.end("Failed", f"{refresh.lost} replacement instances ended before they were in service.")
        return
    healthy = [s for s in active if refresh.is_healthy(s) and s.instance.id not in refresh.old]
    kept = [s for s in active if s.instance.id in refresh.old and refresh.left_alone(s)]
    ignored, waited = ([], kept) if refresh.preferences.protected == "Wait" else (kept, [])
    members = {state.instance.id for state in refresh.group.instance_states}
    here = len(members & refresh.old) - len(ignored)
    unready = max(0, int(refresh.group.desired_capacity) - len(healthy) - len(ignored))
    refresh.left = min(refresh.left, max(here, min(unready, refresh.total)))
    if not here and not unready:
        refresh.end("Successful")
    else:
        _note_what_holds_it(refresh, active, waited if here == len(waited) and unready <= len(waited) else [])


def _note_what_holds_it(refresh: Refresh, active: list[Any], protected: list[Any]) -> None:
    """All that can be replaced is, and it waits for protection to be taken back; after an hour it has failed.

    "The instance refresh replaces all unprotected instances and waits one hour. Then, if any scale-in protected
    instances remain, the instance refresh fails" (User Guide, "Start an instance refresh"). How the reasons are worded
    is from there, and from what others have seen; what AWS says once it has failed is not known: the same here.
    """
    if protected:
        refresh.reason = (
            f"Waiting for remaining instances to be available. For example: {protected[0].instance.id} is protected. "
            "Remove instance scale-in protection to continue."
        )
        refresh.blocked = refresh.blocked or time.monotonic()
        if time.monotonic() - refresh.blocked >= patience.seconds:
            refresh.end("Failed", refresh.reason)
        return
    refresh.blocked = None
    new = [s for s in active if s.lifecycle_state == "InService" and not refresh.is_healthy(s)]
    refresh.reason = (
        f"Waiting for instances to warm up before continuing. For example: {new[0].instance.id} is warming up."
        if new
        else None
    )


def begin(group: Any, given: dict[str, Any]) -> Refresh:
    """Starts to replace a group's instances, those that match what it launches only if the preferences say so."""
    preferences = Preferences.read(given, group)
    states = group.active_instances()
    before = {state.instance.id for state in states}
    if preferences.skip_matching:
        states = [state for state in states if state.launch_template != lifecycle.template_of(group)]
    refresh = Refresh(group, preferences, before, {state.instance.id for state in states})
    _refreshes.setdefault(group.name, []).insert(0, refresh)
    return refresh


def _start(self: Any) -> ActionResult:
    name = self._get_param("AutoScalingGroupName")
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    if _current(name) is not None:
        raise AutoscalingClientError(
            "InstanceRefreshInProgressFault",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )
    refresh = begin(group, self._get_param("Preferences", {}) or {})
    return ActionResult({"InstanceRefreshId": refresh.id})


def _describe(self: Any) -> ActionResult:
    """The newest first."""
    wanted = self._get_param("InstanceRefreshIds", [])
    found = _refreshes.get(self._get_param("AutoScalingGroupName"), [])
    return ActionResult({"InstanceRefreshes": [_told(r) for r in found if not wanted or r.id in wanted]})


def _told(refresh: Refresh) -> dict[str, Any]:
    done = refresh.total - refresh.left
    return {
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": refresh.group.name,
        "Status": refresh.status,
        "StatusReason": refresh.reason,
        "StartTime": refresh.started,
        "EndTime": refresh.ended,
        "PercentageComplete": 100 if refresh.status == "Successful" else 100 * done // max(1, refresh.total),
        "InstancesToUpdate": refresh.left,
        "Preferences": refresh.preferences.told(),
        "Strategy": "Rolling",
    }


def _cancel(self: Any) -> ActionResult:
    """What was replaced stays so; what is there beyond the desired capacity goes."""
    name = self._get_param("AutoScalingGroupName")
    refresh = _current(name)
    if refresh is None:
        raise AutoscalingClientError(
            "ActiveInstanceRefreshNotFoundFault",
            f"No in progress or pending Instance Refresh found for Auto Scaling group {name}",
        )
    refresh.end("Cancelled", "Cancelled due to user request.")
    refresh.group.set_desired_capacity(refresh.group.desired_capacity)
    return ActionResult({"InstanceRefreshId": refresh.id})
