"""What an account tells about itself, as far as moto cannot: images, quotas, settings, what a role may do."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse
from moto.servicequotas.models import ServiceQuotasBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from .iam import judge, policies_of
from .patching import add, replace
from .world import ec2

# AWS's own for a new account is 5; grown ones have hundreds.
_VCPUS = {"L-1216C47A": 64.0, "L-34B43A08": 64.0}
_HIGH_THROUGHPUT = "/ssm/parameter-store/high-throughput-enabled"
_ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_quota: Any = ServiceQuotasBackend.get_service_quota


def install() -> None:
    """Puts the changes into moto."""
    replace(ServiceQuotasBackend, get_service_quota=_get_quota)
    add(SimpleSystemManagerResponse, get_service_setting=_get_setting)
    add(IamResponse, simulate_principal_policy=_simulate)


def tag_images() -> None:
    """Gives the lab's images the tags that Packer gives those it makes."""
    for image in ec2().amis.values():
        if image.name.startswith("swarmlet-"):
            image.add_tags({"swarmlet:version": "lab", "swarmlet:ssm-agent": "none"})


def _get_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    if service_code != "ec2" or quota_code not in _VCPUS:
        return dict(_quota(self, service_code, quota_code))
    return {"ServiceCode": "ec2", "QuotaCode": quota_code, "Value": _VCPUS[quota_code], "Unit": "None"}


def _get_setting(self: Any) -> str:
    setting = self._get_param("SettingId")
    value = "false" if setting == _HIGH_THROUGHPUT else ""
    return f'{{"ServiceSetting": {{"SettingId": "{setting}", "SettingValue": "{value}", "Status": "Default"}}}}'


def _simulate(self: Any) -> ActionResult:
    """By a role's policies alone, on all resources, as a call without resources and context asks it."""
    source = self._get_param("PolicySourceArn")
    # Whoever is no role here is the administrator.
    policies = policies_of(source.rpartition("/")[2]) if ":role/" in source else [_ALL]
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": "*",
            "EvalDecision": "allowed" if judge(policies, action, "*", {}).allowed else "implicitDeny",
        }
        for action in self._get_param("ActionNames", [])
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False, "Marker": None})
