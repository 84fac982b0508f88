"""Groups of spot and on-demand instances: which of the two the next instance is, and of which type."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What to launch."""

    instance_type: str
    spot: bool

    @property
    def market(self) -> dict[str, str] | None:
        """As a launch's market options say it."""
        return {"MarketType": "spot"} if self.spot else None


def next_of(group: Any) -> Kind:
    """The next instance of a group: on demand up to the policy's base, beyond it in the policy's proportion."""
    policy = group.mixed_instances_policy
    if not policy:
        return Kind(group.instance_type, spot=False)
    active = group.active_instances()
    on_demand = sum(1 for state in active if state.instance.lifecycle != "spot")
    spot = on_demand >= _on_demand_of(policy.get("InstancesDistribution", {}), len(active) + 1)
    types = [o["InstanceType"] for o in policy["LaunchTemplate"].get("Overrides", [])] or [group.instance_type]
    # By the list's order on demand; spot pools are not told apart here, so each type in turn.
    return Kind(types[len(active) % len(types)] if spot else types[0], spot)


def _on_demand_of(distribution: dict[str, Any], count: int) -> int:
    """How many of so many instances are to be on demand; a part of one counts as one."""
    base = min(int(distribution.get("OnDemandBaseCapacity", 0)), count)
    percentage = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    return base + ceil((count - base) * percentage / 100)
