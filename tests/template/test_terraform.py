"""The Terraform modules: their inputs are the templates' parameters, and what Terraform itself says of them.

``UPDATE_TERRAFORM=1`` writes the inputs anew, after a parameter has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path
from typing import Any

import hcl2
import template
import terraform

MODULES = template.ROOT / "scripts/terraform"
EXAMPLES = template.ROOT / "docs/examples/terraform"
TEMPLATES = template.ROOT / "scripts/cloudformation"


def _modules() -> list[Path]:
    return sorted(folder for folder in MODULES.iterdir() if folder.is_dir())


def _parameters(module: Path) -> dict[str, dict[str, Any]]:
    parameters: dict[str, dict[str, Any]] = template.load(TEMPLATES / f"{module.name}.yaml")["Parameters"]
    return parameters


def _parse(file: Path) -> dict[str, Any]:
    with file.open() as opened:
        parsed: dict[str, Any] = hcl2.load(opened)
    return parsed


class Modules(unittest.TestCase):
    def test_each_template_has_one(self) -> None:
        names = sorted(file.stem for file in TEMPLATES.glob("*.yaml"))
        self.assertEqual([module.name for module in _modules()], names)

    def test_inputs_are_the_templates_parameters(self) -> None:
        for module in _modules():
            file, expected = module / "variables.tf", terraform.inputs(_parameters(module))
            if os.environ.get("UPDATE_TERRAFORM"):
                file.write_text(expected)
            with self.subTest(module.name):
                self.assertEqual(file.read_text(), expected)

    def test_the_stack_is_given_each_of_them(self) -> None:
        for module in _modules():
            file, expected = module / "main.tf", terraform.values(_parameters(module))
            block = re.compile(r"(?<=  parameters = \{\n).*?(?=\n  \})", re.DOTALL)
            if os.environ.get("UPDATE_TERRAFORM"):
                file.write_text(block.sub(lambda _: expected, file.read_text()))
            with self.subTest(module.name):
                self.assertEqual(block.findall(file.read_text()), [expected])

    def test_can_be_read(self) -> None:
        for file in [*MODULES.rglob("*.tf"), *EXAMPLES.rglob("*.tf")]:
            with self.subTest(str(file.relative_to(template.ROOT))):
                self.assertTrue(_parse(file))

    def test_the_example_gives_what_has_no_default(self) -> None:
        given: dict[str, set[str]] = {}
        for file in EXAMPLES.glob("*.tf"):
            for module in _parse(file).get("module", []):
                for body in module.values():
                    # This reader has each value in a list.
                    name = Path(body["source"][0]).name
                    given.setdefault(name, set()).update(body)
        for module in _modules():
            parameters = _parameters(module)
            needed = {terraform.spelled(name) for name, form in parameters.items() if "Default" not in form}
            known = {terraform.spelled(name) for name in parameters} | {"source", "count", "providers"}
            with self.subTest(module.name):
                said = {key for key in given.get(module.name, set()) if not key.startswith("__")}
                self.assertLessEqual(needed, said)
                self.assertLessEqual(said, known)

    @unittest.skipUnless(shutil.which("terraform"), "there is no terraform here")
    def test_is_formatted_as_terraform_does_it(self) -> None:
        for folder in (MODULES, EXAMPLES):
            command = ["terraform", "fmt", "-check", "-diff", "-recursive", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
