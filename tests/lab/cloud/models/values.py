"""A value, held against its shape: members, types, lengths, ranges, patterns and enumerations."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.model import Shape

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "blob": bytes,
    "timestamp": datetime,
}
# Java's way of saying "all characters beyond the basic plane", which is no range in Python.
_SURROGATES = "\\uD800\\uDC00-\\uDBFF\\uDFFF"
_CATEGORY = re.compile(r"\\p\{(\w+)\}")


def misfits(shape: Shape, value: Any, path: str, is_answer: bool = False) -> Iterator[str]:
    """What is wrong with a value, each with where; never the value itself, which may be a secret."""
    if not _is_of(shape, value):
        yield f"{path} is no {shape.type_name}"
        return
    # AWS itself answers empty lists where its model says at least one, as GetParameters' InvalidParameters.
    if not (is_answer and value == []):
        yield from _own(shape, value, path)
    for inner, each, where in _within(shape, value, path):
        yield from misfits(inner, each, where, is_answer)


def _within(shape: Shape, value: Any, path: str) -> Iterator[tuple[Shape, Any, str]]:
    match shape.type_name:
        case "structure":
            for name, each in value.items():
                yield shape.members[name], each, f"{path}.{name}"
        case "list":
            for index, each in enumerate(value):
                yield shape.member, each, f"{path}[{index}]"
        case "map":
            for key, each in value.items():
                yield shape.key, key, f"{path} key"
                yield shape.value, each, f"{path}.{key}"


def _is_of(shape: Shape, value: Any) -> bool:
    # A boolean is an integer to Python.
    if isinstance(value, bool):
        return bool(shape.type_name == "boolean")
    return isinstance(value, _TYPES[shape.type_name])


def _own(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from (f"{path} has no {name}" for name in shape.required_members if name not in value)
    if shape.type_name in ("list", "map", "string", "blob"):
        yield from _bounds(shape, len(value), f"{path} is of length {len(value)}")
    if shape.type_name in ("integer", "long", "float", "double"):
        yield from _bounds(shape, value, f"{path} is {value}")
    if shape.type_name == "string":
        yield from _words(shape, value, path)


def _bounds(shape: Shape, size: float, said: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{said}, at least {least}"
    if most is not None and size > most:
        yield f"{said}, at most {most}"


def _words(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} is none of the words of {shape.name}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        yield f"{path} does not match {pattern}"


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """As Java reads it: with classes of Unicode's categories, and ``[\\w-x]`` that is no range."""
    text = text.replace(_SURROGATES, "\\U00010000-\\U0010FFFF").replace("[\\w-\\/", "[\\w\\-\\/")
    return re.compile(_CATEGORY.sub(lambda match: _of_category(match[1]), text))


@functools.cache
def _of_category(name: str) -> str:
    """All characters of a category, as ranges for a class: Python's patterns know none."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
