"""The Packer template, parsed: plain Python values, and a copy that Debian's Packer 1.6 can read."""

from __future__ import annotations

import functools
import re
import shutil
from pathlib import Path
from typing import Any

import hcl2

FOLDER = Path(__file__).parents[2] / "packer"
DISTRIBUTIONS = ("amazon-linux-2023", "debian-12", "debian-13", "ubuntu-24.04")
ARCHITECTURES = ("x86_64", "arm64")

# What came after 1.6: whole blocks, and single settings.
_NEWER_BLOCKS = re.compile(r"^  metadata_options \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)
_NEWER_SETTINGS = re.compile(r"^  (imds_support|temporary_key_pair_type) .*\n", re.MULTILINE)


@functools.cache
def parse() -> dict[str, Any]:
    """All files of the template as one: by the kind of block, a list of what is in them."""
    whole: dict[str, list[Any]] = {}
    for file in files():
        for kind, blocks in _plain(hcl2.loads(file.read_text())).items():
            whole.setdefault(kind, []).extend(blocks)
    return whole


def files() -> list[Path]:
    """The files that Packer reads."""
    return sorted(FOLDER.glob("*.pkr.hcl"))


def named(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Blocks with one label, by it."""
    return {name: body for block in blocks for name, body in block.items()}


def references(kind: str) -> set[str]:
    """The names behind ``kind.`` anywhere in the template."""
    text = "".join(file.read_text() for file in files())
    return set(re.findall(rf"\b{kind}\.(\w+)", text))


def for_old_packer(folder: Path) -> None:
    """Writes what Packer 1.6 can read of the template to a folder, with an empty stage beside it."""
    for file in files():
        if file.name == "plugins.pkr.hcl":
            continue
        text = _NEWER_SETTINGS.sub("", _NEWER_BLOCKS.sub("", file.read_text()))
        (folder / file.name).write_text(text)
    shutil.copytree(FOLDER / "provision", folder / "provision")
    for architecture in ARCHITECTURES:
        (folder / "stage" / architecture).mkdir(parents=True)


def _plain(value: Any) -> Any:
    """Without the quotes that the parser leaves around names and strings, and without its own notes."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items() if not str(k).startswith("__")}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
