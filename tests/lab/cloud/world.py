"""The account the lab lives in: its VPC, its subnets, its images, and the lock that guards them all."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends

from . import ACCOUNT, REGION

VPC_CIDR = "10.98.0.0/16"
SUBNETS = {
    "us-east-1a": "10.98.16.0/20",
    "us-east-1b": "10.98.32.0/20",
    "us-east-1c": "10.98.48.0/20",
}
IMAGES = {
    "baked": "ami-0ba1ed00000000001",
    "plain": "ami-0ba1ed00000000002",
    "bookworm": "ami-0ba1ed00000000003",
    "cloud_init": "ami-0ba1ed00000000004",
    "stock": "ami-0ba1ed00000000013",
    "dnf": "ami-0ba1ed00000000005",
    "bare": "ami-0ba1ed00000000006",
    "forky": "ami-0ba1ed00000000007",
    "vm": "ami-0ba1ed00000000008",
}

# moto's records are plain dictionaries. Every reader and writer of them holds this lock, so that concurrent
# calls see each other's effect whole: of two creates of one parameter exactly one wins.
LOCK = threading.RLock()


@dataclass(frozen=True)
class World:
    """Ids of what was made at the start."""

    vpc_id: str
    subnet_ids: list[str]


def utc(moment: datetime) -> datetime:
    """A moment of moto's, which leaves out that it means UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ec2() -> Any:
    """moto's EC2 of the lab's account and region."""
    return ec2_backends[ACCOUNT][REGION]


def build() -> World:
    """Makes the lab's VPC the account's default one, in place of the VPC that moto starts with."""
    backend = ec2()
    _remove_default_vpc(backend)
    vpc = backend.create_vpc(VPC_CIDR, is_default=True)
    vpc.enable_dns_hostnames = "true"
    subnets = [backend.create_subnet(vpc.id, cidr, availability_zone=zone) for zone, cidr in SUBNETS.items()]
    for subnet in subnets:
        subnet.default_for_az = True
        subnet.map_public_ip_on_launch = False
    return World(vpc_id=vpc.id, subnet_ids=[subnet.id for subnet in subnets])


def _remove_default_vpc(backend: Any) -> None:
    vpc = backend.get_default_vpc()
    if vpc is None:
        return
    for subnet in backend.describe_subnets(filters={"vpc-id": vpc.id}):
        backend.delete_subnet(subnet.id)
    backend.vpcs.pop(vpc.id)
