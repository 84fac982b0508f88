"""The cluster template by CloudFormation's own rules, as the linter that moto brings knows them."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from pathlib import Path

from .harness import TEMPLATE


class Template(unittest.TestCase):
    def test_has_nothing_to_say_to_the_linter(self) -> None:
        linter = Path(sys.executable).with_name("cfn-lint")
        said = subprocess.run([str(linter), "--", str(TEMPLATE)], capture_output=True, text=True, timeout=120)
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)

    def test_is_small_enough_to_be_sent_as_it_is(self) -> None:
        # A larger one needs a bucket.
        self.assertLess(TEMPLATE.stat().st_size, 51_200)

    def test_the_rules_between_nodes_are_there_as_long_as_a_node_is(self) -> None:
        text = TEMPLATE.read_text()
        rules = re.findall(r"^  (\w+):\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:", text, re.MULTILINE)
        self.assertEqual(len(rules), 14)
        manager_group = text.partition("\n  ManagerGroup:\n")[2].partition("    UpdatePolicy:")[0]
        needed = re.findall(r"^      - (\w+)$", manager_group, re.MULTILINE)
        self.assertLessEqual(set(rules), set(needed))
        self.assertIn("\n  WorkerGroup:\n    Type: AWS::AutoScaling::AutoScalingGroup\n    DependsOn: ManagerGroup\n", text)


if __name__ == "__main__":
    unittest.main()
