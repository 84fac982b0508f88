"""Load balancers of a stack: of the kind and with the attributes that the template says, and gone with it.

moto makes an application balancer of each, takes no attributes, and leaves target groups behind. Nothing listens: no
request goes through one, and no health check is asked, so all who are registered are called healthy."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroup
from moto.elbv2.exceptions import ListenerNotFoundError, TargetGroupNotFoundError
from moto.elbv2.models import FakeListener, FakeLoadBalancer, FakeTargetGroup, elbv2_backends

from . import ACCOUNT, REGION
from .patching import add, replace

_create_balancer: Any = FakeLoadBalancer.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]
_create_targets: Any = FakeTargetGroup.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]
_create_group: Any = SecurityGroup.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]
_balancer_attribute = FakeLoadBalancer.get_cfn_attribute


def install() -> None:
    """Puts the changes into moto."""
    replace(
        FakeLoadBalancer,
        create_from_cloudformation_json=classmethod(_make_balancer),
        get_cfn_attribute=_attribute,
    )
    replace(FakeTargetGroup, create_from_cloudformation_json=classmethod(_make_targets))
    add(FakeTargetGroup, delete=_delete_targets)
    add(FakeListener, delete=_delete_listener)
    replace(SecurityGroup, create_from_cloudformation_json=classmethod(_make_security_group))


def attend(group: Any) -> None:
    """Has those of a group who are in service be registered in its target groups, and nobody else of it."""
    known = elbv2_backends[ACCOUNT][REGION].target_groups
    # moto refuses those that are not running.
    members = [state for state in group.instance_states if state.instance.state == "running"]
    serving = {state.instance.id for state in members if state.lifecycle_state == "InService"}
    for targets in [known[arn] for arn in group.target_group_arns if arn in known]:
        targets.register([{"Id": each, "Port": targets.port} for each in sorted(serving - targets.targets.keys())])
        targets.deregister([{"Id": each} for each in list(targets.targets) if each not in serving])


def _given(properties: dict[str, Any], name: str) -> dict[str, str]:
    """Attributes of the template, but for those that a condition left out."""
    return {pair["Key"]: pair["Value"] for pair in properties.get(name, []) if pair}


def _make_balancer(cls: Any, /, name: str, cloudformation_json: Any, account_id: str, region_name: str, **kw: Any) -> Any:
    properties = cloudformation_json["Properties"]
    balancer = _create_balancer(cls, name, cloudformation_json, account_id, region_name, **kw)
    balancer.type = properties.get("Type", "application")
    # "The default for Network Load Balancers and Gateway Load Balancers is false. The default for Application Load
    # Balancers is true, and cannot be changed" (LoadBalancerAttribute).
    balancer.attrs["load_balancing.cross_zone.enabled"] = str(balancer.type == "application").lower()
    attributes = _given(properties, "LoadBalancerAttributes")
    elbv2_backends[account_id][region_name].modify_load_balancer_attributes(balancer.arn, attributes)
    return balancer


def _attribute(self: Any, name: str) -> Any:
    return self.canonical_hosted_zone_id if name == "CanonicalHostedZoneID" else _balancer_attribute(self, name)


def _make_targets(cls: Any, /, name: str, cloudformation_json: Any, account_id: str, region_name: str, **kw: Any) -> Any:
    targets = _create_targets(cls, name, cloudformation_json, account_id, region_name, **kw)
    attributes = _given(cloudformation_json["Properties"], "TargetGroupAttributes")
    elbv2_backends[account_id][region_name].modify_target_group_attributes(targets.arn, attributes)
    return targets


def _delete_targets(self: Any, account_id: str, region_name: str) -> None:
    """Refused while a listener uses it; the stack tries again then."""
    try:
        elbv2_backends[account_id][region_name].delete_target_group(self.arn)
    except TargetGroupNotFoundError:
        return


def _delete_listener(self: Any, account_id: str, region_name: str) -> None:
    """It may have gone with its balancer."""
    try:
        elbv2_backends[account_id][region_name].delete_listener(self.arn)
    except ListenerNotFoundError:
        return


def _make_security_group(cls: Any, /, name: str, cloudformation_json: Any, *args: Any, **kw: Any) -> Any:
    """Without the rules that a condition left out."""
    properties = dict(cloudformation_json["Properties"])
    properties["SecurityGroupIngress"] = [rule for rule in properties.get("SecurityGroupIngress", []) if rule]
    return _create_group(cls, name, cloudformation_json | {"Properties": properties}, *args, **kw)
