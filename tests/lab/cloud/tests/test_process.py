"""The process as a whole: its start, its journal, its files, its end."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import unittest
import urllib.request

from .harness import LAB, Cloud, Metadata, error_of


# No settings of a person's own.
AWS = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}


class Process(unittest.TestCase):
    def setUp(self) -> None:
        self.cloud = Cloud()

    def tearDown(self) -> None:
        self.assertEqual(self.cloud.stop(), 0)

    def test_is_ready_soon_and_tells_where(self) -> None:
        self.assertLess(self.cloud.startup_seconds, 10)
        self.assertEqual(set(self.cloud.listening), {"api", "imds", "files", "admin"})
        health = self.cloud.admin("GET", "/lab/health")[1]
        self.assertEqual(health["api"], self.cloud.listening["api"])
        subnets = self.cloud.client("ec2").describe_subnets(SubnetIds=health["subnet_ids"])["Subnets"]
        self.assertEqual(
            {(s["AvailabilityZone"], s["CidrBlock"], s["VpcId"]) for s in subnets},
            {
                (f"us-east-1{zone}", f"10.98.{net}.0/20", health["vpc_id"])
                for zone, net in (("a", 16), ("b", 32), ("c", 48))
            },
        )
        self.assertEqual(len(self.cloud.client("ec2").describe_vpcs()["Vpcs"]), 1)
        images = self.cloud.client("ec2").describe_images(ImageIds=list(health["images"].values()))["Images"]
        self.assertEqual(len(images), len(health["images"]))

    def test_the_admin_socket_is_its_owners_and_refuses_what_it_does_not_know(self) -> None:
        mode = (self.cloud.folder / "admin.sock").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(self.cloud.admin("GET", "/lab/nothing")[0], 404)
        self.assertEqual(self.cloud.admin("POST", "/lab/aliases", {"address": "10.98.16.4", "instance": "i-1"})[0], 400)

    def test_serves_files(self) -> None:
        (self.cloud.folder / "files/apt").mkdir()
        (self.cloud.folder / "files/apt/Release").write_text("Suite: lab\n")
        url = f"http://{self.cloud.listening['files']}/apt/Release"
        with urllib.request.urlopen(url, timeout=5) as answer:
            self.assertEqual(answer.read(), b"Suite: lab\n")
        fault = {"service": "files", "target": "/apt/*", "effect": "error", "seconds": 60}
        posted = self.cloud.admin("POST", "/lab/faults", fault)[1]
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=5)
        self.assertEqual(refused.exception.code, 503)
        self.cloud.admin("DELETE", f"/lab/faults/{posted['id']}")
        urllib.request.urlopen(url, timeout=5).close()

    def test_journals_every_request_and_no_secret(self) -> None:
        self.cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1)
        machine = self.cloud.machines(swarm__role="manager")[0]
        metadata = Metadata(self.cloud, machine["instance_id"])
        credentials = metadata.credentials()
        ssm = self.cloud.client("ssm", **credentials)
        ticket = {"Name": "/swarmlet/demo/ticket", "Type": "SecureString", "KeyId": "alias/swarmlet-demo"}
        ssm.put_parameter(**ticket, Value="SWMTKN-1-secret")
        ssm.get_parameter(Name="/swarmlet/demo/ticket", WithDecryption=True)
        error_of(ssm.delete_parameter, Name="/swarmlet/demo/ticket")
        metadata.connection.close()
        self._check_entries(machine["instance_id"])
        text = self.cloud.journal_file.read_text()
        for secret in ("SWMTKN", credentials["aws_secret_access_key"], credentials["aws_session_token"]):
            self.assertNotIn(secret, text)

    def _check_entries(self, instance: str) -> None:
        entries = self.cloud.journal()
        fields = {"t", "service", "action", "target", "instance", "role", "status", "error", "ms"}
        fields |= {"allowed", "denied", "misfits"}
        self.assertTrue(all(set(entry) == fields for entry in entries))
        calls = [(e["action"], e["target"], e["status"], e["error"]) for e in entries if e["service"] == "ssm"]
        name = "/swarmlet/demo/ticket"
        self.assertEqual(
            calls,
            [
                ("PutParameter", name, 200, None),
                ("GetParameter", name, 200, None),
                ("DeleteParameter", name, 400, "AccessDeniedException"),
            ],
        )
        decided = [(e["allowed"], e["denied"]) for e in entries if e["service"] == "ssm"]
        self.assertEqual(
            decided,
            [
                (["ssm:PutParameter Records", "kms:Encrypt Key"], None),
                (["ssm:GetParameter Parameters", "kms:Decrypt Key"], None),
                ([], f"ssm:DeleteParameter arn:aws:ssm:us-east-1:123456789012:parameter{name}"),
            ],
        )
        roles = {e["role"].rsplit("-", 1)[0] for e in entries if e["service"] == "ssm"}
        self.assertEqual(roles, {"demo-ManagerRole"})
        imds = [e for e in entries if e["service"] == "imds"]
        self.assertEqual({e["instance"] for e in imds}, {instance})
        self.assertEqual((imds[0]["action"], imds[0]["target"]), ("PUT", "/latest/api/token"))


class Unread(unittest.TestCase):
    """Whoever read its output has gone."""

    def run_unread(self, *words: str, out: bool = True, err: bool = False) -> tuple[int, bytes]:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            ended = subprocess.run(
                [sys.executable, "-m", *words],
                env=os.environ | {"PYTHONPATH": str(LAB)} | AWS,
                stdout=writer if out else subprocess.PIPE,
                stderr=writer if err else subprocess.PIPE,
                timeout=30,
                check=False,
            )
        finally:
            os.close(writer)
        return ended.returncode, ended.stderr or b""

    def test_help_and_the_ready_line_end_it_quietly(self) -> None:
        for words in (["--help"], ["--api", "127.0.0.1:0"]):
            self.assertEqual(self.run_unread("cloud", *words), (141, b""), words)

    def test_so_it_is_with_the_aws_command_line(self) -> None:
        for words in (["--version"], ["configure", "list"]):
            self.assertEqual(self.run_unread("cloud.aws", *words), (141, b""), words)

    def test_complaints_leave_the_exit_code_as_it_is(self) -> None:
        for words in (["cloud", "--nonsense"], ["cloud.aws", "nonsense"]):
            self.assertEqual(self.run_unread(*words, out=False, err=True)[0], 2, words)


if __name__ == "__main__":
    unittest.main()
