"""A control plane of its own for a test module, and clients that speak to it as a machine would."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.config import Config

LAB = Path(__file__).parents[2]
TEMPLATE = LAB.parents[1] / "scripts/cloudformation/cluster.yaml"
BAKED = "ami-0ba1ed00000000001"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over the admin socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("lab")
        self._path = path

    def connect(self) -> None:
        """Connects to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


class Cloud:
    """One running control plane."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cloud-test-")
        self.folder = Path(self._folder.name)
        self.journal_file = self.folder / "requests.jsonl"
        (self.folder / "files").mkdir()
        command = [sys.executable, "-m", "cloud", "--api", "127.0.0.1:0", "--imds", "127.0.0.1:0"]
        command += ["--files", f"127.0.0.1:0={self.folder / 'files'}"]
        command += ["--admin", str(self.folder / "admin.sock"), "--journal", str(self.journal_file), *options]
        started = time.monotonic()
        self._log = (self.folder / "log").open("w")
        self._process = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": str(LAB)}, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.listening = self._wait_ready()
        self.startup_seconds = time.monotonic() - started

    def _wait_ready(self) -> dict[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready "), f"no ready line: {line!r} {(self.folder / 'log').read_text()}"
        return dict(part.split("=", 1) for part in line.split()[1:])

    def stop(self) -> int:
        """Ends the process as the lab does; its exit code."""
        self._process.terminate()
        code = self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
        misfits = [(entry["action"], entry["misfits"]) for entry in self.journal() if entry["misfits"]]
        self._folder.cleanup()
        assert not misfits, f"not as AWS's models have it: {misfits}"
        return code

    def admin(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One admin request: status and value."""
        connection = UnixConnection(self.folder / "admin.sock")
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        value = json.loads(answer.read())
        connection.close()
        return answer.status, value

    def fault(self, **fault: Any) -> str:
        """Puts a fault in force; its id."""
        status, value = self.admin("POST", "/lab/faults", fault)
        assert status == 200, value
        return str(value["id"])

    def machines(self, **wanted: str | None) -> list[dict[str, Any]]:
        """The machines whose facts or tags are as wanted."""
        found = self.admin("GET", "/lab/machines")[1]
        return [m for m in found if all((m | m["tags"]).get(k.replace("__", ":")) == v for k, v in wanted.items())]

    def client(self, service: str, **credentials: str) -> Any:
        """A client without retries, so that a test sees each answer; the administrator's unless told otherwise."""
        credentials = credentials or {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
        return boto3.client(
            service,
            endpoint_url=f"http://{self.listening['api']}",
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
            **credentials,
        )

    def stranger(self, service: str) -> Any:
        """A client of the administrator of another account."""
        return self.client(service, aws_access_key_id="stranger", aws_secret_access_key="stranger")

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The AWS CLI, as the administrator."""
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": "lab",
            "AWS_SECRET_ACCESS_KEY": "lab",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{self.listening['api']}",
        }
        aws = Path(sys.executable).with_name("aws")
        return subprocess.run([str(aws), *arguments], env=environment, capture_output=True, text=True, timeout=60)

    def make_cluster(self, name: str, **parameters: str | int) -> None:
        """Makes a cluster's stack, and waits until those that wait for no hook are in service."""
        self.client("cloudformation").create_stack(**self.stack(name, **parameters))
        for role in ("manager", "worker"):
            wait_until(lambda role=role: "Pending" not in Group(self, name, role).states().values(), 5)

    def stack(self, name: str, **parameters: str | int) -> dict[str, Any]:
        """The arguments of a cluster's stack, to create or update it with."""
        health = self.admin("GET", "/lab/health")[1]
        values = {
            "ClusterName": name,
            "VpcId": health["vpc_id"],
            "SubnetIds": ",".join(health["subnet_ids"]),
            "ImageId": BAKED,
            "LaunchingTimeout": 0,
            "TerminatingTimeout": 0,
        } | parameters
        return {
            "StackName": name,
            "TemplateBody": TEMPLATE.read_text(),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": str(v)} for k, v in values.items()],
        }

    def journal(self) -> list[dict[str, Any]]:
        """Every journal entry so far."""
        return [json.loads(line) for line in self.journal_file.read_text().splitlines()]


class Metadata:
    """IMDS as one machine sees it, over one connection that stays open.

    The machine's source address is a loopback one, which the admin API maps to the instance.
    """

    _next = 10

    def __init__(self, cloud: Cloud, instance: str | None) -> None:
        Metadata._next += 1
        self.address = f"127.0.0.{Metadata._next}"
        if instance:
            status, value = cloud.admin("POST", "/lab/aliases", {"address": self.address, "instance": instance})
            assert status == 200, value
        host, _, port = cloud.listening["imds"].rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=5, source_address=(self.address, 0))

    def request(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        """One request: status and body."""
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        self.connection.request(method, path, headers=named)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def token(self, seconds: str = "300") -> str:
        """A new session token."""
        status, token = self.request("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds=seconds)
        assert status == 200, status
        return token

    def get(self, path: str, token: str | None = None) -> tuple[int, str]:
        """One value under ``/latest/``."""
        return self.request("GET", f"/latest/{path}", X_aws_ec2_metadata_token=token or self.token())

    def read(self, path: str) -> str:
        """One value of ``meta-data`` that must be there."""
        status, value = self.get(f"meta-data/{path}")
        assert status == 200, f"{path}: {status}"
        return value

    def credentials(self) -> dict[str, str]:
        """The role's credentials, as a client takes them."""
        said = json.loads(self.read(f"iam/security-credentials/{self.read('iam/security-credentials/')}"))
        return {
            "aws_access_key_id": said["AccessKeyId"],
            "aws_secret_access_key": said["SecretAccessKey"],
            "aws_session_token": said["Token"],
        }

    def tree(self, folder: str = "meta-data/") -> dict[str, str]:
        """Everything under a folder, by following the service's own lists."""
        found: dict[str, str] = {}
        token = self.token()
        for name in self.get(folder, token)[1].splitlines():
            if name.endswith("/"):
                found |= self.tree(folder + name)
            else:
                found[unquote(folder + name)] = self.get(folder + name, token)[1]
        return found


def error_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of a call that must fail."""
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        said = error.response
        return said["Error"]["Code"], said["Error"]["Message"], said["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("the call was not refused")


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    """Waits for something to become true."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.05)


class Group:
    """One group of a cluster, and its members."""

    def __init__(self, cloud: Cloud, cluster: str, role: str = "worker") -> None:
        self.cloud = cloud
        self.calls = cloud.client("autoscaling")
        self.name = {"AutoScalingGroupName": f"{cluster}-{role}"}

    def states(self) -> dict[str, str]:
        """The lifecycle state of each member."""
        group = self.described() or {"Instances": []}
        return {i["InstanceId"]: i["LifecycleState"] for i in group["Instances"]}

    def ids(self, state: str = "InService") -> list[str]:
        """The members in a state."""
        return sorted(instance for instance, now in self.states().items() if now == state)

    def resize(self, capacity: int) -> None:
        """Sets the desired capacity."""
        self.calls.set_desired_capacity(**self.name, DesiredCapacity=capacity)

    def protect(self, *ids: str, on: bool = True) -> None:
        """Protects members from scale-in, or takes that back."""
        self.calls.set_instance_protection(**self.name, InstanceIds=list(ids), ProtectedFromScaleIn=on)

    def described(self) -> dict[str, Any] | None:
        """The group as it is described, if it is there."""
        said = self.calls.describe_auto_scaling_groups(AutoScalingGroupNames=list(self.name.values()))
        return next(iter(said["AutoScalingGroups"]), None)

    def hook(self, transition: str, seconds: int = 300, result: str = "CONTINUE", name: str = "hook") -> None:
        """Makes or changes a hook."""
        self.calls.put_lifecycle_hook(
            **self.name,
            LifecycleHookName=name,
            LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
            HeartbeatTimeout=seconds,
            DefaultResult=result,
        )

    def unhook(self, name: str = "hook") -> None:
        """Takes a hook away."""
        self.calls.delete_lifecycle_hook(**self.name, LifecycleHookName=name)

    def complete(self, instance: str, result: str = "CONTINUE", name: str = "hook") -> None:
        """Completes an instance's hook."""
        hook = self.name | {"LifecycleHookName": name, "InstanceId": instance}
        self.calls.complete_lifecycle_action(**hook, LifecycleActionResult=result)

    def beat(self, instance: str, name: str = "hook") -> None:
        """Records a heartbeat of an instance's hook."""
        hook = self.name | {"LifecycleHookName": name, "InstanceId": instance}
        self.calls.record_lifecycle_action_heartbeat(**hook)
