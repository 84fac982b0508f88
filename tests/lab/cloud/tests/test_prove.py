"""``scripts/prove-on-aws`` where nobody boots: what it says before, and that it leaves nothing, however it ends.

Its whole course is a case on machines: ``tests/e2e/cases/proof.rs``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import unittest
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .harness import BAKED, LAB, Cloud

SCRIPT = LAB.parents[1] / "scripts/prove-on-aws"
# In place of Packer: an image and a snapshot with the tags that its settings say.
PACKER = """#!/bin/sh
set -eu
[ "$1" = build ] || exit 0
test -x "$(sed 's/.*"stage":"\\([^"]*\\)".*/\\1/' "${2#-var-file=}")/x86_64/swarmlet"
name=$(sed 's/.*"swarmlet:proof":"\\([^"]*\\)".*/\\1/' "${2#-var-file=}")
tags="Key=swarmlet:proof,Value=$name Key=swarmlet:version,Value=stub"
volume=$(aws ec2 create-volume --size 20 --availability-zone us-east-1a --query VolumeId --output text)
snapshot=$(aws ec2 create-snapshot --volume-id "$volume" --query SnapshotId --output text)
aws ec2 delete-volume --volume-id "$volume"
image=$(aws ec2 register-image --name "$name" --architecture x86_64 --root-device-name /dev/xvda --query ImageId --output text)
aws ec2 create-tags --resources "$snapshot" "$image" --tags $tags
[ "$4" = . ] && [ "$3" = '-only=*.debian-13-x86_64' ] && exit "$STATUS"
"""
cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def start(*words: str, **more: str) -> subprocess.Popen[str]:
    environment = {
        "PATH": f"{cloud.folder}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(cloud.folder),
        "AWS_ENDPOINT_URL": f"http://{cloud.listening['api']}",
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    } | more
    command = [str(SCRIPT), *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=cloud.folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def prove(*words: str, typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    process = start(*words, **more)
    out, err = process.communicate(typed, timeout=600)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def read_to(process: subprocess.Popen[str], text: str) -> Iterable[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if text in line:
            return
    raise AssertionError(f"it never said {text!r}")


def report(name: str) -> str:
    return (cloud.folder / f"{name}.md").read_text()


def stacks(name: str) -> list[dict[str, Any]]:
    found = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return [s for s in found if s["StackName"] == name]


class Recorded(unittest.TestCase):
    def test_the_labs_side_has_each_step_and_question(self) -> None:
        parts = "".join((SCRIPT.parent / "proving" / f"{name}.sh").read_text() for name in ("course", "questions", "leaving"))
        steps = re.findall(r"^ +(?:is_skipped \w+ \|\| )?(?:step|note_result) ([a-z-]+) ", parts, re.MULTILINE)
        questions = [a or b for a, b in re.findall(r"""\banswer (?:'([^']+)'|"([^"]+)")""", parts)]
        lines = [line.split("\t") for line in (SCRIPT.parent / "proving/lab.tsv").read_text().splitlines()]
        self.assertEqual([line[0] for line in lines if line[0].startswith("step ")], [f"step {name}" for name in steps])
        self.assertEqual({line[0] for line in lines if not line[0].startswith("step ")}, set(questions))
        self.assertEqual({len(line) for line in lines}, {3})
        self.assertEqual([line for line in lines if not line[2]], [])


class Before(unittest.TestCase):
    def test_wrong_words_are_told_before_anything_is_asked(self) -> None:
        for words, told in (
            (("--what", "a"), "cannot read '--what'"),
            (("--name", "A b"), "--name and --clean need"),
            (("--clean", "production"), "--name and --clean need proof-"),
            (("--type", "m7i.large"), "--type m7i.large needs --hourly"),
            (("--budget", "much"), "--budget needs dollars"),
            (("--skip", "spot,stack"), "--skip cannot leave out stack"),
            (("--distribution", "gentoo"), "none of packer's"),
        ):
            said = prove(*words)
            self.assertEqual((said.returncode, said.stdout), (2, ""), said)
            self.assertIn(told, said.stderr)

    def test_what_does_not_pay_for_its_deletion_is_refused(self) -> None:
        said = prove("--image", BAKED, "--name", "proof-dear", "--budget", "0.01")
        self.assertEqual(said.returncode, 1, said)
        self.assertRegex(said.stdout, r"deleting alone may cost \$0\.0\d, and the budget is \$0\.01")
        self.assertEqual(stacks("proof-dear"), [])

    def test_it_says_what_it_will_do_and_another_name_changes_nothing(self) -> None:
        said = prove("--image", BAKED, "--name", "proof-asked", "--skip", "refresh", typed="another\n")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("creates the stack proof-asked: three managers and three workers of type t3.small", said.stdout)
        self.assertIn("has a spot worker interrupted", said.stdout)
        self.assertNotIn("replaces all instances", said.stdout)
        self.assertRegex(said.stdout, r"costs \$\d\.\d\d at most")
        self.assertIn("nothing was changed", said.stderr)
        self.assertEqual(stacks("proof-asked"), [])

    def test_without_packer_it_says_so(self) -> None:
        # All that this machine has, but for Packer.
        folder = cloud.folder / "bin"
        folder.mkdir()
        for program in (p for p in Path("/usr/bin").iterdir() if p.name != "packer"):
            (folder / program.name).symlink_to(program)
        said = prove("--name", "proof-no-packer", "--binary", "/nowhere", PATH=f"{Path(sys.executable).parent}:{folder}")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("there is no Packer", said.stdout)
        self.assertIn("there is no /nowhere", said.stdout)


_LONG = unittest.skipUnless(os.environ.get("LAB_LONG") == "1", "takes minutes: by LAB_LONG=1, as scripts/test --long sets it")


@_LONG
class Image(unittest.TestCase):
    """A program stands in for Packer."""

    def build(self, name: str, status: str) -> subprocess.CompletedProcess[str]:
        packer = cloud.folder / "packer"
        packer.write_text(PACKER)
        packer.chmod(0o755)
        self.addCleanup(packer.unlink)
        words = ("--binary", "/bin/true", "--skip", "spot", "--minutes", "1")
        return prove("--name", name, "--yes", *words, STATUS=status)

    def assert_nothing_left(self, name: str) -> None:
        tagged = [{"Name": "tag:swarmlet:proof", "Values": [name]}]
        ec2 = cloud.client("ec2")
        self.assertEqual(ec2.describe_images(Filters=tagged)["Images"], [])
        self.assertEqual(ec2.describe_snapshots(Filters=tagged)["Snapshots"], [])
        self.assertIn("Left behind: nothing", report(name))

    def test_it_is_made_launched_and_deleted_with_its_snapshots(self) -> None:
        said = self.build("proof-built", "0")
        self.assertRegex(said.stdout, r"looking with ami-\w+, which the image is made from")
        self.assertRegex(report("proof-built"), r"\| image \| ok \| \d+ \| the image ami-\w+ \|")
        self.assertIn("swarmlet stub, x86_64", said.stdout)
        self.assertIn("**Stopped**: it took 1 minutes, as many as it was given", report("proof-built"))
        self.assertEqual(said.returncode, 1, said)
        self.assertIn([s["StackStatus"] for s in stacks("proof-built")], ([], ["DELETE_COMPLETE"]))
        self.assertIn("deleted the image ami-", said.stdout)
        self.assertIn("deleted the snapshot snap-", said.stdout)
        self.assert_nothing_left("proof-built")

    def test_packer_fails(self) -> None:
        said = self.build("proof-unbuilt", "1")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("| image | FAILED |", report("proof-unbuilt"))
        self.assertEqual(stacks("proof-unbuilt"), [])
        self.assert_nothing_left("proof-unbuilt")


@_LONG
class Ends(unittest.TestCase):
    """Nobody boots, so no cluster becomes whole."""

    def assert_nothing_left(self, name: str) -> None:
        # Where it is slow, it ends before there is a stack.
        self.assertIn([s["StackStatus"] for s in stacks(name)], ([], ["DELETE_COMPLETE"]))
        self.assertEqual([m for m in cloud.machines(swarm__cluster=name) if m["state"] != "terminated"], [])
        roles = [r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"]]
        self.assertEqual([r for r in roles if r.startswith(f"{name}-")], [])
        self.assertIn("Left behind: nothing", report(name))

    def test_its_money_is_up(self) -> None:
        dear = ("--type", "t3.medium", "--hourly", "20", "--budget", "47", "--skip", "spot")
        said = prove("--image", BAKED, "--name", "proof-broke", "--yes", *dear)
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("it may stop before its end, at the budget of $47", said.stdout)
        self.assertRegex(report("proof-broke"), r"\*\*Stopped\*\*: it cost \$\d\.\d\d by its own count, deleting costs \$45\.\d\d at most")
        self.assert_nothing_left("proof-broke")

    def test_it_is_interrupted(self) -> None:
        process = start("--image", BAKED, "--name", "proof-stopped", "--yes")
        # Inside of scripts/launch, which must not go on by itself.
        for _ in read_to(process, "creating the stack"):
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("**Stopped**: it was interrupted", report("proof-stopped"))
        self.assert_nothing_left("proof-stopped")

    def test_what_a_killed_run_has_left_is_cleaned(self) -> None:
        process = start("--image", BAKED, "--name", "proof-killed", "--yes")
        for _ in read_to(process, "== whole"):
            pass
        process.kill()
        process.communicate(timeout=60)
        self.assertEqual([s["StackStatus"] for s in stacks("proof-killed")], ["CREATE_COMPLETE"])
        said = prove("--clean", "proof-killed")
        self.assertEqual(said.returncode, 0, said)
        self.assertIn("nothing is left of proof-killed", said.stdout)
        self.assertEqual([s["StackStatus"] for s in stacks("proof-killed")], ["DELETE_COMPLETE"])


if __name__ == "__main__":
    unittest.main()
