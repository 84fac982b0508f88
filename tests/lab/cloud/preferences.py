"""What an instance refresh is told to do, and what it does where it is not told (API Reference, RefreshPreferences)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from moto.autoscaling.exceptions import ValidationError

_PROTECTED = ("Ignore", "Wait", "Refresh")
_STANDBY = ("Terminate", "Ignore", "Wait")


@dataclass(frozen=True)
class Preferences:
    """The preferences of one refresh."""

    least: int
    # None where it was left out: that is not the same as 100.
    most: int | None
    warmup: int
    skip_matching: bool
    protected: str
    standby: str

    @classmethod
    def read(cls, given: dict[str, Any], group: Any) -> Preferences:
        """Those given for a refresh of a group."""
        most = given.get("MaxHealthyPercentage")
        least = int(given.get("MinHealthyPercentage", 90))
        _check_percentages(least, most)
        return cls(
            least=least,
            most=None if most is None else int(most),
            warmup=int(given.get("InstanceWarmup", _warmup(group))),
            skip_matching=str(given.get("SkipMatching", False)).lower() == "true",
            protected=_one_of(given, "ScaleInProtectedInstances", _PROTECTED),
            standby=_one_of(given, "StandbyInstances", _STANDBY),
        )

    def told(self) -> dict[str, Any]:
        """As a description of the refresh shows them."""
        return {
            "MinHealthyPercentage": self.least,
            "MaxHealthyPercentage": self.most,
            "InstanceWarmup": self.warmup,
            "SkipMatching": self.skip_matching,
            "ScaleInProtectedInstances": self.protected,
            "StandbyInstances": self.standby,
        }

    def extra(self, desired: int) -> int:
        """How many more than desired there may be meanwhile: at least one if more than all are allowed.

        One as well where 100 was given and none can be missing: "Auto Scaling launches a new instance before
        terminating an old one (temporarily exceeding the desired capacity)".
        """
        if self.most is not None and self.most > 100:
            return max(1, floor(desired * (self.most - 100) / 100))
        return 1 if self.most is not None and self._least_of(desired) >= desired else 0

    def floor(self, desired: int) -> int:
        """How many have to stay healthy. Where there may be none more than desired, one may always go."""
        least = self._least_of(desired)
        return least if self.extra(desired) else min(least, desired - 1)

    def _least_of(self, desired: int) -> int:
        return ceil(desired * self.least / 100)


def _warmup(group: Any) -> int:
    """The group's default warm-up if it has one, or else its grace period."""
    if group.default_instance_warmup is not None:
        return int(group.default_instance_warmup)
    return int(group.health_check_grace_period or 0)


def _check_percentages(least: int, most: Any) -> None:
    high = 100 if most is None else int(most)
    if not (0 <= least <= 100 <= high <= 200 and high - least <= 100):
        raise ValidationError(
            "MinHealthyPercentage must be from 0 to 100, MaxHealthyPercentage from 100 to 200, and at most 100 apart."
        )


def _one_of(given: dict[str, Any], name: str, values: tuple[str, ...]) -> str:
    value = str(given.get(name, "Wait"))
    if value not in values:
        field = name[0].lower() + name[1:]
        raise ValidationError(
            f"1 validation error detected: Value '{value}' at 'preferences.{field}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(values)}]"
        )
    return value
