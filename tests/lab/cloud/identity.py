"""Who sends a request: the account's administrator, or a role through credentials that IMDS handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.sts.models import AssumedRole, sts_backends

from . import ACCOUNT, PARTITION
from .errors import ApiError, Protocol, Refusal
from .request import ApiRequest
from .sigv4 import is_signed_with
from .world import utc

ADMIN_KEY = "lab"
ADMIN_SECRET = "lab"
# The administrator of another account, with its key for a name: for what must not be believed.
STRANGER_KEY = "stranger"
STRANGER = "210987654321"
_SKEW = timedelta(minutes=5)
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"


@dataclass(frozen=True)
class Principal:
    """A caller whose signature was good. ``role`` is None for an administrator."""

    arn: str
    role: str | None
    account: str = ACCOUNT


def authenticate(request: ApiRequest) -> Principal:
    """The caller, or the refusal that AWS gives to one it does not know."""
    if request.access_key is None:
        raise ApiError(Refusal.NO_CREDENTIALS, "Request is missing Authentication Token")
    if request.access_key == ADMIN_KEY:
        _check_signature(request, ADMIN_SECRET)
        return Principal(f"arn:{PARTITION}:iam::{ACCOUNT}:root", None)
    if request.access_key == STRANGER_KEY:
        _check_signature(request, STRANGER_KEY)
        return Principal(f"arn:{PARTITION}:iam::{STRANGER}:root", None, STRANGER)
    session = sts_backends[ACCOUNT][PARTITION].get_assumed_role_from_access_key(request.access_key)
    if session is None or request.headers.get("x-amz-security-token") != session.session_token:
        said = _NOT_VALIDATED if request.protocol is Protocol.EC2 else "The security token included in the request is invalid."
        raise ApiError(Refusal.UNKNOWN_KEY, said)
    _check_signature(request, session.secret_access_key)
    _check_expiry(session)
    return Principal(session.arn, session.role_arn.rsplit("/", 1)[-1])


def check_clock(skew: float, protocol: Protocol) -> None:
    """Refuses what was signed now where AWS's clock is so many seconds ahead. EC2 does not say that it is the clock."""
    if abs(skew) > _SKEW.total_seconds():
        if protocol is Protocol.EC2:
            raise ApiError(Refusal.BAD_SIGNATURE, _NOT_VALIDATED)
        signed = datetime.now(UTC)
        said, order = ("expired", "earlier") if skew > 0 else ("not yet current", "still later")
        stamps = [moment.strftime("%Y%m%dT%H%M%SZ") for moment in (signed, signed + timedelta(seconds=skew))]
        message = f"Signature {said}: {stamps[0]} is now {order} than {stamps[1]} (5 min.)"
        raise ApiError(Refusal.BAD_SIGNATURE, message)


def _check_signature(request: ApiRequest, secret: str) -> None:
    if not _is_recent(request.headers.get("x-amz-date", "")):
        if request.protocol is Protocol.EC2:
            raise ApiError(Refusal.BAD_SIGNATURE, _NOT_VALIDATED)
        raise ApiError(Refusal.BAD_SIGNATURE, "Signature expired or not yet current: check the clock.")
    if not is_signed_with(request, secret):
        raise ApiError(
            Refusal.BAD_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )


def _is_recent(stamp: str) -> bool:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - signed) <= _SKEW


def _check_expiry(session: AssumedRole) -> None:
    if utc(session.expiration) <= datetime.now(UTC):
        raise ApiError(Refusal.EXPIRED, "The security token included in the request is expired")
