"""One AWS API request, read far enough to judge it: who sends what, and on which resources."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode

from .errors import Protocol

_SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_TARGET_SERVICES = {"AmazonSSM": "ssm", "TrentService": "kms", "AmazonEC2ContainerRegistry": "ecr"}
# S3 has no actions on the wire: the method tells, for an object and for a bucket.
_OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_BUCKET_ACTIONS = {"GET": "ListBucket", "PUT": "CreateBucket"}
_VERSION_SERVICES = {
    "2016-11-15": "ec2",
    "2011-01-01": "autoscaling",
    "2011-06-15": "sts",
    "2010-05-08": "iam",
    "2010-05-15": "cloudformation",
}
# Parameters that name what a request is about. A stored value is never among them.
_NAMING = {
    "ssm": ("Name", "Names", "Path"),
    "kms": ("KeyId", "AliasName"),
    "ec2": (
        "InstanceId",
        "ResourceId",
        "LaunchTemplateName",
        "LaunchTemplateId",
        "LaunchTemplate.LaunchTemplateName",
        "LaunchTemplate.LaunchTemplateId",
    ),
    "autoscaling": (
        "AutoScalingGroupName",
        "AutoScalingGroupNames",
        "InstanceId",
        "InstanceIds",
        "LifecycleHookName",
        "LifecycleActionResult",
        "ProtectedFromScaleIn",
    ),
    "cloudformation": ("StackName",),
    "iam": ("RoleName", "InstanceProfileName"),
    "sts": ("RoleArn",),
    "s3": ("Object",),
}
# How each service calls the size of a page.
_PAGE_SIZES = {"ec2": "MaxResults", "autoscaling": "MaxRecords", "ssm": "MaxResults"}
_FILTER_VALUE = re.compile(r"Filter\.\d+\.Value\.\d+")


@dataclass
class ApiRequest:
    """What the judges of a request need to know of it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    source: str
    service: str = "unknown"
    action: str = "unknown"
    protocol: Protocol = Protocol.QUERY
    access_key: str | None = None
    scope: tuple[str, str, str] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: dict[str, Any]) -> ApiRequest:
        """Reads a WSGI request and puts its body back for moto to read again."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        request = cls(
            method=environ["REQUEST_METHOD"],
            path=environ.get("REQUEST_URI", environ.get("PATH_INFO", "/")).partition("?")[0],
            query=environ.get("QUERY_STRING", ""),
            headers=_headers(environ),
            body=body,
            source=environ.get("REMOTE_ADDR", ""),
        )
        request._read_scope()
        request._read_action()
        return request

    def _read_scope(self) -> None:
        match = _SCOPE.search(self.headers.get("authorization", ""))
        if match:
            self.access_key = match[1]
            self.scope = (match[2], match[3], match[4])
            self.service = match[4].lower()

    def _read_action(self) -> None:
        prefix, _, target = self.headers.get("x-amz-target", "").rpartition(".")
        if target:
            self.protocol = Protocol.JSON
            self.action = target
            self.parameters = _json_object(self.body)
            inferred = _TARGET_SERVICES.get(prefix.partition("_")[0])
        elif self.service == "s3":
            self.parameters = {"Object": self.path.strip("/")}
            self.protocol = Protocol.S3
            actions = _OBJECT_ACTIONS if "/" in self.path.strip("/") else _BUCKET_ACTIONS
            self.action = actions.get(self.method, "unknown")
            return
        else:
            form = self.body.decode("utf-8", "replace") or self.query
            self.parameters = {k: v[-1] for k, v in parse_qs(form, keep_blank_values=True).items()}
            self.action = self.parameters.get("Action", "unknown")
            inferred = _VERSION_SERVICES.get(self.parameters.get("Version", ""))
        if self.scope is None and inferred:
            self.service = inferred
        if self.service == "ec2":
            self.protocol = Protocol.EC2

    def cut_pages(self, size: int, environ: dict[str, Any]) -> None:
        """Has moto answer a list in pages of this size, as AWS may at any time."""
        name = _PAGE_SIZES.get(self.service)
        if name is None or not self.action.startswith(("Describe", "GetParametersByPath")):
            return
        if self.service == "ec2" and self.values("InstanceId"):
            return
        if self.protocol is Protocol.JSON:
            body = json.dumps(self.parameters | {name: size}).encode()
        else:
            body = urlencode(self.parameters | {name: str(size)}).encode()
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))

    def values(self, name: str) -> list[str]:
        """All values of a parameter, be it single, a JSON list, or numbered as the query protocols do."""
        value = self.parameters.get(name)
        if value is not None:
            return [str(v) for v in value] if isinstance(value, list) else [str(value)]
        numbered = re.compile(rf"{re.escape(name)}\.(?:member\.)?\d+")
        return [str(v) for k, v in self.parameters.items() if numbered.fullmatch(k)]

    def value(self, name: str) -> str | None:
        """The first value of a parameter."""
        return next(iter(self.values(name)), None)

    def targets(self) -> list[str]:
        """The names and ids the request is about; never a value that is being stored."""
        named = [v for name in _NAMING.get(self.service, ()) for v in self.values(name)]
        named += [str(v) for k, v in self.parameters.items() if _FILTER_VALUE.fullmatch(k)]
        return list(dict.fromkeys(named))


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {k[5:].replace("_", "-").lower(): str(v) for k, v in environ.items() if k.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
