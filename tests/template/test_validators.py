"""What validators say of the templates, and of its policies and the examples. A finding that is not accepted fails, and so does
an accepted one that is found no more."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

from accepted import ACCEPTED
from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string
from template import TEMPLATES, documents

# Of each partition one; cfn-lint knows what each region has.
REGIONS = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"]
Findings = set[tuple[str, str]]
_CLOUDSPLAINING = [
    "allows_data_exfiltration_actions",
    "allows_privilege_escalation",
    "credentials_exposure",
    "infrastructure_modification",
    "permissions_management_without_constraints",
    "service_wildcard",
    "write_actions_without_constraints",
]


def run(tool: str, *arguments: str) -> Any:
    """What a tool of this environment finds, as JSON. It ends with another code where it finds something."""
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(said.stdout)
    except ValueError:
        raise AssertionError(f"{tool} ended with {said.returncode}: {said.stdout}{said.stderr}") from None


def cfn_lint(template: Path) -> Findings:
    """All levels, experimental rules too. Not "-i", which ignores."""
    arguments = ["--include-checks", "I", "--include-experimental", "--format", "json", "--regions", *REGIONS]
    found = run("cfn-lint", *arguments, "--template", str(template))
    return {(finding["Rule"]["Id"], str(finding["Location"]["Path"][0])) for finding in found}


def checkov(template: Path) -> Findings:
    """Its own checks: those of its vendor's service are not downloaded. All templates of the folder at once."""
    arguments = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    found = run("checkov", *arguments, "--directory", str(template.parent))
    summary = found["summary"]
    assert summary["passed"] > 100 and not summary["parsing_errors"], summary
    return {(check["check_id"], check["resource"]) for check in found["results"]["failed_checks"]}


def parliament(policies: dict[str, Any]) -> Findings:
    """Unknown actions, resources and conditions that do not fit, and its community's checks."""
    found: Findings = set()
    for name, policy in policies.items():
        analyzed = analyze_policy_string(json.dumps(policy), include_community_auditors=True)
        found |= {(finding.issue, name) for finding in analyzed.findings}
    return found


def cloudsplaining(policies: dict[str, Any]) -> Findings:
    """What a policy gives away to who has the role."""
    found: Findings = set()
    for name, policy in policies.items():
        document = PolicyDocument(policy)
        for check in _CLOUDSPLAINING:
            for what in getattr(document, check):
                found.add((f"{check.replace('_', ' ')}: {what if isinstance(what, str) else what['type']}", name))
    return found


class Validators(unittest.TestCase):
    maxDiff = None

    def hold(self, tool: str, found: Findings) -> None:
        accepted = set(ACCEPTED[tool])
        self.assertEqual(found - accepted, set(), f"{tool} finds what nobody has accepted")
        self.assertEqual(accepted - found, set(), f"{tool} finds no more what was accepted")

    def test_cfn_lint(self) -> None:
        self.hold("cfn-lint", set().union(*map(cfn_lint, TEMPLATES)))

    def test_checkov(self) -> None:
        self.hold("checkov", checkov(TEMPLATES[0]))

    def test_parliament(self) -> None:
        self.hold("parliament", parliament(documents()))

    def test_cloudsplaining(self) -> None:
        self.hold("cloudsplaining", cloudsplaining(documents()))

    def test_a_policy_that_is_wrong_is_found(self) -> None:
        """A condition key that no such action has, and a role that can make itself any other."""
        wrong = documents()["manager.json"]["Statement"][2]
        self.assertEqual(wrong["Sid"], "WriteOnce")
        wrong = wrong | {"Condition": {"StringEquals": {"ssm:Overwrites": "true"}}}
        found = parliament({"wrong": {"Version": "2012-10-17", "Statement": [wrong]}})
        self.assertIn(("UNKNOWN_CONDITION_FOR_ACTION", "wrong"), found)
        wide = {"Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:AttachRolePolicy"], "Resource": "*"}
        found = cloudsplaining({"wide": {"Version": "2012-10-17", "Statement": [wide]}})
        self.assertIn(("permissions management without constraints: iam:PutRolePolicy", "wide"), found)


if __name__ == "__main__":
    unittest.main()
