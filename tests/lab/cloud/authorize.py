"""What a request needs: the IAM actions, and the resources they are asked on."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

from . import ACCOUNT, PARTITION, REGION
from .errors import ApiError, Protocol, Refusal
from .iam import judge, policies_of
from .identity import Principal
from .journal import Entry
from .request import ApiRequest
from .world import ec2

_AWS_MANAGED_KEY = "alias/aws/ssm"
_SSM_READS = ("GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory")


@dataclass(frozen=True)
class Need:
    """One permission that a request takes."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def authorize(request: ApiRequest, principal: Principal, entry: Entry) -> None:
    """Refuses the request unless the caller's role allows every part of it; notes what decided."""
    if principal.role is None or (request.service, request.action) == ("sts", "GetCallerIdentity"):
        return
    policies = policies_of(principal.role)
    for need in needs(request):
        verdict = judge(policies, need.action, need.resource, need.context | _caller_context(principal))
        if verdict.allowed:
            entry.allowed += [f"{need.action} {sid}" for sid in verdict.statements]
        else:
            entry.denied = f"{need.action} {need.resource}"
            reason = "with an explicit deny in an identity-based policy" if verdict.explicit else None
            raise _refusal(principal, need, request.protocol, reason)


def is_withheld(request: ApiRequest, principal: Principal, status: str) -> bool:
    """Whether S3 says "denied" of an object that is not there: to whom may not list its bucket."""
    if principal.role is None or not status.startswith("404") or (request.service, request.action) != ("s3", "GetObject"):
        return False
    bucket = str(request.parameters["Object"]).partition("/")[0]
    policies = policies_of(principal.role)
    return not judge(policies, "s3:ListBucket", f"arn:{PARTITION}:s3:::{bucket}", _bucket_context(bucket)).allowed


def is_anothers(request: ApiRequest) -> bool:
    """Whether another account than the caller expects owns the bucket."""
    expected = request.headers.get("x-amz-expected-bucket-owner")
    if request.service != "s3" or expected is None:
        return False
    return expected != _owner(str(request.parameters["Object"]).partition("/")[0])


def _owner(bucket: str) -> str:
    """The account of a bucket; one that is not there is nobody's, so the caller's for all that it can tell."""
    _, account = s3_backends.bucket_accounts.get(bucket, (PARTITION, ACCOUNT))
    return account


def _bucket_context(bucket: str) -> dict[str, str]:
    return {"s3:ResourceAccount": _owner(bucket)}


def _caller_context(principal: Principal) -> dict[str, str]:
    """The instance that the credentials were made for. ``ssm:SourceInstanceARN`` is not there for those of an instance
    profile (service authorization reference, Systems Manager): only for managed nodes with a role of SSM's own."""
    instance = principal.arn.rpartition("/")[2]
    if not instance.startswith("i-"):
        return {}
    return {"ec2:SourceInstanceARN": f"arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:instance/{instance}"}


def denied(request: ApiRequest, principal: Principal, reason: str | None = None) -> ApiError:
    """The refusal of a request that nothing allows, whatever the caller's policies say; by another policy than those,
    where a reason is given ("with an explicit deny in a service control policy")."""
    return _refusal(principal, needs(request)[0], request.protocol, reason)


def _refusal(principal: Principal, need: Need, protocol: Protocol, reason: str | None = None) -> ApiError:
    on = f" on resource: {need.resource}" if need.resource != "*" else ""
    reason = reason or f"because no identity-based policy allows the {need.action} action"
    text = f"User: {principal.arn} is not authorized to perform: {need.action}{on} {reason}"
    if protocol is Protocol.EC2:
        text = f"You are not authorized to perform this operation. {text}"
    return ApiError(Refusal.DENIED, text)


def needs(request: ApiRequest) -> list[Need]:
    """Every permission that the request takes."""
    action = f"{request.service}:{request.action}"
    match request.service:
        case "ssm":
            found = [*_parameter_needs(request, action), *_secure_string_needs(request), *_registration(request, action)]
        case "kms":
            found = [Need(action, key_arn(key)) for key in _keys(request)]
        case "autoscaling" if not request.action.startswith("Describe"):
            found = list(_group_needs(request, action))
        case "ec2" if not request.action.startswith("Describe"):
            found = list(_instance_needs(request, action))
        case "s3":
            found = [
                Need(action, f"arn:{PARTITION}:s3:::{name}", _bucket_context(name.partition("/")[0]))
                for name in request.values("Object")
            ]
        case "sts":
            found = [Need(action, arn) for arn in request.values("RoleArn")]
        case _:
            found = []
    return found or [Need(action, "*")]


