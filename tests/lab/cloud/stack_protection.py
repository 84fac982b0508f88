"""Stacks that are protected from deletion, which moto notes and does not mind."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from .patching import add, replace

_delete: Any = CloudFormationBackend.delete_stack


def install() -> None:
    """Puts the changes into moto."""
    add(CloudFormationResponse, update_termination_protection=_protect)
    replace(CloudFormationBackend, delete_stack=_delete_unprotected)


def _protect(self: Any) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
    return ActionResult({"StackId": stack.stack_id})


def _delete_unprotected(self: Any, name_or_stack_id: str) -> None:
    for stack in self.stacks.values():
        if name_or_stack_id in (stack.name, stack.stack_id) and stack.enable_termination_protection:
            raise ValidationError(
                stack.name,
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
            )
    _delete(self, name_or_stack_id)
