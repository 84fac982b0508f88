"""What the journal is read for."""

from __future__ import annotations

import unittest
from typing import Any

from usage import UNUSED, allowed, complaints


def entry(role: str, allowed: list[str], denied: str | None = None) -> dict[str, Any]:
    return {"role": f"demo-{role}Role-ABC", "allowed": allowed, "denied": denied}


def everything() -> list[dict[str, Any]]:
    return [entry(kind, [f"{action} {sid}"]) for kind, action, sid in allowed() - UNUSED.keys()]


class Usage(unittest.TestCase):
    def test_exceptions_are_of_what_is_allowed(self) -> None:
        self.assertEqual(UNUSED.keys() - allowed(), set())
        self.assertIn(("Manager", "s3:GetObject", "StackBucket"), UNUSED)
        self.assertIn(("Worker", "ec2:DescribeTags", "Tags"), allowed())
        self.assertNotIn(("Manager", "ssm:PutParameter", "WriteOnce"), allowed())

    def test_nothing_is_said_where_all_was_used_and_nothing_denied(self) -> None:
        administrator = {"role": None, "allowed": [], "denied": None}
        self.assertEqual(complaints([*everything(), administrator]), [])

    def test_a_statement_that_nobody_needs_is_told(self) -> None:
        missing = ("Worker", "kms:Decrypt", "Key")
        rest = [each for each in everything() if each != entry(missing[0], [f"{missing[1]} {missing[2]}"])]
        self.assertEqual(complaints(rest), ["no worker used kms:Decrypt of the statement Key"])

    def test_a_call_that_was_denied_is_told_unless_that_was_meant(self) -> None:
        path = "ssm:GetParameter arn:aws:ssm:us-east-1:123456789012:parameter/swarmlet"
        meant, not_meant = f"{path}/seen-1/ticket", f"{path}/demo/epochs/0000000001/claim"
        journal = [*everything(), *2 * [entry("Worker", [], not_meant)], entry("Worker", [], meant)]
        self.assertEqual(complaints(journal), [f"a worker was denied {not_meant} (2 times)"])
        self.assertEqual(len(complaints([*everything(), entry("Manager", [], meant)])), 1)

    def test_an_exception_that_is_used_after_all_is_told(self) -> None:
        used = entry("Manager", ["kms:GenerateDataKey Key"])
        self.assertEqual(len(complaints([*everything(), used])), 1)


if __name__ == "__main__":
    unittest.main()
