"""Tells what of a journal is not as AWS's models have it: ``python -m cloud.models JOURNAL``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path


def main(journal: Path) -> int:
    """1 if anything is not."""
    checked: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    with journal.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["misfits"] is not None:
                checked[entry["service"]] += 1
                found.update((f"{entry['service']} {entry['action']}", misfit) for misfit in entry["misfits"])
    for (action, misfit), count in sorted(found.items()):
        print(f"{action}: {misfit} ({count} times)")
    calls = ", ".join(f"{count} of {service}" for service, count in sorted(checked.items()))
    print(f"{sum(checked.values())} calls and their answers were held against AWS's models: {calls}")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
