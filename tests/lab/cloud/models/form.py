"""The body of a request in the query protocols, read strictly: what no member takes is told.

The names are those of botocore's serializers (QuerySerializer, EC2Serializer).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_timestamp

_ENVELOPE = ("Action", "Version")


class Form:
    """The parameters of one request."""

    def __init__(self, parameters: dict[str, str], is_ec2: bool) -> None:
        self._parameters = parameters
        self._is_ec2 = is_ec2
        self._read: set[str] = set(_ENVELOPE)

    def value(self, shape: Shape | None) -> tuple[Any, list[str]]:
        """What the request says, and which of its parameters say nothing."""
        value = {} if shape is None else self._structure(shape, "")
        return value, [f"no member takes {name}" for name in self._parameters if name not in self._read]

    def _has(self, prefix: str) -> bool:
        return any(name == prefix or name.startswith(f"{prefix}.") for name in self._parameters)

    def _any(self, shape: Shape, prefix: str) -> Any:
        if shape.type_name == "structure":
            return self._structure(shape, f"{prefix}.")
        if shape.type_name == "list":
            return self._list(shape, prefix)
        if shape.type_name == "map":
            return self._map(shape, prefix)
        self._read.add(prefix)
        return scalar(shape, self._parameters.get(prefix, ""))

    def _structure(self, shape: Shape, prefix: str) -> dict[str, Any]:
        found = {}
        for name, member in shape.members.items():
            key = prefix + self._name(member, name)
            if self._has(self._listed(member, key)):
                found[name] = self._any(member, key)
        return found

    def _name(self, shape: Shape, name: str) -> str:
        said = shape.serialization
        if not self._is_ec2:
            return str(said.get("name", name))
        # EC2 writes the first letter large where the model names no name for queries.
        return str(said.get("queryName") or said.get("name", name)[0].upper() + said.get("name", name)[1:])

    def _listed(self, shape: Shape, prefix: str) -> str:
        """Under which name a list's entries stand; other shapes keep theirs."""
        if shape.type_name != "list" or self._is_ec2:
            return prefix
        name = shape.member.serialization.get("name")
        if not shape.serialization.get("flattened"):
            # An empty list is sent as its own name without entries.
            return prefix if prefix in self._parameters else f"{prefix}.{name or 'member'}"
        return ".".join([*prefix.split(".")[:-1], name]) if name else prefix

    def _list(self, shape: Shape, prefix: str) -> list[Any]:
        if self._parameters.get(prefix) == "":
            self._read.add(prefix)
            return []
        start = self._listed(shape, prefix)
        return [self._any(shape.member, f"{start}.{number}") for number in self._numbers(start)]

    def _map(self, shape: Shape, prefix: str) -> dict[str, Any]:
        start = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
        key, value = (each.serialization.get("name") for each in (shape.key, shape.value))
        pairs = {}
        for number in self._numbers(start):
            name = self._any(shape.key, f"{start}.{number}.{key or 'key'}")
            pairs[name] = self._any(shape.value, f"{start}.{number}.{value or 'value'}")
        return pairs

    def _numbers(self, start: str) -> list[int]:
        """The numbers of a list's entries, which count from 1."""
        count = 1
        while self._has(f"{start}.{count}"):
            count += 1
        return list(range(1, count))


def scalar(shape: Shape, text: str) -> Any:
    """A value out of its text; the text itself where it is none, so that the check of its type tells."""
    try:
        match shape.type_name:
            case "boolean":
                return {"true": True, "false": False}.get(text.lower(), text)
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "timestamp":
                return parse_timestamp(text)
            case "blob":
                return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        pass
    return text
