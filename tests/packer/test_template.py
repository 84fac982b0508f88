"""What matters in the Packer template, and what Packer itself says of it."""

from __future__ import annotations

import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

import template

OWNERS = {"amazon-linux-2023": "137112412989", "debian-12": "136693071363", "debian-13": "136693071363"}
OWNERS["ubuntu-24.04"] = "099720109477"
# In this order, on every builder: what a script needs, an earlier one has made.
ORDER = ["00-builder", "10-engine", "20-swarmlet", "25-session", "30-images", "80-manifest", "90-seal"]


class Parsed(unittest.TestCase):
    whole: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.whole = template.parse()
        (cls.build,) = cls.whole["build"]
        cls.images = {body["name"]: body for body in (s["amazon-ebs.node"] for s in cls.build["source"])}
        cls.node = template.named([template.named(cls.whole["source"])["amazon-ebs"]])["node"]
        cls.variables = template.named(cls.whole["variable"])

    def test_every_distribution_is_built_for_every_architecture(self) -> None:
        wanted = {f"{d}-{a}" for d in template.DISTRIBUTIONS for a in template.ARCHITECTURES}
        self.assertEqual(set(self.images), wanted)
        self.assertEqual(len(self.build["source"]), len(wanted))
        for name, body in self.images.items():
            distribution, architecture = name.rsplit("-", 1) if name.endswith("arm64") else (name[:-7], "x86_64")
            (source,) = body["source_ami_filter"]
            self.assertEqual(source["owners"], [OWNERS[distribution]], name)
            self.assertEqual(source["filters"]["architecture"], architecture, name)
            self.assertIn(architecture, body["instance_type"], name)
            self.assertIn(name, body["ami_name"])

    def test_only_version_2_of_the_metadata_service(self) -> None:
        (options,) = self.node["metadata_options"]
        self.assertEqual(options["http_tokens"], "required")
        self.assertEqual(options["http_put_response_hop_limit"], 1)
        self.assertEqual(self.node["imds_support"], "v2.0")

    def test_every_volume_and_with_it_every_snapshot_is_encrypted(self) -> None:
        for name, body in self.images.items():
            (root,) = body["launch_block_device_mappings"]
            self.assertIs(root["encrypted"], True, name)
            self.assertEqual(root["kms_key_id"], "${var.kms_key}", name)

    def test_plugins_are_required_by_version(self) -> None:
        (packer,) = self.whole["packer"]
        self.assertRegex(packer["required_version"], r"^>= \d+\.\d+\.\d+$")
        (plugins,) = packer["required_plugins"]
        self.assertRegex(plugins["amazon"]["version"], r"^~> \d+\.\d+$")

    def test_every_variable_is_told_checked_and_used(self) -> None:
        self.assertEqual(set(self.variables), template.references("var"))
        for name, body in self.variables.items():
            self.assertIn("type", body, name)
            self.assertTrue(body["description"].endswith("."), name)
            (rule,) = body["validation"]
            self.assertIn(f"var.{name}", rule["condition"])
            self.assertTrue(rule["error_message"].endswith("."), name)

    def test_every_builder_runs_every_script_in_order(self) -> None:
        for name in self.images:
            ran = [Path(script).stem for body in self.provisioners(name) for script in scripts(body)]
            self.assertEqual(ran, ORDER, name)
        there = sorted(file.stem for file in (template.FOLDER / "provision").glob("*.sh"))
        self.assertEqual(there, ORDER)

    def test_every_image_says_whether_it_has_a_way_in(self) -> None:
        for name, body in self.images.items():
            agent = "local.ssm_agent" if name.startswith("debian") else "of the distribution"
            self.assertRegex(str(body["tags"]), f"swarmlet:ssm-agent.{{1,8}}{agent}", name)

    def test_what_is_downloaded_is_pinned_for_both_architectures(self) -> None:
        script = (template.FOLDER / "provision" / "10-engine.sh").read_text()
        self.assertRegex(script, r"(?m)^compose_pinned=\d+\.\d+\.\d+$")
        for machine in ("x86_64", "aarch64"):
            self.assertRegex(script, rf"(?m)^    {machine}\) echo [0-9a-f]{{64}} ;;$")
        self.assertRegex(self.variables["ssm_agent_version"]["default"], r"^(\d+\.){3}\d+$")

    def test_the_binary_is_uploaded_once_and_for_its_own_architecture(self) -> None:
        for name in self.images:
            uploads = [b["source"] for b in self.provisioners(name) if b.get("destination") == "/tmp/swarmlet/"]
            self.assertEqual(uploads, [f"${{var.stage}}/{'arm64' if name.endswith('arm64') else 'x86_64'}/"])

    def provisioners(self, name: str) -> list[dict[str, Any]]:
        """Those of one image, in order."""
        bodies = [body for block in self.build["provisioner"] for body in block.values()]
        return [body for body in bodies if f"amazon-ebs.{name}" in body.get("only", [f"amazon-ebs.{name}"])]


class Packer(unittest.TestCase):
    """Debian's Packer, on all that it can read."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        template.for_old_packer(self.folder)

    def validate(self, **variables: str) -> subprocess.CompletedProcess[str]:
        words = [word for name, value in variables.items() for word in ("-var", f"{name}={value}")]
        return subprocess.run(
            ["packer", "validate", *words, "."],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_accepts_the_template(self) -> None:
        done = self.validate()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_accepts_values_that_make_sense(self) -> None:
        sums = '{x86_64="%s",arm64=""}' % ("a" * 64)
        done = self.validate(
            region="ap-southeast-2",
            copy_to_regions='["us-gov-west-1"]',
            subnet_id="subnet-0123456789abcdef0",
            kms_key="alias/images",
            engine_version="26.1",
            compose_sha256=sums,
            ssm_agent_version="",
            ssm_agent_source="http://10.0.0.1:8080/ssm",
            swarmlet_sha256=sums,
            images='["nginx:1.29", "registry.example:5000/a/b@sha256:0"]',
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_refuses_each_value_that_makes_none(self) -> None:
        wrong = {
            "region": "nowhere",
            "copy_to_regions": '["x"]',
            "subnet_id": "10.0.0.0/24",
            "instance_profile": "arn:aws:iam::1:instance-profile/a b",
            "instance_types": '{x86_64="t3.small"}',
            "volume_size": "2",
            "kms_key": "mine",
            "name": "a b",
            "tags": '{"aws:x"="y"}',
            "stage": "",
            "swarmlet_version": "new",
            "swarmlet_sha256": '{x86_64="12",arm64=""}',
            "engine": "later",
            "engine_version": "latest",
            "compose_version": "v2",
            "compose_sha256": '{x86_64="",arm64="xyz"}',
            "ssm_agent_version": "latest",
            "ssm_agent_source": "s3://bucket",
            "images": '["a; rm b"]',
            "manifests": "",
        }
        self.assertEqual(set(wrong), set(template.named(template.parse()["variable"])))
        for name, value in wrong.items():
            done = self.validate(**{name: value})
            self.assertEqual(done.returncode, 1, name)
            self.assertRegex(re.sub(r"\s+", " ", done.stdout + done.stderr), rf"\b{name}\b.* validation rule", name)


def scripts(provisioner: dict[str, Any]) -> list[str]:
    """What a provisioner runs; every file of it is there."""
    names = provisioner.get("scripts", []) + ([provisioner["script"]] if "script" in provisioner else [])
    for name in names:
        assert (template.FOLDER / name.replace("${path.root}/", "")).is_file(), name
    return names


if __name__ == "__main__":
    unittest.main()
