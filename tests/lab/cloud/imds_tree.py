"""What an instance's metadata holds: a flat map of paths to values, read from moto's records."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import InstanceProfile
from moto.sts.models import AssumedRole, sts_backends

from . import ACCOUNT, PARTITION, REGION, copies, lifecycle, notices
from .interfaces import addresses, prefixes
from .machines import tags_of
from .world import VPC_CIDR, ec2, utc

Tree = dict[str, str | bytes]

_SESSION_SECONDS = 6 * 3600
_RENEW_BEFORE = timedelta(minutes=15)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_sessions: dict[tuple[str, str], AssumedRole] = {}


def tree(instance: Any) -> Tree:
    """Everything under a version's root, for one instance."""
    data: Tree = {}
    for part in (_identity, _keys, _network, _tags, _autoscaling, _notices, _iam):
        data |= {f"meta-data/{path}": value for path, value in part(instance).items()}
    data["dynamic/instance-identity/document"] = _identity_document(instance)
    if instance.user_data:
        data["user-data"] = base64.b64decode(str(instance.user_data))
    return data


def children(data: Tree, path: str) -> list[str]:
    """The entries of a folder, as the service lists them; empty where there is no such folder."""
    prefix = f"{path}/" if path else ""
    # A tag's key is one name, though it may look like a path of its own.
    names: dict[str, bool] = {}
    for key in data:
        if key.startswith(prefix):
            name, slash, _ = key[len(prefix) :].partition("/")
            names[name] = names.get(name, False) or bool(slash)
    return [f"{name}/" if is_folder else name for name, is_folder in sorted(names.items())]


def _identity(instance: Any) -> Tree:
    return {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "block-device-mapping/ami": instance.root_device_name,
        "block-device-mapping/root": instance.root_device_name,
        "hostname": instance.private_dns_name,
        "instance-id": instance.id,
        "instance-life-cycle": instance.lifecycle or "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": instance.private_dns_name,
        "local-ipv4": instance.private_ip,
        "placement/availability-zone": instance.placement.zone,
        "placement/availability-zone-id": _subnet(instance).availability_zone_id,
        "placement/region": REGION,
        "profile": "default-hvm",
        "security-groups": "\n".join(group.name for group in instance.security_groups),
        "services/domain": "amazonaws.com",
        "services/partition": PARTITION,
    }


def _keys(instance: Any) -> Tree:
    key = ec2().key_pairs.get(instance.key_name) if instance.key_name else None
    if key is None:
        return {}
    # The list shows numbers with names, the folders below it have only the numbers.
    listed = f"0={key.key_name}"
    text = f"{key.public_key.strip()} {key.key_name}"
    return {"public-keys": listed, "public-keys/": listed, "public-keys/0/openssh-key": text}


def _network(instance: Any) -> Tree:
    data: Tree = {"mac": instance.nics[0].mac_address}
    for device, interface in instance.nics.items():
        under = f"network/interfaces/macs/{interface.mac_address}"
        facts = _interface(instance, interface) | {"device-number": str(device)}
        data |= {f"{under}/{name}": value for name, value in facts.items()}
    return data


def _interface(instance: Any, interface: Any) -> dict[str, str]:
    subnet = interface.subnet
    groups = interface.group_set or instance.security_groups
    facts = {
        "interface-id": interface.id,
        "local-hostname": interface.private_dns_name,
        "local-ipv4s": "\n".join(addresses(interface)),
        "mac": interface.mac_address,
        "owner-id": ACCOUNT,
        "security-group-ids": "\n".join(group.id for group in groups),
        "security-groups": "\n".join(group.name for group in groups),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": subnet.cidr_block,
        "vpc-id": subnet.vpc_id,
        "vpc-ipv4-cidr-block": VPC_CIDR,
        "vpc-ipv4-cidr-blocks": VPC_CIDR,
        "ipv6s": "\n".join(interface.ipv6_addresses),
        "ipv4-prefix": "\n".join(prefixes(interface, 4)),
        "ipv6-prefix": "\n".join(prefixes(interface, 6)),
    }
    return {name: value for name, value in facts.items() if value}


def _tags(instance: Any) -> Tree:
    if instance.metadata_options.instance_metadata_tags != "enabled":
        return {}
    return {f"tags/instance/{key}": value for key, value in tags_of(instance).items()}


def _autoscaling(instance: Any) -> Tree:
    state = notices.target(instance.id, lifecycle.target_state(instance.id))
    return {"autoscaling/target-lifecycle-state": state} if state else {}


def _notices(instance: Any) -> Tree:
    return dict(notices.metadata(instance.id))


def _iam(instance: Any) -> Tree:
    association = ec2().iam_instance_profile_associations.get(instance.id)
    launched = utc(instance.launch_time).timestamp()
    if association is None or not copies.has_come(f"role of {instance.id}", launched, copies.ROLE):
        return {}
    profile: InstanceProfile = association.iam_instance_profile
    info = {
        "Code": "Success",
        "LastUpdated": instance.launch_time.strftime(_TIME),
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }
    data: Tree = {"iam/info": json.dumps(info, indent=2)}
    if profile.roles:
        role = profile.roles[0]
        data[f"iam/security-credentials/{role.name}"] = _credentials(instance.id, role.arn)
    return data


def _credentials(instance_id: str, role_arn: str) -> str:
    session = _session(instance_id, role_arn)
    issued = session.expiration - timedelta(seconds=_SESSION_SECONDS)
    said = {
        "Code": "Success",
        "LastUpdated": issued.strftime(_TIME),
        "Type": "AWS-HMAC",
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": session.expiration.strftime(_TIME),
    }
    return json.dumps(said, indent=2)


def _session(instance_id: str, role_arn: str) -> AssumedRole:
    """The instance's session of the role, renewed before it ends."""
    session: AssumedRole | None = _sessions.get((instance_id, role_arn))
    if session is None or utc(session.expiration) - datetime.now(UTC) < _RENEW_BEFORE:
        sts: Any = sts_backends[ACCOUNT][PARTITION]
        session = sts.assume_role(
            region_name=REGION,
            role_session_name=instance_id,
            role_arn=role_arn,
            policy=None,
            duration=_SESSION_SECONDS,
            external_id=None,
        )
        _sessions[(instance_id, role_arn)] = session
    return session


def _identity_document(instance: Any) -> str:
    document = {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": instance.placement.zone,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "pendingTime": instance.launch_time.strftime(_TIME),
        "privateIp": instance.private_ip,
        "region": REGION,
        "version": "2017-09-30",
    }
    return json.dumps(document, indent=2)


def _subnet(instance: Any) -> Any:
    return ec2().get_subnet(instance.subnet_id)
