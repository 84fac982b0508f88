"""Errors as each AWS protocol words them: the same refusal has another code and status per service."""

from __future__ import annotations

import json
from enum import Enum
from http import HTTPStatus
from uuid import uuid4
from xml.sax.saxutils import escape


class Protocol(Enum):
    """How a service encodes its answers."""

    JSON = "json"
    EC2 = "ec2"
    QUERY = "query"
    S3 = "s3"


class Refusal(Enum):
    """Why a request is refused before moto sees it."""

    DENIED = "denied"
    THROTTLED = "throttled"
    INTERNAL = "internal"
    NO_CREDENTIALS = "no-credentials"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    EXPIRED = "expired"


_CODES: dict[Refusal, dict[Protocol, tuple[int, str]]] = {
    Refusal.DENIED: {
        Protocol.JSON: (400, "AccessDeniedException"),
        Protocol.EC2: (403, "UnauthorizedOperation"),
        Protocol.QUERY: (403, "AccessDenied"),
        Protocol.S3: (403, "AccessDenied"),
    },
    Refusal.THROTTLED: {
        Protocol.JSON: (400, "ThrottlingException"),
        Protocol.EC2: (503, "RequestLimitExceeded"),
        Protocol.QUERY: (400, "Throttling"),
        Protocol.S3: (503, "SlowDown"),
    },
    Refusal.INTERNAL: {
        Protocol.JSON: (500, "InternalServerError"),
        Protocol.EC2: (500, "InternalError"),
        Protocol.QUERY: (500, "InternalFailure"),
        Protocol.S3: (500, "InternalError"),
    },
    Refusal.NO_CREDENTIALS: {
        Protocol.JSON: (400, "MissingAuthenticationTokenException"),
        Protocol.EC2: (401, "AuthFailure"),
        Protocol.QUERY: (403, "MissingAuthenticationToken"),
        Protocol.S3: (403, "AccessDenied"),
    },
    Refusal.UNKNOWN_KEY: {
        Protocol.JSON: (400, "UnrecognizedClientException"),
        Protocol.EC2: (401, "AuthFailure"),
        Protocol.QUERY: (403, "InvalidClientTokenId"),
        Protocol.S3: (403, "InvalidAccessKeyId"),
    },
    Refusal.BAD_SIGNATURE: {
        Protocol.JSON: (400, "InvalidSignatureException"),
        Protocol.EC2: (401, "AuthFailure"),
        Protocol.QUERY: (403, "SignatureDoesNotMatch"),
        Protocol.S3: (403, "SignatureDoesNotMatch"),
    },
    Refusal.EXPIRED: {
        Protocol.JSON: (400, "ExpiredTokenException"),
        Protocol.EC2: (400, "RequestExpired"),
        Protocol.QUERY: (403, "ExpiredToken"),
        Protocol.S3: (400, "ExpiredToken"),
    },
}


class ApiError(Exception):
    """A refusal on its way to the caller."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.message = message

    def code(self, protocol: Protocol) -> tuple[int, str]:
        """The HTTP status and error code in this protocol."""
        return _CODES[self.refusal][protocol]


def render(error: ApiError, protocol: Protocol) -> tuple[str, list[tuple[str, str]], bytes]:
    """The refusal as a WSGI status line, headers and body."""
    status, code = error.code(protocol)
    request_id = str(uuid4())
    if protocol is Protocol.JSON:
        content_type = "application/x-amz-json-1.1"
        body = json.dumps({"__type": code, "message": error.message})
    else:
        content_type = "text/xml;charset=UTF-8"
        body = _xml(protocol, code, error.message, request_id)
    data = body.encode()
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(data))),
        ("x-amzn-RequestId", request_id),
    ]
    return f"{status} {HTTPStatus(status).phrase}", headers, data


def _xml(protocol: Protocol, code: str, message: str, request_id: str) -> str:
    said = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if protocol is Protocol.EC2:
        inner = f"<Response><Errors><Error>{said}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif protocol is Protocol.S3:
        inner = f"<Error>{said}<RequestId>{request_id}</RequestId></Error>"
    else:
        inner = (
            f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{inner}'
