"""The journal: one line of JSON for every request, with its target and never a value."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Entry:
    """One request and what became of it. ``status`` is None where no answer was given."""

    t: float
    service: str
    action: str
    target: str
    instance: str | None
    role: str | None = None
    status: int | None = None
    error: str | None = None
    ms: float = 0.0
    # By which statements the role's policies allowed it: action and Sid of each.
    allowed: list[str] = field(default_factory=list)
    # What they did not allow: action and resource. Not what a fault has denied.
    denied: str | None = None
    # Where the request, or its answer, is not as AWS's models have it; None where no model was asked.
    misfits: list[str] | None = None


class Journal:
    """Appends entries to a file; each line is whole, also under many writers."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def write(self, entry: Entry) -> None:
        """Appends one line."""
        line = json.dumps(asdict(entry), separators=(",", ":"))
        with self._lock:
            if self._file:
                self._file.write(line + "\n")
