"""What runs on a laptop runs with the bash of macOS and with BSD's tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from .harness import LAB
from .portable import BASH, TOOLS, refused

ROOT = LAB.parents[1]
# scripts/stage is what packer/README.md asks for.
SCRIPTS = [ROOT / "scripts" / name for name in ("launch", "prove-on-aws", "stage")]
SCRIPTS += [part for folder in ("launching", "proving") for part in sorted((ROOT / "scripts" / folder).glob("*.sh"))]
# User data: it runs on instances.
SCRIPTS.remove(ROOT / "scripts/proving/on-instances.sh")

FINE = """
# declare -A in a comment
local text=$1 zone='' missing=()
missing+=("$zone") && used+="$id"$'\\n'
for zone in ${zones[@]+"${zones[@]}"}; do echo "${#zones[@]} ${zones[*]-}"; done
zones=()
[[ $name =~ ^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$ && " $all " == *" $name "* ]] || exit 1
printf -v "parameter_$1" %s "${!variable-$2}"
IFS=$'\\t' read -r one rest <<<"$2" && read -rp "Type it: " answer
sed -n -e 1d -e '/^#/!q' -e 's/^# \\{0,1\\}//p' "$here/launch"
sed -n '/a/{s/^b//;p;}' file && grep -Eq "\\.$id([[:space:]]|$)" <<<"$x"
echo "$(($(wc -w <<<"$ids")))" "${x:-a}" "${x:+b}" "${x#*:}" "${@:2}" "${x:0:3}" "${x:-a:-b}"
xargs -n 10 aws --region "$region" ssm delete-parameters --names <<<"$names" >/dev/null
aws --query 'sort_by(Subnets,&Zone)[-1].[Id,State]' --tags "Key=a,Value=b" >"$scratch/x" 2>&1
command -v sha256sum >/dev/null || sum=(shasum -a 256)
mktemp -d; trap 'rm -rf "$scratch"' EXIT; sort -u | uniq -c; tail -n 1; cut -d ' ' -f 2
"""


class Rules(unittest.TestCase):
    def test_each_refuses_what_it_is_for(self) -> None:
        for rule in BASH + TOOLS:
            for sample in rule.samples:
                found = refused(f"true\n  {sample}\n")
                self.assertTrue(
                    any(line.startswith(f"{rule.refuses}: ") for line in found), f"{rule}: {sample}: {found}"
                )

    def test_an_array_that_may_be_empty_is_guarded(self) -> None:
        for line in ('for x in "${a[@]}"; do :; done', 'echo "${a[*]}"', "f ${a[@]}"):
            for given in ("a=()", "local b c a=()", 'IFS=, read -ra a <<<"$x"'):
                self.assertEqual(len(refused(f"{given}\n{line}\n")), 1, (given, line))
            self.assertEqual(refused(f"a=(one two)\n{line}\n"), [])

    def test_what_bash_3_2_knows_is_let_through(self) -> None:
        self.assertEqual(refused(FINE), [])

    def test_a_line_that_goes_on_is_one(self) -> None:
        self.assertEqual(len(refused("ls \\\n  |& cat\n")), 1)


class Scripts(unittest.TestCase):
    def test_they_keep_to_it(self) -> None:
        self.assertGreater(len(SCRIPTS), 7)
        for script in SCRIPTS:
            self.assertEqual(refused(script.read_text()), [], script)


class OtherShells(unittest.TestCase):
    """``sh scripts/launch``, where sh is Debian's; what it takes for its version it has from the environment."""

    def run_as(self, version: str | None) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"]} | ({"BASH_VERSION": version} if version else {})
        command = ["dash", str(SCRIPTS[0]), "--help"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def test_they_are_told_what_is_needed_in_one_line(self) -> None:
        for version in (None, "1.14.7(1)", "2.05b.0(1)-release", "3.0.16(1)-release", "3.1.17(1)-release"):
            said = self.run_as(version)
            self.assertEqual((said.returncode, said.stdout), (1, ""), said)
            self.assertTrue(said.stderr.startswith("cannot go on: scripts/launch needs bash 3.2 or later"), said)
            self.assertEqual(said.stderr.count("\n"), 1, said)
            self.assertIn(f"this is {version}" if version else "run it as scripts/launch", said.stderr)

    def test_what_is_young_enough_goes_on(self) -> None:
        for version in ("3.2.57(1)-release", "4.0.44(1)-release", "5.2.15(1)-release", "10.0.1(1)-release"):
            self.assertNotIn("needs bash", self.run_as(version).stderr)

    def test_bash_as_sh_is_bash(self) -> None:
        command = ["bash", "--posix", str(SCRIPTS[0]), "--help"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stderr), (0, ""))


def old_bash() -> str | None:
    """A bash 3.2 that is not what runs the suites anyway."""
    for name in (os.environ.get("LAB_BASH_3_2"), "bash-3.2", "bash3.2", "bash32"):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


@unittest.skipUnless(old_bash(), "there is no bash 3.2: LAB_BASH_3_2 names one")
class RealBash(unittest.TestCase):
    """The rules above are patterns. This is the shell itself."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bash = Path(folder.name) / "bash"
        self.bash.symlink_to(Path(old_bash() or "").resolve())
        self.environment = os.environ | {"PATH": f"{folder.name}:{os.environ['PATH']}"}
        self.environment.pop("LAB_BASH_3_2", None)

    def run_it(self, *command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, env=self.environment, cwd=LAB, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        return done

    def test_it_is_3_2(self) -> None:
        said = self.run_it("bash", "-c", 'echo "${BASH_VERSION%.*}"').stdout
        self.assertEqual(said, "3.2\n")

    def test_it_reads_all_scripts(self) -> None:
        for script in SCRIPTS:
            self.run_it("bash", "-n", str(script))
        self.assertIn("--cluster", self.run_it(str(SCRIPTS[0]), "--help").stdout)

    def test_it_runs_the_suite_of_launch(self) -> None:
        """Some minutes."""
        said = self.run_it(sys.executable, "-m", "unittest", "cloud.tests.test_launch").stderr
        self.assertRegex(said, r"Ran [1-9]\d* tests")


if __name__ == "__main__":
    unittest.main()
