"""Images made from instances, and the key that logs in to one."""

from __future__ import annotations

import unittest

from .harness import BAKED, Cloud, Metadata

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


class Images(unittest.TestCase):
    def setUp(self) -> None:
        self.ec2 = cloud.client("ec2")
        self.key = f"key-{self.id().rpartition('.')[2]}"
        self.ec2.create_key_pair(KeyName=self.key, KeyType="ed25519")
        launched = self.ec2.run_instances(ImageId=BAKED, MinCount=1, MaxCount=1, KeyName=self.key)
        self.instance = launched["Instances"][0]["InstanceId"]

    def image(self, image_id: str) -> dict[str, object]:
        return self.ec2.describe_images(ImageIds=[image_id])["Images"][0]

    def test_are_pending_until_the_disk_is_kept(self) -> None:
        made = self.ec2.create_image(InstanceId=self.instance, Name="made")["ImageId"]
        waits = {"image_id": made, "instance_id": self.instance, "source_image_id": None}
        self.assertIn(waits, cloud.admin("GET", "/lab/images")[1])
        self.assertEqual(self.image(made)["State"], "pending")
        self.assertEqual(cloud.admin("POST", "/lab/images", {"image_id": made})[0], 200)
        self.assertEqual(self.image(made)["State"], "available")
        self.assertEqual(self.image(made)["RootDeviceName"], "/dev/xvda")
        self.assertEqual(cloud.admin("POST", "/lab/images", {"image_id": made})[0], 400)

    def test_that_are_copied_tell_of_what(self) -> None:
        made = self.ec2.copy_image(SourceImageId=BAKED, SourceRegion="us-east-1", Name="copy")["ImageId"]
        waits = {"image_id": made, "instance_id": None, "source_image_id": BAKED}
        self.assertIn(waits, cloud.admin("GET", "/lab/images")[1])
        cloud.admin("POST", "/lab/images", {"image_id": made, "error": "no space"})
        self.assertEqual(self.image(made)["State"], "failed")

    def test_a_machine_is_told_its_key(self) -> None:
        metadata = Metadata(cloud, self.instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(metadata.read("public-keys/"), f"0={self.key}")
        self.assertRegex(metadata.read("public-keys/0/openssh-key"), f"^ssh-ed25519 .* {self.key}$")
