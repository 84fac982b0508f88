"""Instance metadata as a machine sees it."""

from __future__ import annotations

import json
import time
import unittest

from .harness import BAKED, Cloud, Metadata

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=2, UserData="#cloud-config\nhostname: x\n")


def tearDownModule() -> None:
    cloud.stop()


def worker() -> dict[str, object]:
    return cloud.machines(swarm__role="worker", state="running")[0]


class Tokens(unittest.TestCase):
    def setUp(self) -> None:
        self.metadata = Metadata(cloud, str(worker()["instance_id"]))
        self.addCleanup(self.metadata.connection.close)

    def test_are_required(self) -> None:
        self.assertEqual(self.metadata.request("GET", "/latest/meta-data/instance-id")[0], 401)
        self.assertEqual(self.metadata.get("meta-data/instance-id", "invented")[0], 401)

    def test_last_for_their_time(self) -> None:
        token = self.metadata.token("1")
        self.assertEqual(self.metadata.get("meta-data/instance-id", token)[0], 200)
        time.sleep(1.6)
        self.assertEqual(self.metadata.get("meta-data/instance-id", token)[0], 401)

    def test_are_good_for_one_machine_only(self) -> None:
        token = self.metadata.token()
        other = Metadata(cloud, cloud.machines(swarm__role="manager")[0]["instance_id"])
        self.addCleanup(other.connection.close)
        self.assertEqual(other.get("meta-data/instance-id", token)[0], 401)

    def test_take_a_ttl_between_one_second_and_six_hours(self) -> None:
        for ttl, status in (("0", 400), ("1", 200), ("21600", 200), ("21601", 400), ("x", 400)):
            got = self.metadata.request("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds=ttl)
            self.assertEqual(got[0], status, ttl)
        self.assertEqual(self.metadata.request("PUT", "/latest/api/token")[0], 400)

    def test_are_refused_through_a_proxy(self) -> None:
        headers = {"X_aws_ec2_metadata_token_ttl_seconds": "60", "X_Forwarded_For": "10.0.0.1"}
        self.assertEqual(self.metadata.request("PUT", "/latest/api/token", **headers)[0], 403)

    def test_may_be_left_out_where_they_are_optional(self) -> None:
        instance = str(worker()["instance_id"])
        ec2 = cloud.client("ec2")
        ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="optional")
        self.addCleanup(ec2.modify_instance_metadata_options, InstanceId=instance, HttpTokens="required")
        self.assertEqual(self.metadata.request("GET", "/latest/meta-data/instance-id"), (200, instance))

    def test_one_connection_serves_many_requests(self) -> None:
        self.metadata.token()
        local = self.metadata.connection.sock.getsockname()
        for _ in range(5):
            self.metadata.read("instance-id")
        self.assertEqual(self.metadata.connection.sock.getsockname(), local)


