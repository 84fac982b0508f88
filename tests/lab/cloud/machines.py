"""Instances as the lab sees them: plain facts, read from moto's records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from . import lifecycle
from .interfaces import has_address
from .world import LOCK, ec2, utc

GROUP_TAG = "aws:autoscaling:groupName"
TEMPLATE_TAG = "aws:ec2launchtemplate:id"

# Answers on loopback have no instance's source address; tests map one to an instance here.
_aliases: dict[str, str] = {}
_reboots: dict[str, int] = {}


@dataclass(frozen=True)
class Machine:
    """One instance, as ``/lab/machines`` tells it."""

    instance_id: str
    state: str
    private_ip: str
    mac: str
    image_id: str
    boots: int
    tags: dict[str, str]
    group: str | None
    lifecycle_state: str | None
    protected: bool
    zone: str
    subnet_cidr: str
    launched: float

    def as_json(self) -> dict[str, Any]:
        """The machine as the admin API shows it."""
        return asdict(self)

    def clusters(self) -> set[str]:
        """The names of the clusters it belongs to: by its tag, its group's name or its launch template's."""
        names = {self.tags.get("swarm:cluster", "")}
        owners = [self.group or ""]
        template = ec2().launch_templates.get(self.tags.get(TEMPLATE_TAG, ""))
        owners += [template.name] if template else []
        names |= {cluster_of(owner) for owner in owners}
        return names - {""}


def cluster_of(name: str) -> str:
    """The cluster that a group or launch template named ``<cluster>-<role>`` belongs to; empty if none."""
    cluster, _, role = name.rpartition("-")
    return cluster if role in ("manager", "worker") else ""


def all_machines() -> list[Machine]:
    """Every instance of the session, terminated ones too."""
    with LOCK:
        members = lifecycle.members()
        return [_machine(i, members) for r in ec2().reservations.values() for i in r.instances]


def zone_of(instance_id: str) -> str | None:
    """The zone of an instance, ended or not; None where there is none of that id."""
    found = (i for r in ec2().reservations.values() for i in r.instances if i.id == instance_id)
    instance = next(found, None)
    return instance.placement.zone if instance else None


def instance_at(address: str) -> Any | None:
    """moto's record of the pending or running instance with this address, on whichever interface."""
    with LOCK:
        alias = _aliases.get(address)
        every = [i for r in ec2().reservations.values() for i in r.instances if i.state in ("pending", "running")]
        if alias:
            return next((i for i in every if i.id == alias), None)
        # Nearly every request comes from a primary address, and that is looked up quickly.
        primary = next((i for i in every if i.private_ip == address), None)
        return primary or next((i for i in every if has_address(i, address)), None)


def machine_at(address: str) -> Machine | None:
    """The pending or running machine with this address."""
    with LOCK:
        instance = instance_at(address)
        return _machine(instance, lifecycle.members()) if instance else None


def set_alias(address: str, instance_id: str | None) -> None:
    """Makes a loopback source address stand for an instance, or for none."""
    if not address.startswith("127."):
        raise ValueError(f"cannot map {address}: only loopback addresses (127.…) can stand for an instance")
    if instance_id is None:
        _aliases.pop(address, None)
    else:
        _aliases[address] = instance_id


def count_reboot(instance_id: str) -> None:
    """Notes a reboot that the hypervisor has to carry out."""
    _reboots[instance_id] = _reboots.get(instance_id, 0) + 1


def tags_of(instance: Any) -> dict[str, str]:
    """An instance's tags, without moto's slow search."""
    return dict(ec2().tags.get(instance.id, {}))


def _machine(instance: Any, members: dict[str, Any]) -> Machine:
    tags = tags_of(instance)
    member = members.get(instance.id)
    return Machine(
        instance_id=instance.id,
        state=instance.state,
        private_ip=instance.private_ip,
        mac=instance.nics[0].mac_address,
        image_id=instance.image_id,
        boots=1 + _reboots.get(instance.id, 0),
        tags=tags,
        group=tags.get(GROUP_TAG),
        lifecycle_state=member.lifecycle_state if member else None,
        protected=bool(member and member.protected_from_scale_in),
        zone=instance.placement.zone,
        subnet_cidr=ec2().get_subnet(instance.subnet_id).cidr_block,
        launched=utc(instance.launch_time).timestamp(),
    )
