"""What an instance's metadata announces to it: a spot interruption, a rebalance, maintenance, a target state.

Given through the admin API. A notice with a time is carried out when the time comes, unless it is one to tell only.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .world import LOCK, ec2

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_EVENT_TIME = "%d %b %Y %H:%M:%S GMT"
_EVENT_LASTS = timedelta(hours=2)
SPOT_ACTIONS = ("terminate", "stop", "hibernate")
EVENT_STATES = ("active", "completed", "canceled")
# What an event does to an instance whose root is a volume, when its time comes.
EVENTS = {
    "instance-stop": ("The instance is running on degraded hardware", "stop"),
    "instance-retirement": ("The instance is running on degraded hardware", "stop"),
    "instance-reboot": ("scheduled instance reboot", "reboot"),
    "system-reboot": ("scheduled reboot", "reboot"),
    "system-maintenance": ("scheduled network maintenance", None),
}
_WARMED = tuple(f"Warmed:{state}" for state in ("Running", "Stopped", "Hibernated", "Terminated"))
TARGETS = ("InService", "Standby", "Detached", "Terminated", *_WARMED)


@dataclass
class Notice:
    """One notice, as it was posted."""

    instance: str
    kind: str
    action: str | None = None
    code: str = "instance-stop"
    description: str | None = None
    state: str = "active"
    target: str | None = None
    seconds: float = 0.0
    carry_out: bool = True
    event: str = field(default_factory=lambda: f"instance-event-{secrets.token_hex(8)}0")
    given: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def due(self) -> datetime:
        """When what it announces happens."""
        return self.given + timedelta(seconds=self.seconds)


_notices: list[Notice] = []


def give(posted: dict[str, Any]) -> dict[str, str]:
    """Gives a notice; another of its kind is replaced, but for maintenance events, which are told apart by name."""
    known = set(Notice.__dataclass_fields__) - {"given"}
    if unknown := set(posted) - known:
        raise ValueError(f"cannot give the notice: unknown {', '.join(sorted(unknown))}; known are {sorted(known)}")
    notice = Notice(**posted)
    _check(notice)
    with LOCK:
        _forget(notice.instance, notice.kind, notice.event if notice.kind == "maintenance" else None)
        _notices.append(notice)
    return {"event": notice.event}


def take_back(instance: str, kind: str | None = None) -> None:
    """Takes an instance's notices back: all of them, or those of a kind."""
    with LOCK:
        _forget(instance, kind)


def all_notices() -> list[dict[str, Any]]:
    """Every notice that is given now, oldest first."""
    with LOCK:
        return [asdict(n) | {"given": n.given.timestamp(), "due": n.due.timestamp()} for n in _notices]


def target(instance: str, state: str | None) -> str | None:
    """The target state that metadata shows: the one set by hand, unless the instance is leaving."""
    by_hand = next((n.target for n in _notices if n.instance == instance and n.kind == "target"), None)
    return state if by_hand is None or state == "Terminated" else by_hand


def metadata(instance: str) -> Iterator[tuple[str, str]]:
    """The notices as paths and values below ``meta-data``."""
    own = [n for n in _notices if n.instance == instance]
    for notice in own:
        due = notice.due.strftime(_TIME)
        if notice.kind == "spot":
            yield "spot/instance-action", json.dumps({"action": notice.action, "time": due})
            if notice.action == "terminate":
                yield "spot/termination-time", due
        if notice.kind == "rebalance":
            yield "events/recommendations/rebalance", json.dumps({"noticeTime": notice.given.strftime(_TIME)})
    if events := [_event(n) for n in own if n.kind == "maintenance"]:
        yield "events/maintenance/scheduled", json.dumps(events, indent=2)


def carry_out() -> None:
    """Does what is due, and forgets what was told to instances that are gone."""
    now = datetime.now(UTC)
    for notice in list(_notices):
        instance = ec2().get_instance(notice.instance)
        if instance.state == "terminated":
            _notices.remove(notice)
        elif notice.kind in ("spot", "maintenance") and notice.carry_out and notice.due <= now:
            notice.carry_out = False
            if notice.state == "active":
                _do(notice, instance)


def _do(notice: Notice, instance: Any) -> None:
    action = notice.action if notice.kind == "spot" else EVENTS[notice.code][1]
    if notice.kind == "maintenance":
        notice.state = "completed"
    else:
        _notices.remove(notice)
    if action == "terminate":
        ec2().terminate_instances([instance.id])
    elif action and instance.state == "running":
        change = ec2().reboot_instances if action == "reboot" else ec2().stop_instances
        change([instance.id])


def _event(notice: Notice) -> dict[str, str]:
    return {
        "NotBefore": notice.due.strftime(_EVENT_TIME),
        "Code": notice.code,
        "Description": notice.description or EVENTS[notice.code][0],
        "EventId": notice.event,
        "NotAfter": (notice.due + _EVENT_LASTS).strftime(_EVENT_TIME),
        "State": notice.state,
    }


def _forget(instance: str, kind: str | None, event: str | None = None) -> None:
    _notices[:] = [
        n
        for n in _notices
        if n.instance != instance or kind not in (None, n.kind) or (event is not None and n.event != event)
    ]


def _check(notice: Notice) -> None:
    with LOCK:
        known = {i.id for r in ec2().reservations.values() for i in r.instances if i.state != "terminated"}
    if notice.kind == "spot":
        notice.action = notice.action or "terminate"
    wrong = {
        "instance": notice.instance not in known,
        "kind": notice.kind not in ("spot", "rebalance", "maintenance", "target"),
        "action": notice.kind == "spot" and notice.action not in SPOT_ACTIONS,
        "code": notice.code not in EVENTS,
        "state": notice.state not in EVENT_STATES,
        "target": notice.kind == "target" and notice.target not in TARGETS,
        "seconds": not isinstance(notice.seconds, int | float),
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        raise ValueError(f"cannot give the notice: {name} cannot be {getattr(notice, name)!r}")
