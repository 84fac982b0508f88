"""Signature Version 4: what the signature of a request must be."""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote

from .request import ApiRequest

_UNSIGNED = "UNSIGNED-PAYLOAD"


def is_signed_with(request: ApiRequest, secret: str) -> bool:
    """Whether the request's signature was made with this secret over exactly this request."""
    authorization = request.headers.get("authorization", "")
    signed = re.search(r"SignedHeaders=([^,\s]+)", authorization)
    given = re.search(r"Signature=([0-9a-f]{64})", authorization)
    if request.scope is None or signed is None or given is None:
        return False
    names = signed[1].split(";")
    if "host" not in names:
        return False
    return hmac.compare_digest(given[1], _signature(request, names, secret))


def _signature(request: ApiRequest, names: list[str], secret: str) -> str:
    assert request.scope is not None
    day, region, service = request.scope
    digest = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{request.headers.get('x-amz-date', '')}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _canonical(request: ApiRequest, names: list[str]) -> str:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = "&".join(sorted(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs))
    headers = "".join(f"{n}:{' '.join(request.headers.get(n, '').split())}\n" for n in names)
    said = request.headers.get("x-amz-content-sha256")
    payload = _UNSIGNED if said == _UNSIGNED else hashlib.sha256(request.body).hexdigest()
    path = quote(request.path, safe="/-_.~%") or "/"
    return "\n".join([request.method, path, query, headers, ";".join(names), payload])
