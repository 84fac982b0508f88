"""Evaluates identity-based IAM policies: an explicit deny wins, and what is not allowed is denied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends

from . import ACCOUNT, PARTITION

Document = Mapping[str, Any]


def policies_of(role: str) -> list[Document]:
    """The inline and attached policies of a role."""
    record = iam_backends[ACCOUNT][PARTITION].get_role(role)
    inline = [_document(policy) for policy in record.policies.values()]
    attached = [
        _document(version.document)
        for policy in record.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return inline + attached


@dataclass(frozen=True)
class Verdict:
    """What policies say of one action on one resource."""

    allowed: bool
    # The Sids of the statements that decide: those that allow, or the one that denies.
    statements: list[str] = field(default_factory=list)

    @property
    def explicit(self) -> bool:
        """Whether a statement denies it; else none allows it."""
        return not self.allowed and bool(self.statements)


def judge(policies: Iterable[Document], action: str, resource: str, context: Mapping[str, str]) -> Verdict:
    """Whether the policies together allow this action on this resource."""
    allowing = []
    for policy in policies:
        # moto leaves null where CloudFormation leaves nothing (AWS::NoValue).
        for statement in filter(None, _listed(policy["Statement"])):
            if not _applies(statement, action, resource, context):
                continue
            if statement["Effect"] == "Deny":
                return Verdict(False, [str(statement.get("Sid", ""))])
            allowing.append(str(statement.get("Sid", "")))
    return Verdict(bool(allowing), allowing)


def _document(policy: Any) -> Document:
    """CloudFormation leaves inline policies as objects, the IAM API as text."""
    document: Document = json.loads(policy) if isinstance(policy, str) else policy
    return document


def _applies(statement: Document, action: str, resource: str, context: Mapping[str, str]) -> bool:
    return (
        _selects(statement, "Action", action, ignore_case=True)
        and _selects(statement, "Resource", resource)
        and all(_holds(op, keys, context) for op, keys in statement.get("Condition", {}).items())
    )


def _selects(statement: Document, element: str, value: str, *, ignore_case: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not any(_matches(p, value, ignore_case) for p in _listed(statement[f"Not{element}"]))
    return any(_matches(p, value, ignore_case) for p in _listed(statement.get(element, [])))


def _matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """IAM's wildcards: ``*`` for any run of characters, ``?`` for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """One condition operator; all of its keys have to hold. Keys are compared without regard to case."""
    known = {k.lower(): v for k, v in context.items()}
    return all(_compares(operator, known.get(key.lower()), _listed(wanted)) for key, wanted in keys.items())


def _compares(operator: str, have: str | None, wanted: list[Any]) -> bool:
    base, if_exists = (operator[:-8], True) if operator.endswith("IfExists") else (operator, False)
    negated = "Not" in base
    texts = [str(w) if not isinstance(w, bool) else str(w).lower() for w in wanted]
    if base == "Null":
        return (have is None) == (texts[0].lower() == "true")
    if have is None:
        return if_exists or negated
    match base.replace("Not", ""):
        case "StringEquals":
            found = have in texts
        case "StringEqualsIgnoreCase":
            found = have.lower() in [t.lower() for t in texts]
        case "StringLike" | "ArnLike" | "ArnEquals":
            found = any(_matches(t, have) for t in texts)
        case "Bool":
            found = have.lower() in texts
        case _:
            raise NotImplementedError(f"cannot evaluate the condition operator {operator}: the lab does not know it")
    return found != negated


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
