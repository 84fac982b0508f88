"""Faults on demand: which requests are throttled, denied, failed, delayed, answered oddly, at another time or not at all."""

from __future__ import annotations

import fnmatch
import itertools
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .machines import Machine, cluster_of, zone_of

EFFECTS = ("throttle", "deny", "error", "delay", "late", "drop", "skew", "answer", "pages")
# These change an answer and do not stand in for it. What is delayed is done late; of what is late only the answer is.
WITH_AN_ANSWER = ("delay", "late", "skew", "answer", "pages")
DROP_SECONDS = 60.0


@dataclass(frozen=True)
class Call:
    """What a fault can be matched against."""

    service: str
    action: str
    targets: tuple[str, ...]
    machine: Machine | None
    instances: tuple[str, ...] = ()

    def needs_zone(self, zone: str) -> bool:
        """Whether EC2 has to look into this zone: where no ids are given, whatever the filters, it looks into all."""
        if not self.action.startswith("DescribeInstance"):
            return False
        return not self.instances or any(zone_of(instance) == zone for instance in self.instances)

    def clusters(self) -> set[str]:
        """The clusters the call comes from or is about."""
        own = self.machine.clusters() if self.machine else set()
        named = {cluster_of(t) for t in self.targets}
        named |= {t.split("/")[2] for t in self.targets if t.startswith("/swarmlet/")}
        return (own | named) - {""}


@dataclass(frozen=True)
class Fault:
    """One fault, as it was posted."""

    id: str
    service: str
    effect: str
    action: str | None = None
    cluster: str | None = None
    instance: str | None = None
    target: str | None = None
    zone: str | None = None
    reason: str | None = None
    per_second: float | None = None
    per_page: int | None = None
    delay_ms: int | None = None
    skew_seconds: float | None = None
    seconds: float | None = None
    since_launch_seconds: float | None = None
    body: str | None = None
    merge: dict[str, Any] | None = None
    created: float = field(default_factory=time.time)

    def is_over(self) -> bool:
        """Whether its time has run out."""
        return self.seconds is not None and time.time() >= self.created + self.seconds

    def hits(self, call: Call) -> bool:
        """Whether the call is one of those it was made for."""
        return (
            self.service in ("*", call.service)
            and self.action in (None, call.action)
            and (self.cluster is None or self.cluster in call.clusters())
            and (self.instance is None or (call.machine is not None and call.machine.instance_id == self.instance))
            and (self.target is None or any(fnmatch.fnmatchcase(t, self.target) for t in call.targets))
            and (self.zone is None or call.needs_zone(self.zone))
            and (self.since_launch_seconds is None or self._is_young(call.machine))
        )

    def _is_young(self, machine: Machine | None) -> bool:
        return machine is not None and time.time() < machine.launched + (self.since_launch_seconds or 0)


