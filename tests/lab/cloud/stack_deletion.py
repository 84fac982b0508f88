"""Deletion of stacks: refused where they are protected from it, and as long as their groups take to have no members.

CloudFormation sets the sizes of a group to 0, waits until its members are gone, and deletes it then, without force
(aws-fault-injection-simulator-workshop's issue 114 shows the activity, aws-cdk's issue 18179 what it leads to). So
terminating hooks are waited for, and members that are protected from scale-in hold it up until somebody takes that
back; after about an hour the deletion has failed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from . import ACCOUNT, REGION, group_deletion, patience, stack_updates
from .patching import add, replace
from .stacks import LifecycleHookResource

_delete: Any = CloudFormationBackend.delete_stack
# The words of a resource that does not come to rest (aws-cdk's issue 25969).
_TIMED_OUT = "Resource timed out waiting for completion"


@dataclass
class Deletion:
    """What is left of one stack's deletion: its groups, those first that depend on others."""

    backend: Any
    stack: Any
    groups: list[Any]
    began: float | None = None

    def step(self) -> bool:
        """Goes on as far as it can; false once it has come to its end."""
        while self.groups:
            group = self.groups[0]
            if self.began is None:
                self._begin(group)
            if group.instance_states:
                return self._wait(group)
            self._drop(group)
        _delete(self.backend, self.stack.stack_id)
        return False

    def _begin(self, group: Any) -> None:
        self.began = time.monotonic()
        self._tell(group, "DELETE_IN_PROGRESS")
        if _is_there(group):
            group_deletion.to_nothing(group)

    def _wait(self, group: Any) -> bool:
        if time.monotonic() - (self.began or 0.0) < patience.seconds:
            return True
        self._tell(group, "DELETE_FAILED", _TIMED_OUT)
        self.stack.status = "DELETE_FAILED"
        reason = f"The following resource(s) failed to delete: [{group.logical_resource_id}]. "
        self.stack._add_stack_event("DELETE_FAILED", resource_status_reason=reason)
        return False

    def _drop(self, group: Any) -> None:
        """It may be gone already: somebody may have deleted it by force meanwhile."""
        group.delete(ACCOUNT, REGION)
        self._tell(group, "DELETE_COMPLETE")
        self.groups.remove(group)
        self.began = None

    def _tell(self, group: Any, status: str, reason: str | None = None) -> None:
        stack, kind = self.stack, group.cloudformation_type()
        self.stack.events.append(
            Event(stack.stack_id, stack.name, group.logical_resource_id, group.name, kind, status, reason, None)
        )


_deletions: list[Deletion] = []


def install() -> None:
    """Puts the changes into moto."""
    add(CloudFormationResponse, update_termination_protection=_protect)
    replace(FakeAutoScalingGroup, delete=_delete_group)
    replace(CloudFormationBackend, delete_stack=_delete_in_steps)


def step() -> None:
    """One look at all stacks that are being deleted."""
    _deletions[:] = [deletion for deletion in _deletions if deletion.step()]


def _delete_group(self: Any, account_id: str, region_name: str) -> None:
    """What is deleted stays among the stack's resources until all are: moto would make it anew to tell its outputs.

    One that an update or a failed creation takes away goes by force here; AWS waits for its members then too.
    """
    if _is_there(self):
        group_deletion.by_force(self)


def _is_there(group: Any) -> bool:
    return group.autoscaling_backend.autoscaling_groups.get(group.name) is group


def _protect(self: Any) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
    return ActionResult({"StackId": stack.stack_id})


def _delete_in_steps(self: Any, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id not in (stack.name, stack.stack_id):
            continue
        if stack.enable_termination_protection:
            raise ValidationError(
                stack.name,
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
            )
        if all(deletion.stack is not stack for deletion in _deletions):
            _begin(self, stack)


def _begin(backend: Any, stack: Any) -> None:
    stack_updates.forget(stack)
    _drop_hooks(stack)
    stack.status = "DELETE_IN_PROGRESS"
    _deletions.append(Deletion(backend, stack, _groups_in_order(stack.resource_map)))
    step()


def _drop_hooks(stack: Any) -> None:
    """Hooks that are resources of their own name their group, and so go before it."""
    for resource in stack.resource_map._parsed_resources.values():
        if isinstance(resource, LifecycleHookResource):
            resource.delete(ACCOUNT, REGION)


def _groups_in_order(resources: Any) -> list[Any]:
    """A group that depends on another goes before it; the order of those that do not is the template's."""
    parsed, written = resources._parsed_resources, resources._resource_json_map
    left = [name for name in written if isinstance(parsed.get(name), FakeAutoScalingGroup)]
    ordered = []
    while left:
        needed = {other for name in left for other in _listed(written[name].get("DependsOn", []))}
        first = next((name for name in left if name not in needed), left[0])
        left.remove(first)
        ordered.append(parsed[first])
    return ordered


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
