"""What a Terraform module around a template takes: an input a parameter, by another spelling."""

from __future__ import annotations

import json
import re
from typing import Any

_TYPES = {"Number": "number"}


def spelled(parameter: str) -> str:
    """As Terraform has names: ``WorkerInstanceType2`` is ``worker_instance_type_2``."""
    words = re.findall(r"[A-Z][a-z]*|[0-9]+", parameter)
    return "_".join(words).lower()


def inputs(parameters: dict[str, dict[str, Any]]) -> str:
    """The text of ``variables.tf``."""
    return "\n".join(_input(name, form) for name, form in parameters.items())


def values(parameters: dict[str, dict[str, Any]]) -> str:
    """What the stack is given of them, as Terraform formats it."""
    width = max(map(len, parameters))
    lines = [f"    {name:{width}} = {_value(name, form)}" for name, form in parameters.items()]
    return "\n".join(lines)


def _is_list(form: dict[str, Any]) -> bool:
    return form["Type"].startswith("List<") or form["Type"] == "CommaDelimitedList"


def _value(name: str, form: dict[str, Any]) -> str:
    value = f"var.{spelled(name)}"
    return f'join(",", {value})' if _is_list(form) else value


def _input(name: str, form: dict[str, Any]) -> str:
    kind = "list(string)" if _is_list(form) else _TYPES.get(form["Type"], "string")
    fields = {"type": kind}
    if form.get("Description"):
        # Not a template: only ${ and %{ would be one.
        fields["description"] = json.dumps(" ".join(form["Description"].split()))
    if "Default" in form:
        fields["default"] = _default(form)
    fields["nullable"] = "false"
    width = max(map(len, fields))
    body = "".join(f"  {key:{width}} = {value}\n" for key, value in fields.items())
    return f'variable "{spelled(name)}" {{\n{body}}}\n'


def _default(form: dict[str, Any]) -> str:
    value = form["Default"]
    if _is_list(form):
        return json.dumps([part for part in str(value).split(",") if part])
    return str(value) if form["Type"] in _TYPES else json.dumps(str(value))