class Bucket:
    """A token bucket: so many requests a second, and at most its size at once; those that are refused use nothing up."""

    def __init__(self, rate: float, size: float | None = None) -> None:
        self._rate = rate
        self._size = max(rate, 1.0) if size is None else size
        self._tokens = self._size
        self._filled = time.monotonic()

    def take(self) -> bool:
        """Takes one, if there is one."""
        now = time.monotonic()
        self._tokens = min(self._size, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Faults:
    """The faults now in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}
        self._ids = itertools.count(1)
        self._buckets: dict[str, Bucket] = {}

    def add(self, posted: dict[str, Any]) -> Fault:
        """Puts a fault in force. Raises ValueError where it is not well formed."""
        known = set(Fault.__dataclass_fields__) - {"id", "created"}
        if unknown := set(posted) - known:
            raise ValueError(f"cannot add the fault: unknown {', '.join(sorted(unknown))}; known are {sorted(known)}")
        if posted.get("effect") not in EFFECTS:
            raise ValueError(f"cannot add the fault: effect must be one of {', '.join(EFFECTS)}")
        if not isinstance(posted.get("service"), str):
            raise ValueError("cannot add the fault: service must be given, '*' for all")
        if posted["effect"] in ("delay", "late") and posted.get("delay_ms") is None:
            raise ValueError("cannot add the fault: a delay needs delay_ms")
        if posted["effect"] == "late" and posted["service"] in ("*", "imds"):
            raise ValueError("cannot add the fault: only a service of the AWS API does something and answers late")
        if posted["effect"] == "skew" and posted.get("skew_seconds") is None:
            raise ValueError("cannot add the fault: a skew needs skew_seconds")
        if posted["effect"] == "answer":
            _check_answer(posted)
        if posted["effect"] == "pages" and not posted.get("per_page"):
            raise ValueError("cannot add the fault: pages need per_page")
        for name, effect in (("per_second", "throttle"), ("reason", "deny"), ("per_page", "pages")):
            if posted.get(name) is not None and posted["effect"] != effect:
                raise ValueError(f"cannot add the fault: {name} belongs to the effect {effect}")
        if posted.get("zone") is not None and posted["service"] != "ec2":
            raise ValueError("cannot add the fault: only ec2 looks into zones")
        for name in ("delay_ms", "per_second", "per_page", "skew_seconds", "seconds", "since_launch_seconds"):
            if not isinstance(posted.get(name), int | float | None):
                raise ValueError(f"cannot add the fault: {name} must be a number")
        fault = Fault(id=f"f{next(self._ids)}", **posted)
        with self._lock:
            self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Ends a fault; False where there is none of that id."""
        with self._lock:
            return self._faults.pop(fault_id, None) is not None

    def all(self) -> list[dict[str, Any]]:
        """The faults in force, oldest first."""
        return [asdict(fault) for fault in self._current()]

    def strike(self, call: Call) -> str | None:
        """The effect of the fault that strikes the call, if one does."""
        fault = self.striking(call)
        return fault.effect if fault else None

    def striking(self, call: Call) -> Fault | None:
        """Waits out the delays that hit the call; then the first fault with another effect on it, if any."""
        hits = [fault for fault in self._current() if fault.hits(call)]
        time.sleep(sum(f.delay_ms or 0 for f in hits if f.effect == "delay") / 1000)
        fault = next((f for f in hits if f.effect not in WITH_AN_ANSWER and not self._lets_through(f)), None)
        if fault is not None and fault.effect == "drop":
            time.sleep(DROP_SECONDS)
        return fault

    def lateness(self, call: Call) -> float:
        """How many seconds the answer comes after what was asked is done."""
        return sum(f.delay_ms or 0 for f in self._current() if f.effect == "late" and f.hits(call)) / 1000

    def _lets_through(self, fault: Fault) -> bool:
        """Whether a limit of so many requests a second is not reached yet."""
        if fault.per_second is None:
            return False
        with self._lock:
            return self._buckets.setdefault(fault.id, Bucket(fault.per_second)).take()

    def skew(self, call: Call) -> float:
        """How many seconds AWS's clock is ahead for the call."""
        return sum(f.skew_seconds or 0 for f in self._current() if f.effect == "skew" and f.hits(call))

    def page_size(self, call: Call) -> int | None:
        """How much of a list one answer holds at most, whatever the caller asks for."""
        return min((f.per_page for f in self._current() if f.per_page and f.hits(call)), default=None)

    def rewritten(self, call: Call, body: str | bytes | None) -> str | bytes | None:
        """What metadata says in place of its answer; None where there is nothing. A body stands for all of it, what is
        merged changes members of a JSON object."""
        for fault in self._current():
            if fault.effect == "answer" and fault.hits(call):
                if fault.body is not None:
                    body = fault.body
                elif body is not None and fault.merge is not None:
                    body = json.dumps(json.loads(body) | fault.merge, indent=2)
        return body

    def _current(self) -> Iterable[Fault]:
        with self._lock:
            self._faults = {i: f for i, f in self._faults.items() if not f.is_over()}
            return list(self._faults.values())


def _check_answer(posted: dict[str, Any]) -> None:
    if posted["service"] != "imds":
        raise ValueError("cannot add the fault: only imds answers oddly on demand")
    body, merge = posted.get("body"), posted.get("merge")
    if (body is None) == (merge is None):
        raise ValueError("cannot add the fault: an answer needs body or merge, one of them")
    if not isinstance(body, str | None) or not isinstance(merge, dict | None):
        raise ValueError("cannot add the fault: body must be a text, merge an object")