class Tree(unittest.TestCase):
    def setUp(self) -> None:
        self.machine = worker()
        self.metadata = Metadata(cloud, str(self.machine["instance_id"]))
        self.addCleanup(self.metadata.connection.close)

    def test_tells_what_the_agent_asks_for(self) -> None:
        tree = self.metadata.tree()
        address, mac = str(self.machine["private_ip"]), self.machine["mac"]
        network = f"meta-data/network/interfaces/macs/{mac}"
        expected = {
            "meta-data/ami-id": BAKED,
            "meta-data/instance-id": self.machine["instance_id"],
            "meta-data/instance-life-cycle": "on-demand",
            "meta-data/instance-type": "t3.small",
            "meta-data/local-ipv4": address,
            "meta-data/local-hostname": f"ip-{address.replace('.', '-')}.ec2.internal",
            "meta-data/mac": mac,
            "meta-data/placement/availability-zone": self.machine["zone"],
            "meta-data/placement/region": "us-east-1",
            "meta-data/autoscaling/target-lifecycle-state": "InService",
            "meta-data/tags/instance/swarm:role": "worker",
            "meta-data/tags/instance/swarm:cluster": "demo",
            f"{network}/local-ipv4s": address,
            f"{network}/subnet-ipv4-cidr-block": self.machine["subnet_cidr"],
            f"{network}/vpc-ipv4-cidr-block": "10.98.0.0/16",
            f"{network}/vpc-ipv4-cidr-blocks": "10.98.0.0/16",
        }
        self.assertEqual({path: tree.get(path) for path in expected}, expected)
        self.assertRegex(tree["meta-data/placement/availability-zone-id"], r"^use1-az\d$")

    def test_a_tags_key_may_be_percent_encoded(self) -> None:
        self.assertEqual(self.metadata.read("tags/instance/swarm%3Arole"), "worker")

    def test_a_tag_shows_at_once_and_goes_at_once(self) -> None:
        instance = str(self.machine["instance_id"])
        ec2 = cloud.client("ec2")
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": "web-1"}])
        self.assertEqual(self.metadata.read("tags/instance/Name"), "web-1")
        ec2.delete_tags(Resources=[instance], Tags=[{"Key": "Name"}])
        self.assertEqual(self.metadata.get("meta-data/tags/instance/Name")[0], 404)

    def test_tags_that_are_off_are_not_there(self) -> None:
        instance = str(self.machine["instance_id"])
        ec2 = cloud.client("ec2")
        ec2.modify_instance_metadata_options(InstanceId=instance, InstanceMetadataTags="disabled")
        self.assertEqual(self.metadata.get("meta-data/tags/instance/swarm:role")[0], 404)
        self.assertEqual(self.metadata.get("meta-data/tags/instance")[0], 404)
        self.assertNotIn("tags/", self.metadata.get("meta-data/")[1].splitlines())
        # Changing one option must leave the others as they were.
        self.assertEqual(self.metadata.request("GET", "/latest/meta-data/instance-id")[0], 401)
        ec2.modify_instance_metadata_options(InstanceId=instance, InstanceMetadataTags="enabled")
        self.assertEqual(self.metadata.read("tags/instance/swarm:role"), "worker")

    def test_tags_need_a_version_that_knows_them(self) -> None:
        token = self.metadata.token()
        for version, status in (("2020-10-27", 404), ("2021-03-23", 200)):
            path = f"/{version}/meta-data/tags/instance/swarm:role"
            self.assertEqual(self.metadata.request("GET", path, X_aws_ec2_metadata_token=token)[0], status)

    def test_user_data_and_identity_document(self) -> None:
        self.assertEqual(self.metadata.get("user-data"), (200, "#cloud-config\nhostname: x\n"))
        document = json.loads(self.metadata.get("dynamic/instance-identity/document")[1])
        self.assertEqual(document["instanceId"], self.machine["instance_id"])
        self.assertEqual(document["privateIp"], self.machine["private_ip"])

    def test_credentials_stay_the_same_until_they_are_renewed(self) -> None:
        self.assertEqual(self.metadata.credentials(), self.metadata.credentials())
        self.assertIn("InstanceProfileArn", json.loads(self.metadata.read("iam/info")))

    def test_what_is_not_there_is_404(self) -> None:
        for path in ("meta-data/spot/instance-action", "meta-data/public-ipv4", "nothing"):
            self.assertEqual(self.metadata.get(path)[0], 404)


class Life(unittest.TestCase):
    def test_an_unknown_address_gets_nothing(self) -> None:
        stranger = Metadata(cloud, None)
        self.addCleanup(stranger.connection.close)
        self.assertEqual(stranger.request("GET", "/latest/meta-data/instance-id")[0], 404)

    def test_a_machine_is_answered_only_while_it_runs(self) -> None:
        ec2 = cloud.client("ec2")
        template = {"LaunchTemplateName": "demo-worker"}
        launched = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)
        instance = launched["Instances"][0]["InstanceId"]
        metadata = Metadata(cloud, instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(metadata.get("meta-data/autoscaling/target-lifecycle-state")[0], 404)
        token = metadata.token()
        ec2.stop_instances(InstanceIds=[instance])
        self.assertEqual(metadata.get("meta-data/instance-id", token)[0], 404)
        ec2.start_instances(InstanceIds=[instance])
        self.assertEqual(metadata.get("meta-data/instance-id", token)[0], 200)
        ec2.terminate_instances(InstanceIds=[instance])
        self.assertEqual(metadata.get("meta-data/instance-id", token)[0], 404)


if __name__ == "__main__":
    unittest.main()