def _parameter_names(request: ApiRequest) -> list[str]:
    """Names without the ``:version`` or ``:label`` that a read may add."""
    names = request.values("Name") + request.values("Names")
    return [name if name.startswith("arn:") else name.partition(":")[0] for name in names]


def _parameter_needs(request: ApiRequest, action: str) -> Iterator[Need]:
    if "Parameter" not in request.action or request.action == "DescribeParameters":
        return
    overwrite = str(request.parameters.get("Overwrite") is True).lower()
    context = {"ssm:Overwrite": overwrite} if request.action == "PutParameter" else {}
    for name in _parameter_names(request) + request.values("Path"):
        yield Need(action, _parameter_arn(name), context)


def _registration(request: ApiRequest, action: str) -> Iterator[Need]:
    """What the SSM agent says of itself is asked for on the instance or the managed node that it names."""
    if request.action != "UpdateInstanceInformation":
        return
    for name in request.values("InstanceId"):
        service, kind = ("ssm", "managed-instance") if name.startswith("mi-") else ("ec2", "instance")
        yield Need(action, f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{kind}/{name}")


def _parameter_arn(name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{name.strip('/')}"


def _secure_string_needs(request: ApiRequest) -> Iterator[Need]:
    """A SecureString is encrypted and decrypted with the caller's own right to the key."""
    if request.action == "PutParameter" and request.value("Type") == "SecureString":
        yield from _key_need("kms:Encrypt", request.value("KeyId") or _AWS_MANAGED_KEY, request.value("Name") or "")
    if request.action in _SSM_READS and request.parameters.get("WithDecryption") is True:
        for name, key in _secure_strings(request):
            yield from _key_need("kms:Decrypt", key, name)


def _key_need(action: str, key: str, name: str) -> Iterator[Need]:
    """Every role may use the AWS managed key through SSM; a customer's key takes a permission."""
    if not key.endswith(_AWS_MANAGED_KEY):
        context = {
            "kms:ViaService": f"ssm.{REGION}.amazonaws.com",
            "kms:EncryptionContext:PARAMETER_ARN": _parameter_arn(name),
        }
        yield Need(action, key_arn(key), context)


def _secure_strings(request: ApiRequest) -> list[tuple[str, str]]:
    """Name and key of each SecureString that the request would read."""
    names = set(_parameter_names(request))
    path = (request.value("Path") or "\0").rstrip("/") + "/"
    stored: dict[str, Any] = ssm_backends[ACCOUNT][REGION]._parameters
    latest = [v[-1] for n, v in stored.items() if v and (n in names or n.startswith(path))]
    return [(p.name, p.keyid) for p in latest if p.parameter_type == "SecureString"]


def _keys(request: ApiRequest) -> list[str]:
    """The key a KMS call names; Decrypt may leave it to the ciphertext, which starts with the key's id."""
    blob = request.value("CiphertextBlob")
    if request.value("KeyId") or not blob:
        return request.values("KeyId")
    return [base64.b64decode(blob)[:36].decode("ascii", "replace")]


def key_arn(key: str) -> str:
    """A key's ARN by its id, ARN or alias; the policies are written for ARNs."""
    backend = kms_backends[ACCOUNT][REGION]
    try:
        return str(backend.keys[backend.any_id_to_key_id(key)].arn)
    except (KeyError, AttributeError, TypeError):
        return f"arn:{PARTITION}:kms:{REGION}:{ACCOUNT}:key/{key}"


def _group_needs(request: ApiRequest, action: str) -> Iterator[Need]:
    groups = autoscaling_backends[ACCOUNT][REGION].autoscaling_groups
    names = request.values("AutoScalingGroupName")
    instances = set(request.values("InstanceId"))
    if not names:
        names = [n for n, g in groups.items() if any(s.instance.id in instances for s in g.instance_states)]
    for group in (groups[n] for n in names if n in groups):
        tags = {tag["Key"]: tag["Value"] for tag in group.tags}
        yield Need(action, group.arn, _tag_context("autoscaling", tags))


def _instance_needs(request: ApiRequest, action: str) -> Iterator[Need]:
    for instance in request.values("InstanceId"):
        arn = f"arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:instance/{instance}"
        yield Need(action, arn, _tag_context("ec2", ec2().tags.get(instance, {})))


def _tag_context(service: str, tags: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}:ResourceTag/{k}": v for k, v in tags.items() for prefix in ("aws", service)}
