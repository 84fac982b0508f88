"""Parameter Store: written once, encrypted, and no larger than AWS takes."""

from __future__ import annotations

import threading
import unittest

from .harness import Cloud, error_of

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    cloud.client("kms").create_alias(AliasName="alias/swarmlet-demo", TargetKeyId=key)


def tearDownModule() -> None:
    cloud.stop()


class WriteOnce(unittest.TestCase):
    def test_one_of_twenty_concurrent_creates_wins(self) -> None:
        for epoch in range(5):
            name = f"/swarmlet/demo/epochs/{epoch:010}/claim"
            outcomes = self._race(name, 20)
            self.assertEqual(outcomes.count("created"), 1)
            self.assertEqual(outcomes.count("ParameterAlreadyExists"), 19)
            parameter = cloud.client("ssm").get_parameter(Name=name)["Parameter"]
            self.assertEqual(parameter["Version"], 1)
            self.assertEqual(parameter["Value"], f"writer {outcomes.index('created')}")

    def _race(self, name: str, writers: int) -> list[str]:
        clients = [cloud.client("ssm") for _ in range(writers)]
        outcomes = [""] * writers
        barrier = threading.Barrier(writers)

        def write(number: int) -> None:
            barrier.wait()
            try:
                clients[number].put_parameter(Name=name, Type="String", Value=f"writer {number}", Overwrite=False)
                outcomes[number] = "created"
            except clients[number].exceptions.ClientError as error:
                outcomes[number] = error.response["Error"]["Code"]

        threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_an_overwrite_raises_the_version(self) -> None:
        ssm = cloud.client("ssm")
        for version in (1, 2):
            put = ssm.put_parameter(Name="/swarmlet/demo/note", Type="String", Value="x", Overwrite=True)
            self.assertEqual(put["Version"], version)

    def test_a_value_over_the_limit_is_refused(self) -> None:
        code, _, _ = error_of(cloud.client("ssm").put_parameter, Name="/big", Type="String", Value="x" * 4097)
        self.assertEqual(code, "ValidationException")


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

    def test_the_managed_key_is_the_default(self) -> None:
        self.ssm.put_parameter(Name="/plain-secret", Type="SecureString", Value="quiet", Overwrite=True)
        self.assertNotIn("quiet", self.ssm.get_parameter(Name="/plain-secret")["Parameter"]["Value"])
        got = self.ssm.get_parameter(Name="/plain-secret", WithDecryption=True)
        self.assertEqual(got["Parameter"]["Value"], "quiet")


if __name__ == "__main__":
    unittest.main()
