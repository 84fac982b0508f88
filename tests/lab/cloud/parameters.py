"""SSM parameters: SecureStrings that are really encrypted under their key, and what a value may be."""

from __future__ import annotations

import base64
import re
from typing import Any

from moto.kms.exceptions import AccessDeniedException, InvalidCiphertextException
from moto.kms.models import kms_backends
from moto.ssm import models
from moto.ssm.exceptions import SSMException, ValidationException

from . import ACCOUNT, PARTITION, REGION
from .patching import replace

_LIMITS = {"Advanced": 8192, "Intelligent-Tiering": 8192}
# "Values wrapped in double brackets {{}} are not allowed in the value of a parameter" (PutParameter).
_NESTED = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_put_parameter: Any = models.SimpleSystemManagerBackend.put_parameter


def install() -> None:
    """Puts the changes into moto."""
    replace(models.Parameter, encrypt=_encrypt, decrypt=_decrypt)
    replace(models.SimpleSystemManagerBackend, put_parameter=_put)


def _context(parameter: Any) -> dict[str, str]:
    name = parameter.name.lstrip("/")
    return {"PARAMETER_ARN": f"arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{name}"}


def _encrypt(self: Any, value: str) -> str:
    kms = kms_backends[ACCOUNT][REGION]
    _check_state(self.keyid)
    try:
        blob, _ = kms.encrypt(self.keyid, value.encode(), _context(self))
    except (KeyError, AttributeError, TypeError):
        raise SSMException("InvalidKeyId", f"Key {self.keyid} is not found.") from None
    return base64.b64encode(blob).decode()


def _decrypt(self: Any, value: str) -> str | None:
    if self.parameter_type != "SecureString":
        return value
    kms = kms_backends[ACCOUNT][REGION]
    _check_state(self.keyid)
    try:
        plaintext, _ = kms.decrypt(base64.b64decode(value), _context(self))
    except (AccessDeniedException, InvalidCiphertextException):
        raise SSMException("InvalidKeyId", f"Key {self.keyid} is not found.") from None
    return plaintext.decode()


def _check_state(key_id: str) -> None:
    """A key that is disabled or on its way out, in Parameter Store's words for KMS's."""
    kms = kms_backends[ACCOUNT][REGION]
    try:
        key = kms.keys.get(kms.any_id_to_key_id(key_id))
    except (KeyError, AttributeError, TypeError):
        return
    wrong = {
        "Disabled": ("is disabled.", "DisabledException"),
        "PendingDeletion": ("is pending deletion.", "KMSInvalidStateException"),
    }.get(key.key_state if key else "")
    if key is not None and wrong is not None:
        said, code = wrong
        more = f"(Service: AWSKMS; Status Code: 400; Error Code: {code}; Request ID: lab; Proxy: null)"
        raise SSMException("InvalidKeyId", f"{key.arn} {said} {more}")


def _put(self: Any, name: str, description: str, value: str, *args: Any, tier: str | None = None, **kw: Any) -> Any:
    if _NESTED.search(value or ""):
        raise ValidationException(
            'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value: ' + value + "."
        )
    limit = _LIMITS.get(tier or "Standard", 4096)
    if value and len(value.encode()) > limit:
        raise ValidationException(
            f"Standard tier parameters support a maximum parameter value of {limit} characters. "
            "To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
    kind, pattern, key, *rest = args
    if kind == "SecureString" and key is None:
        # moto keeps the key of the version before.
        key = "alias/aws/ssm"
    return _put_parameter(self, name, description, value, kind, pattern, key, *rest, tier=tier, **kw)
