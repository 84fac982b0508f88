"""Reads that may be old for a moment after a write, as AWS's are.

An answer comes from one of several copies of AWS's records, and each copy learns of a write in its own time. So a read may
miss a write that an earlier read has seen. How long that takes is drawn from one seed, which is told at the start.

Only machines, by their roles, are answered so: a person's command of a test reads what it has written. On AWS it may not.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import instances
from moto.ec2.responses.instances import InstanceResponse
from moto.ssm import models

from .patching import replace
from .world import utc

COPIES = 3


@dataclass(frozen=True)
class Lateness:
    """How long a kind of write takes to reach the last copy, and how many of the copies are late at all."""

    seconds: float
    share: float


# "Parameter not found" just after a create for about one read in a hundred (aws-cdk-cli, issue 830), and lists that lag by about
# a second (aws-sdk-js, issue 4349). AWS documents no bound.
PARAMETER = Lateness(1.0, 0.3)
# What a command has done may not be visible to the next one at once (EC2's developer guide, "Eventual consistency"). It gives no
# time; a person is told to wait for seconds before trying again.
INSTANCE = Lateness(2.0, 0.5)
# Tags reach an instance's description after the instance itself.
TAGS = Lateness(5.0, 0.5)
# Metadata says 404 for a role's credentials until they are there.
ROLE = Lateness(2.0, 0.3)
# Tags are disassociated from an instance that has ended, bit by bit (EC2's user guide, "Terminate Amazon EC2 instances").
ENDED_TAGS = Lateness(60.0, 1.0)
# And it is no longer listed itself, usually within an hour (API reference, DescribeInstances).
ENDED_SECONDS = 3600.0

_reader = threading.local()
_get_parameter = models.SimpleSystemManagerBackend.get_parameter
_keys = models.ParameterDict.get_keys_beginning_with
_describe = InstanceResponse.describe_instances
_tags = instances.Instance.get_tags
_terminate = instances.Instance.terminate
_ended: dict[str, float] = {}


seed: int | None = None
_lock = threading.Lock()
_random = random.Random()


def by_seed(given: int) -> None:
    """Has reads be late as this number has it; without it they never are."""
    global seed
    seed = given
    _random.seed(given)


@contextlib.contextmanager
def answering(for_role: bool) -> Iterator[None]:
    """Has one copy answer what is asked meanwhile in this thread."""
    with _lock:
        number = _random.randrange(COPIES)
    _reader.place = (seed, number) if for_role and seed is not None else None
    try:
        yield
    finally:
        _reader.place = None


def install() -> None:
    """Puts the changes into moto."""
    replace(models.SimpleSystemManagerBackend, get_parameter=_older_parameter)
    replace(models.ParameterDict, get_keys_beginning_with=_known_keys)
    replace(InstanceResponse, describe_instances=_describe_known)
    replace(instances.Instance, get_tags=_known_tags, terminate=_noted_end)


def is_known(what: str, written: float, lateness: Lateness) -> bool:
    """Whether the copy that answers now knows of a write: always, where nothing that may be late is asked."""
    place = getattr(_reader, "place", None)
    return place is None or time.time() >= written + delay(*place, what, lateness)


def has_come(what: str, since: float, lateness: Lateness) -> bool:
    """Whether something is there that comes late once, and is not read from copies."""
    return seed is None or time.time() >= since + delay(seed, 0, what, lateness)


def delay(seed: int, number: int, what: str, lateness: Lateness) -> float:
    """How many seconds a copy learns of a write late."""
    drawn = hashlib.sha256(f"{seed} {number} {what}".encode()).digest()
    is_late = int.from_bytes(drawn[:4]) < lateness.share * 2**32
    return lateness.seconds * int.from_bytes(drawn[4:8]) / 2**32 if is_late else 0.0


def _older_parameter(self: Any, name: str) -> Any:
    """The last version that the copy knows. A version that is named is asked for on purpose, and AWS's own have been there."""
    if ":" in name or name.startswith("/aws/") or name not in self._parameters:
        return _get_parameter(self, name)
    return _last_known(name, self._parameters[name])


def _last_known(name: str, versions: list[Any]) -> Any:
    def known(version: Any) -> bool:
        return is_known(f"{name} {version.version}", utc(version.last_modified_date).timestamp(), PARAMETER)

    return next(filter(known, reversed(versions)), None)


def _known_keys(self: Any, path: str, recursive: bool) -> Iterator[str]:
    found = _keys(self, path, recursive)
    return (name for name in found if name.startswith("/aws/") or _last_known(name, self[name]) is not None)


def _describe_known(self: Any) -> Any:
    """Without instances that the copy does not know yet, and those that ended long ago."""
    answer = _describe(self)
    shown = []
    for reservation in answer.result["Reservations"]:
        seen = copy.copy(reservation)
        seen.instances = [instance for instance in reservation.instances if _is_there(instance)]
        if not seen.instances and self._get_param("InstanceIds", []):
            raise InvalidInstanceIdError([instance.id for instance in reservation.instances])
        shown += [seen] if seen.instances else []
    answer.result["Reservations"] = shown
    return answer


def _is_there(instance: Any) -> bool:
    has_gone = time.time() >= _ended.get(instance.id, float("inf")) + ENDED_SECONDS
    return not has_gone and is_known(instance.id, utc(instance.launch_time).timestamp(), INSTANCE)


def _known_tags(self: Any) -> Any:
    what = f"tags of {self.id}"
    if not is_known(what, utc(self.launch_time).timestamp(), TAGS):
        return []
    ended = _ended.get(self.id)
    place = getattr(_reader, "place", None)
    if ended is not None and place is not None and time.time() >= ended + delay(*place, what, ENDED_TAGS):
        return []
    return _tags(self)


def _noted_end(self: Any) -> Any:
    _ended.setdefault(self.id, time.time())
    return _terminate(self)
