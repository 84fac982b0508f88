"""Bodies in JSON and in XML, read strictly: what no member takes is told.

The names are those of botocore's parsers (JSONParser, QueryParser, EC2QueryParser).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from xml.etree.ElementTree import Element

from botocore.model import Shape
from botocore.utils import parse_timestamp

from .form import scalar


class Json:
    """A value of JSON."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def value(self, shape: Shape, found: Any, path: str = "") -> Any:
        """What it says, by its shape."""
        if shape.type_name == "structure" and isinstance(found, dict):
            return self._structure(shape, found, path)
        if shape.type_name == "list" and isinstance(found, list):
            return [self.value(shape.member, each, path) for each in found]
        if shape.type_name == "map" and isinstance(found, dict):
            return {key: self.value(shape.value, each, f"{path}.{key}") for key, each in found.items()}
        try:
            if shape.type_name == "timestamp":
                return parse_timestamp(found)
            if shape.type_name == "blob" and isinstance(found, str):
                return base64.b64decode(found, validate=True)
        except (ValueError, TypeError, binascii.Error):
            pass
        return found

    def _structure(self, shape: Shape, found: dict[str, Any], path: str) -> dict[str, Any]:
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        said = {}
        for key, value in found.items():
            if key not in names:
                self.unknown.append(f"no member takes {path}.{key}")
            # A null stands for a member that is not there.
            elif value is not None:
                name = names[key]
                said[name] = self.value(shape.members[name], value, f"{path}.{key}")
        return said


class Xml:
    """An element of XML."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def value(self, shape: Shape, node: Element, path: str = "") -> Any:
        """What it says, by its shape."""
        if shape.type_name == "structure":
            return self.structure(shape, list(node), path)
        if shape.type_name == "list":
            return [self.value(shape.member, each, path) for each in node]
        if shape.type_name == "map":
            return {self.value(shape.key, entry[0]): self.value(shape.value, entry[1], path) for entry in node}
        return scalar(shape, node.text or "")

    def structure(self, shape: Shape, nodes: list[Element], path: str) -> dict[str, Any]:
        """A structure's members; those of a flattened list stand among them."""
        names = {self._name(member, name): name for name, member in shape.members.items()}
        said: dict[str, Any] = {}
        for node in nodes:
            key = node.tag.rpartition("}")[2]
            name = names.get(key)
            if name is None:
                self.unknown.append(f"no member takes {path}.{key}")
                continue
            member = shape.members[name]
            if member.type_name == "list" and member.serialization.get("flattened"):
                said.setdefault(name, []).append(self.value(member.member, node, f"{path}.{key}"))
            else:
                said[name] = self.value(member, node, f"{path}.{key}")
        return said

    @staticmethod
    def _name(shape: Shape, name: str) -> str:
        if shape.type_name == "list" and shape.serialization.get("flattened"):
            return str(shape.member.serialization.get("name", shape.serialization.get("name", name)))
        return str(shape.serialization.get("name", name))
