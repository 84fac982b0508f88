"""What a machine has written to its console, as EC2 shows it: the latest 64 KiB, from all of its boots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.responses.general import General
from moto.ec2.utils import Base64EncodedString

from .patching import replace

_LATEST = 64 * 1024
_folders: list[Path] = []


def install() -> None:
    """Puts the change into moto, which makes a console up."""
    replace(General, get_console_output=_get_console_output)


def find_in(folder: Path) -> None:
    """Where the machines' folders are."""
    _folders[:] = [folder]


def _get_console_output(self: Any) -> ActionResult:
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    try:
        written = (_folders[0] / instance.id / "console.log").read_bytes()[-_LATEST:]
    except FileNotFoundError:
        # One that has not been on yet.
        written = b""
    output = Base64EncodedString.from_raw_string(written.decode(errors="replace"))
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})
