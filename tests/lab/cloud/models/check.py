"""Whether a request and its answer are as AWS's model of the action says."""

from __future__ import annotations

import functools
import json
from xml.etree import ElementTree

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

from ..errors import Protocol
from ..request import ApiRequest
from . import values
from .document import Json, Xml
from .form import Form

# S3 has no body to read by a model in what is asked of it here, and its names are in its paths; so are those of the Fault
# Injection Service's actions, which only persons ask. Who only looks whether somebody answers, as doctor does, names no service.
_UNCHECKED = ("s3", "fis", "unknown")
# AWS's own agents alone make this call (service authorization reference, Systems Manager).
_NOT_IN_MODELS = (("ssm", "UpdateInstanceInformation"),)
# What a service is called where it signs, and where botocore has its model.
_FOLDERS = {"elasticloadbalancing": "elbv2", "servicequotas": "service-quotas"}
# What each action of a JSON or query service may answer besides what its model names ("Common errors" of each service's API
# reference). EC2's model names none.
_COMMON_ERRORS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalFailure",
        "InternalServerError",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "ServiceUnavailable",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "UnrecognizedClientException",
        "ValidationError",
        "ValidationException",
    }
)


def misfits(request: ApiRequest, by_role: bool, status: int, error: str | None, body: bytes) -> list[str] | None:
    """What is wrong with both; None where no model is asked.

    A person's request that was refused is one that a test makes on purpose.
    """
    if request.service in _UNCHECKED or (request.service, request.action) in _NOT_IN_MODELS:
        return None
    asked = of_request(request) if by_role or status < 400 else []
    return asked + (of_answer(request, body) if status < 400 else of_error(request, error))


def of_request(request: ApiRequest) -> list[str]:
    """What is wrong with a request."""
    operation = _operation(request)
    if operation is None:
        return [f"there is no action {request.action} of {request.service}"]
    shape = operation.input_shape
    if _speaks_json(operation):
        reader = Json()
        value = reader.value(shape, request.parameters) if shape else {}
        unknown = reader.unknown
    else:
        value, unknown = Form(request.parameters, operation.service_model.metadata["protocol"] == "ec2").value(shape)
    return unknown + (list(values.misfits(shape, value, operation.name)) if shape else [])


def of_answer(request: ApiRequest, body: bytes) -> list[str]:
    """What is wrong with an answer."""
    operation = _operation(request)
    if operation is None:
        return []
    shape = operation.output_shape
    if shape is None:
        return []
    reader: Json | Xml = Json() if _speaks_json(operation) else Xml()
    try:
        if isinstance(reader, Json):
            value = reader.value(shape, json.loads(body))
        else:
            value = reader.structure(shape, _members(shape, body), "")
    except (ValueError, ElementTree.ParseError) as cause:
        return [f"cannot read the answer to {operation.name}: {cause}"]
    return reader.unknown + list(values.misfits(shape, value, f"{operation.name} answer", is_answer=True))


def of_error(request: ApiRequest, code: str | None) -> list[str]:
    """What is wrong with a refusal: its code is none that the action has."""
    operation = _operation(request)
    if operation is None or request.protocol is Protocol.EC2 or code in _COMMON_ERRORS:
        return []
    own = {shape.metadata.get("error", {}).get("code", shape.name) for shape in operation.error_shapes}
    return [] if code in own else [f"{operation.name} does not answer {code}"]


def _members(shape: Shape, body: bytes) -> list[ElementTree.Element]:
    """The members of an answer in XML, without what is around them."""
    nodes = list(ElementTree.fromstring(body))
    if wrapper := shape.serialization.get("resultWrapper"):
        return [inner for node in nodes if _tag(node) == wrapper for inner in node]
    return [node for node in nodes if _tag(node) not in ("requestId", "ResponseMetadata")]


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _speaks_json(operation: OperationModel) -> bool:
    return bool(operation.service_model.metadata["protocol"] == "json")


def _operation(request: ApiRequest) -> OperationModel | None:
    try:
        return _service(request.service).operation_model(request.action)
    except (UnknownServiceError, OperationNotFoundError):
        return None


@functools.cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(_FOLDERS.get(name, name))
