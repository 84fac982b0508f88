"""Instances: what moto forgets of a launch template, of EC2's rules for metadata tags, and of reboots."""

from __future__ import annotations

import itertools
import re
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces, instances
from moto.ec2.models.tags import TagBackend
from moto.ec2.utils import convert_tag_spec

from .machines import count_reboot, tags_of
from .patching import replace

_TAG_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
_RESERVED = (".", "..", "_index")
_Backend = instances.InstanceBackend
_run = _Backend.run_instances
_reboot = _Backend.reboot_instances
_create_tags = TagBackend.create_tags
_macs = itertools.count(1)
_subnets = itertools.count()


def install() -> None:
    """Puts the changes into moto."""
    replace(
        _Backend,
        run_instances=_run_instances,
        reboot_instances=_reboot_instances,
        modify_instance_metadata_options=_modify_metadata_options,
    )
    replace(TagBackend, create_tags=_checked_tags)
    replace(elastic_network_interfaces, random_mac_address=_next_mac)


def _run_instances(self: Any, image_id: str, count: int, user_data: Any, groups: list[str], **kw: Any) -> Any:
    """Launches with the template's metadata options and profile; the call's own win."""
    template = self._get_template_from_args(kw["launch_template"]).data if kw.get("launch_template") else {}
    kw["metadata_options"] = {**(template.get("MetadataOptions") or {}), **(kw.get("metadata_options") or {})}
    kw["subnet_id"] = kw.get("subnet_id") or _default_subnet(self, kw)
    kw.setdefault("region_name", self.region_name)
    _check_tag_keys(template, kw)
    reservation = _run(self, image_id, count, user_data, groups, **kw)
    _associate_profile(self, reservation.instances, template, kw)
    return reservation


def _default_subnet(backend: Any, kw: dict[str, Any]) -> str | None:
    """The subnet of a launch that names none: the default VPC's, each zone in turn unless one is asked for."""
    if any("SubnetId" in nic or "NetworkInterfaceId" in nic for nic in kw.get("nics") or []):
        return None
    subnets = sorted((s for s in backend.describe_subnets() if s.default_for_az), key=lambda s: s.availability_zone)
    zone = kw.get("placement")
    subnets = [s for s in subnets if zone in (None, s.availability_zone)]
    return subnets[next(_subnets) % len(subnets)].id if subnets else None


def _associate_profile(backend: Any, launched: list[Any], template: dict[str, Any], kw: dict[str, Any]) -> None:
    """Gives each instance its profile. moto does so only for the first one, and only if the call names it."""
    name, arn = kw.get("iam_instance_profile_name"), kw.get("iam_instance_profile_arn")
    if name or arn:
        launched = launched[1:]
    else:
        profile = template.get("IamInstanceProfile") or {}
        name, arn = profile.get("Name"), profile.get("Arn")
    if name or arn:
        for instance in launched:
            backend.associate_iam_instance_profile(instance.id, name, arn)


def _check_tag_keys(template: dict[str, Any], kw: dict[str, Any]) -> None:
    if kw["metadata_options"].get("InstanceMetadataTags") != "enabled":
        return
    _check_keys(convert_tag_spec(template.get("TagSpecifications") or []).get("instance", {}))
    _check_keys((kw.get("tags") or {}).get("instance", {}))


def _check_keys(tags: dict[str, str]) -> None:
    for key in tags:
        if not _TAG_KEY.fullmatch(key) or key in _RESERVED:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
                "and must not be a reserved name ('.', '..', '_index')",
            )


def _checked_tags(self: Any, resource_ids: list[str], tags: dict[str, str]) -> bool:
    """A later tag has to be one that metadata can show as well."""
    for reservation in self.reservations.values():
        for instance in reservation.instances:
            if instance.id in resource_ids and instance.metadata_options.instance_metadata_tags == "enabled":
                _check_keys(tags)
    return bool(_create_tags(self, resource_ids, tags))


def _reboot_instances(self: Any, instance_ids: list[str]) -> Any:
    """Counts the reboot for the hypervisor to see. EC2 reboots only what runs."""
    for instance in self.get_multi_instances_by_id(instance_ids):
        if instance.state != "running":
            raise EC2ClientError("IncorrectState", f"This instance '{instance.id}' is not in the 'running' state.")
    rebooted = _reboot(self, instance_ids)
    for instance in rebooted:
        count_reboot(instance.id)
    return rebooted


def _modify_metadata_options(self: Any, instance_id: str, **changes: Any) -> Any:
    """Changes only what the call names; moto sets the rest to nothing."""
    options = self.get_instance(instance_id).metadata_options
    fields = {
        "http_tokens": "http_tokens",
        "hop_limit": "http_put_response_hop_limit",
        "http_endpoint": "http_endpoint",
        "http_protocol": "http_protocol_ipv6",
        "metadata_tags": "instance_metadata_tags",
    }
    if changes.get("metadata_tags") == "enabled":
        tags = {"instance": tags_of(self.get_instance(instance_id))}
        _check_tag_keys({}, {"metadata_options": {"InstanceMetadataTags": "enabled"}, "tags": tags})
    for name, attribute in fields.items():
        if changes.get(name) is not None:
            setattr(options, attribute, changes[name])
    options.http_put_response_hop_limit = int(options.http_put_response_hop_limit)
    return options


def _next_mac() -> str:
    """A MAC no other instance of the session has; moto draws them at random from a small range."""
    number = next(_macs)
    return "02:98:" + ":".join(f"{number >> shift & 0xFF:02x}" for shift in (24, 16, 8, 0))
