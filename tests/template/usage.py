"""Whether the lab's instances could do all that they had to, and used all that they may.

    python usage.py JOURNAL

reads the control plane's journal after the end-to-end cases: what policies denied, and which statements allowed something.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from template import as_in_examples

_ROLE = re.compile(r"-(Manager|Worker)Role-")
_SSM_AGENT = "no machine of the lab has an SSM agent"
_LOGS = "no engine of the lab logs to CloudWatch"
_ECR = "the lab has no ECR that images come from"

# Allowed and not used in the lab, by role, action and Sid.
UNUSED: dict[tuple[str, str, str], str] = {
    ("Manager", "kms:GenerateDataKey", "Key"): "only for parameters of the advanced tier",
    ("Manager", "ecr:BatchCheckLayerAvailability", "RegistryPull"): _ECR,
    ("Manager", "ecr:BatchGetImage", "RegistryPull"): _ECR,
    ("Manager", "ecr:GetDownloadUrlForLayer", "RegistryPull"): _ECR,
    ("Manager", "s3:GetObject", "StackBucket"): "no cluster of the lab has a bucket; the contract tests read one",
}
for _kind in ("Manager", "Worker"):
    UNUSED[(_kind, "ssm:UpdateInstanceInformation", "Registration")] = _SSM_AGENT
    for _what in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"):
        UNUSED[(_kind, f"ssmmessages:{_what}", "Sessions")] = _SSM_AGENT
    for _what in ("CreateLogStream", "PutLogEvents"):
        UNUSED[(_kind, f"logs:{_what}", "Logs")] = _LOGS

# Denied on purpose, by role and "action resource"; "*" stands for anything.
DENIED: dict[tuple[str, str], str] = {
    ("Worker", "ssm:GetParameter *:parameter/swarmlet/seen*/ticket"): "a machine whose role is another cluster's",
    ("Worker", "ssm:GetParameter *:parameter/swarmlet/elsewhere/ticket"): "the same",
    ("Worker", "ec2:DescribeTags *"): "a machine that somebody launches by hand without tags asks EC2 for them",
    ("Manager", "autoscaling:SetInstanceProtection *:autoScalingGroupName/roles-*-worker"): (
        "a worker that its tag makes a manager stays in the workers' group"
    ),
    ("Manager", "s3:GetObject arn:aws:s3:::nowhere/large.yml"): "a stack that nobody can read",
}


def allowed() -> set[tuple[str, str, str]]:
    """Every action that a role may do: role, action and Sid."""
    found = set()
    for name, document in as_in_examples().policies().items():
        kinds = [kind for kind in ("Manager", "Worker") if name.startswith(kind)]
        if name.startswith("StackBucketPolicy"):
            kinds = ["Manager"]
        for statement in document["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if statement["Effect"] == "Allow":
                    found |= {(kind, action, statement["Sid"]) for kind in kinds or ["Manager", "Worker"]}
    return found


def judge(journal: Iterable[dict[str, Any]]) -> tuple[set[tuple[str, str, str]], dict[tuple[str, str], int]]:
    """What was used, and what was denied how often."""
    used: set[tuple[str, str, str]] = set()
    denied: dict[tuple[str, str], int] = {}
    for entry in journal:
        kind = _ROLE.search(entry.get("role") or "")
        if kind is None:
            continue
        for what in entry["allowed"]:
            action, _, sid = what.partition(" ")
            used.add((kind[1], action, sid))
        if entry["denied"]:
            what = (kind[1], entry["denied"])
            denied[what] = denied.get(what, 0) + 1
    return used, denied


def complaints(journal: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong, in words."""
    used, denied = judge(journal)
    said = [
        f"a {kind.lower()} was denied {what} ({count} times)"
        for (kind, what), count in sorted(denied.items())
        if not any(kind == whose and fnmatch.fnmatchcase(what, pattern) for whose, pattern in DENIED)
    ]
    for kind, action, sid in sorted(allowed() - used - UNUSED.keys()):
        said.append(f"no {kind.lower()} used {action} of the statement {sid}")
    for kind, action, sid in sorted(UNUSED.keys() & used):
        said.append(f"a {kind.lower()} used {action} of the statement {sid} after all: take it off the list of exceptions")
    return said


def main(journal: Path) -> int:
    """The number of complaints, at most 1."""
    with journal.open(encoding="utf-8") as lines:
        said = complaints(json.loads(line) for line in lines)
    for sentence in said:
        print(sentence)
    return min(len(said), 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
