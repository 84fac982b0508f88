"""Updates of stacks: whole parameters, what a change touches, and the refreshes that an update waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation import models, parsing

from . import refresh
from .patching import replace

_Stack: Any = models.Stack
_Map: Any = parsing.ResourceMap
_Backend: Any = models.CloudFormationBackend
_load_parameters = _Map.load_parameters
_build_diff = _Map.build_resource_diff
_create_map = _Stack._create_resource_map
_update_stack = _Stack.update
_execute = _Backend.execute_change_set

_GROUP = "AWS::AutoScaling::AutoScalingGroup"


@dataclass
class Update:
    """What is left of one stack's update: its groups' refreshes, one after the other."""

    stack: Any
    waiting: list[tuple[Any, dict[str, Any]]]
    current: refresh.Refresh | None = field(default=None)

    def step(self) -> bool:
        """One look; false once it has come to its end."""
        if self.current is not None and self.current.is_going_on():
            return True
        if self.current is not None and self.current.status != "Successful":
            # AWS would roll back now, by another refresh; the lab leaves the stack as it is.
            self._end("UPDATE_FAILED", self.current.reason)
            return False
        if not self.waiting:
            self._end("UPDATE_COMPLETE", None)
            return False
        self.current = refresh.begin(*self.waiting.pop(0))
        return True

    def _end(self, status: str, reason: str | None) -> None:
        self.stack.status = status
        self.stack._add_stack_event(status, resource_status_reason=reason)


_updates: list[Update] = []
_found: list[tuple[Any, dict[str, Any]]] = []


def install() -> None:
    """Puts the changes into moto."""
    replace(_Map, load_parameters=_load_all_parameters, build_resource_diff=_whole_diff)
    replace(
        _Stack,
        _create_resource_map=_create_whole_map,
        update=_update_and_wait,
        stack_parameters=property(lambda stack: dict(stack.resource_map.input_parameters)),
        parameter_list=property(_told_parameters),
    )
    replace(models.ChangeSet, apply=_apply)
    replace(_Backend, execute_change_set=_execute_and_wait)


def need_refresh(group: Any, preferences: dict[str, Any]) -> None:
    """Notes that the update which goes on now has changed what a group launches."""
    _found.append((group, preferences))


def forget(stack: Any) -> None:
    """Ends the update of a stack that is deleted."""
    _updates[:] = [update for update in _updates if update.stack is not stack]


def step() -> None:
    """One look at all updates that wait for something."""
    _updates[:] = [update for update in _updates if update.step()]


def _defaults(template: dict[str, Any]) -> dict[str, str]:
    slots = template.get("Parameters") or {}
    return {key: str(slot["Default"]) for key, slot in slots.items() if "Default" in slot}


def _load_all_parameters(self: Any) -> None:
    """Defaults count as given, so that a later update can tell what it changes, and keep what it does not."""
    self.input_parameters = {**_defaults(self._template), **self.input_parameters}
    _load_parameters(self)


def _create_whole_map(self: Any) -> Any:
    resources = _create_map(self)
    self.parameters = resources.input_parameters
    return resources


def _told_parameters(stack: Any) -> list[dict[str, str]]:
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.resource_map.input_parameters.items()]


def _whole_diff(self: Any, other: dict[str, Any], parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """Also by parameters that fall back to their defaults, and groups whose launch template gets another version."""
    if parameters:
        parameters = {**_defaults(other), **parameters}
    diff: dict[str, list[str]] = _build_diff(self, other, parameters)
    changed = set(diff["Modify"])
    for name, resource in other["Resources"].items():
        if resource["Type"] == _GROUP and name not in changed and changed & set(_attributes_of(resource)):
            if name in self._resource_json_map:
                diff["Modify"].append(name)
    return diff


def _attributes_of(value: Any) -> list[str]:
    """The resources whose attributes a template's part uses."""
    if isinstance(value, list):
        return [name for item in value for name in _attributes_of(item)]
    if not isinstance(value, dict):
        return []
    if "Fn::GetAtt" in value:
        return [value["Fn::GetAtt"][0]]
    return [name for item in value.values() for name in _attributes_of(item)]


def _update_and_wait(self: Any, *args: Any, **kw: Any) -> None:
    _found.clear()
    _update_stack(self, *args, **kw)
    self.parameters = self.resource_map.input_parameters
    if _found:
        _updates.append(Update(self, list(_found)))
        # Not over yet, whatever moto says.
        self.events.pop()
    _tell(self)


def _apply(self: Any) -> None:
    """An update through a change set is an update as any other."""
    if self.change_set_type == "UPDATE":
        self.stack.update(self.template, self.role_arn, parameters=self.parameters, tags=self.tags or None)
    else:
        self.stack.template = self.template
        self.stack._parse_template()
        self.stack.resource_map.update(self.template_dict, self.parameters)
        self.stack.parameters = self.stack.resource_map.input_parameters
        self.stack.output_map = self.stack._create_output_map()


def _execute_and_wait(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    _execute(self, change_set_name, stack_name)
    for stack in self.stacks.values():
        _tell(stack)


def _tell(stack: Any) -> None:
    if any(update.stack is stack for update in _updates):
        stack.status = "UPDATE_IN_PROGRESS"
