"""SSM parameters: SecureStrings that are really encrypted under their key, and the size limit of a parameter."""

from __future__ import annotations

import base64
from typing import Any

from moto.kms.exceptions import AccessDeniedException, InvalidCiphertextException
from moto.kms.models import kms_backends
from moto.ssm import models
from moto.ssm.exceptions import SSMException, ValidationException

from . import ACCOUNT, PARTITION, REGION
from .patching import replace

_LIMITS = {"Advanced": 8192, "Intelligent-Tiering": 8192}
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
    try:
        blob, _ = kms.encrypt(self.keyid, value.encode(), _context(self))
    except (KeyError, AttributeError, TypeError):
        raise SSMException("InvalidKeyId", f"Key {self.keyid} is not found.") from None
    return base64.b64encode(blob).decode()


def _decrypt(self: Any, value: str) -> str | None:
    if self.parameter_type != "SecureString":
        return value
    kms = kms_backends[ACCOUNT][REGION]
    try:
        plaintext, _ = kms.decrypt(base64.b64decode(value), _context(self))
    except (AccessDeniedException, InvalidCiphertextException):
        raise SSMException("InvalidKeyId", f"Key {self.keyid} is not found.") from None
    return plaintext.decode()


def _put(self: Any, name: str, description: str, value: str, *args: Any, tier: str | None = None, **kw: Any) -> Any:
    limit = _LIMITS.get(tier or "Standard", 4096)
    if value and len(value.encode()) > limit:
        raise ValidationException(
            f"Standard tier parameters support a maximum parameter value of {limit} characters. "
            "To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
    return _put_parameter(self, name, description, value, *args, tier=tier, **kw)
