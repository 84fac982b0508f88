"""The cluster template by CloudFormation's own rules, as the linter that moto brings knows them."""

from __future__ import annotations

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


if __name__ == "__main__":
    unittest.main()
