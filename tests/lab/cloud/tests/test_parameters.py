"""Parameter Store: written once, encrypted, and no larger than AWS takes."""

from __future__ import annotations

import threading
import time
import unittest
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cloud.api import Api, server
from cloud.faults import Faults
from cloud.journal import Journal

from .harness import Cloud, error_of

WRITERS = 20
cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    cloud.client("kms").create_alias(AliasName="alias/swarmlet-demo", TargetKeyId=key)


def tearDownModule() -> None:
    cloud.stop()


def race(clients: list[Any], name: str) -> list[str]:
    """Lets every client create the same parameter at the same moment; what each was told."""
    outcomes = [""] * len(clients)
    barrier = threading.Barrier(len(clients))

    def write(number: int) -> None:
        barrier.wait()
        try:
            clients[number].put_parameter(Name=name, Type="String", Value=f"writer {number}", Overwrite=False)
            outcomes[number] = "created"
        except ClientError as error:
            outcomes[number] = error.response["Error"]["Code"]

    threads = [threading.Thread(target=write, args=(n,)) for n in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


class WriteOnce(unittest.TestCase):
    def assert_one_won(self, ssm: Any, name: str, outcomes: list[str]) -> None:
        self.assertEqual(outcomes.count("created"), 1)
        self.assertEqual(outcomes.count("ParameterAlreadyExists"), WRITERS - 1)
        parameter = ssm.get_parameter(Name=name)["Parameter"]
        self.assertEqual(parameter["Version"], 1)
        self.assertEqual(parameter["Value"], f"writer {outcomes.index('created')}")

    def test_one_of_twenty_concurrent_creates_wins(self) -> None:
        clients = [cloud.client("ssm") for _ in range(WRITERS)]
        for epoch in range(5):
            name = f"/swarmlet/demo/epochs/{epoch:010}/claim"
            self.assert_one_won(clients[0], name, race(clients, name))

    def test_one_wins_also_where_moto_takes_its_time(self) -> None:
        """moto looks, reads the clock, then stores: a slow clock opens the gap in which two could win."""
        api = server(("127.0.0.1", 0), Api(Faults(), Journal(None)))
        threading.Thread(target=api.serve_forever, daemon=True).start()
        self.addCleanup(api.server_close)
        self.addCleanup(api.shutdown)
        clients = [_client(f"http://127.0.0.1:{api.port}") for _ in range(WRITERS)]
        with mock.patch("moto.ssm.models.utcnow", _slow_clock):
            outcomes = race(clients, "/swarmlet/slow/claim")
        self.assert_one_won(clients[0], "/swarmlet/slow/claim", outcomes)

    def test_an_overwrite_raises_the_version(self) -> None:
        ssm = cloud.client("ssm")
        for version in (1, 2):
            put = ssm.put_parameter(Name="/swarmlet/demo/note", Type="String", Value="x", Overwrite=True)
            self.assertEqual(put["Version"], version)

    def test_a_value_over_the_limit_is_refused(self) -> None:
        code, _, _ = error_of(cloud.client("ssm").put_parameter, Name="/big", Type="String", Value="x" * 4097)
        self.assertEqual(code, "ValidationException")


def _client(endpoint: str) -> Any:
    return boto3.client(
        "ssm",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _slow_clock() -> datetime:
    time.sleep(0.05)
    return datetime.now(UTC)


class Value(unittest.TestCase):
    def test_what_looks_like_a_name_of_another_parameter_is_refused(self) -> None:
        ssm = cloud.client("ssm")
        for value in ('hostname: "{{.Node.Hostname}}"', "a {{ssm:b}} c", "{{\n}}"):
            for kind in ("String", "SecureString"):
                code, message, _ = error_of(ssm.put_parameter, Name="/nested", Type=kind, Value=value)
                self.assertEqual(code, "ValidationException")
                self.assertIn("{{}}", message)
        for value in ("{{", "}} {{", "{a: {b: {}}}"):
            ssm.put_parameter(Name="/nested", Type="String", Value=value, Overwrite=True)


class SecureString(unittest.TestCase):
    def setUp(self) -> None:
        self.ssm = cloud.client("ssm")
        self.ssm.put_parameter(
            Name="/swarmlet/demo/ticket",
            Type="SecureString",
            KeyId="alias/swarmlet-demo",
            Value="SWMTKN-1-secret",
            Overwrite=True,
        )

    def test_is_ciphertext_without_decryption(self) -> None:
        for arguments in ({}, {"WithDecryption": False}):
            value = self.ssm.get_parameter(Name="/swarmlet/demo/ticket", **arguments)["Parameter"]["Value"]
            self.assertNotIn("SWMTKN", value)
            self.assertGreater(len(value), 60)

    def test_is_readable_with_decryption(self) -> None:
        got = self.ssm.get_parameter(Name="/swarmlet/demo/ticket", WithDecryption=True)["Parameter"]
        self.assertEqual((got["Value"], got["Type"]), ("SWMTKN-1-secret", "SecureString"))
        many = self.ssm.get_parameters(Names=["/swarmlet/demo/ticket"], WithDecryption=True)["Parameters"]
        self.assertEqual(many[0]["Value"], "SWMTKN-1-secret")

    def test_an_unknown_key_is_refused(self) -> None:
        put = {"Name": "/other", "Type": "SecureString", "KeyId": "alias/none", "Value": "x"}
        self.assertEqual(error_of(self.ssm.put_parameter, **put)[0], "InvalidKeyId")

    def test_a_key_that_is_disabled_or_being_deleted_is_told_as_parameter_store_tells_it(self) -> None:
        kms = cloud.client("kms")
        for said, change in (
            ("is disabled.", lambda key: kms.disable_key(KeyId=key)),
            ("is pending deletion.", lambda key: kms.schedule_key_deletion(KeyId=key)),
        ):
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            put = {"Name": "/under-own-key", "Type": "SecureString", "KeyId": key, "Value": "x", "Overwrite": True}
            self.ssm.put_parameter(**put)
            change(key)
            for call, arguments in (
                (self.ssm.get_parameter, {"Name": "/under-own-key", "WithDecryption": True}),
                (self.ssm.put_parameter, put),
            ):
                code, message, _ = error_of(call, **arguments)
                self.assertEqual(code, "InvalidKeyId")
                self.assertIn(said, message)
            self.ssm.put_parameter(**put | {"KeyId": "alias/swarmlet-demo"})
            self.assertEqual(self.ssm.get_parameter(Name="/under-own-key", WithDecryption=True)["Parameter"]["Value"], "x")

    def test_the_managed_key_is_the_default(self) -> None:
        self.ssm.put_parameter(Name="/plain-secret", Type="SecureString", Value="quiet", Overwrite=True)
        self.assertNotIn("quiet", self.ssm.get_parameter(Name="/plain-secret")["Parameter"]["Value"])
        got = self.ssm.get_parameter(Name="/plain-secret", WithDecryption=True)
        self.assertEqual(got["Parameter"]["Value"], "quiet")


if __name__ == "__main__":
    unittest.main()
