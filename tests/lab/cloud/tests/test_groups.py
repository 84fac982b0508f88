"""Auto Scaling groups of the cluster template: launched, scaled, healed, updated, deleted."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any

from .harness import Cloud, Metadata, error_of, wait_until

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def running(group: str) -> list[dict[str, Any]]:
    return cloud.machines(group=group, state="running")


def ids(group: str) -> set[str]:
    return {machine["instance_id"] for machine in running(group)}


class Launch(unittest.TestCase):
    def test_by_the_aws_cli(self) -> None:
        stack = cloud.stack("cli", ManagerCount=1, WorkerCount=3)
        values = {p["ParameterKey"]: p["ParameterValue"].replace(",", "\\,") for p in stack["Parameters"]}
        arguments = [f"ParameterKey={key},ParameterValue={value}" for key, value in values.items()]
        made = cloud.cli(
            *("cloudformation", "create-stack", "--stack-name", "cli", "--capabilities", "CAPABILITY_IAM"),
            *("--template-body", stack["TemplateBody"], "--parameters", *arguments),
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual((len(running("cli-manager")), len(running("cli-worker"))), (1, 3))
        self.assertEqual({m["zone"] for m in running("cli-worker")}, {"us-east-1a", "us-east-1b", "us-east-1c"})

    def test_with_the_templates_options_profile_and_tags(self) -> None:
        cloud.make_cluster("opts", ManagerCount=1, WorkerCount=1, InstanceMetadataTags="disabled")
        instance = running("opts-worker")[0]["instance_id"]
        said = cloud.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        options = said["MetadataOptions"]
        self.assertEqual((options["HttpTokens"], options["HttpPutResponseHopLimit"]), ("required", 1))
        self.assertEqual(options["InstanceMetadataTags"], "disabled")
        self.assertIn("opts-WorkerProfile", said["IamInstanceProfile"]["Arn"])
        metadata = Metadata(cloud, instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(metadata.get("meta-data/tags/instance/swarm:role")[0], 404)
        self.assertIn("opts-WorkerRole", metadata.read("iam/security-credentials/"))

    def test_run_instances_may_override_the_template(self) -> None:
        cloud.make_cluster("over", ManagerCount=1, WorkerCount=0)
        tags = "ResourceType=instance,Tags=[{Key=swarm:role,Value=boss},{Key=Name,Value=odd}]"
        ran = cloud.cli(
            *("ec2", "run-instances", "--launch-template", "LaunchTemplateName=over-worker", "--count", "2"),
            *("--metadata-options", "InstanceMetadataTags=disabled", "--tag-specifications", tags),
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        for instance in json.loads(ran.stdout)["Instances"]:
            machine = cloud.machines(instance_id=instance["InstanceId"])[0]
            self.assertEqual((machine["group"], machine["tags"]["swarm:role"]), (None, "boss"))
            self.assertEqual((machine["tags"]["swarm:cluster"], machine["tags"]["Name"]), ("over", "odd"))
            self.assertTrue(machine["private_ip"].startswith("10.98."))
            metadata = Metadata(cloud, instance["InstanceId"])
            self.assertEqual(metadata.get("meta-data/tags/instance")[0], 404)
            self.assertEqual(metadata.request("GET", "/latest/meta-data/")[0], 401)
            self.assertIn("over-WorkerRole", metadata.read("iam/security-credentials/"))
            metadata.connection.close()

    def test_refuses_tag_keys_that_metadata_cannot_show(self) -> None:
        cloud.make_cluster("keys", ManagerCount=1, WorkerCount=0)
        run = {"LaunchTemplate": {"LaunchTemplateName": "keys-worker"}, "MinCount": 1, "MaxCount": 1}
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "swarm/role", "Value": "worker"}]}]
        code, message, _ = error_of(cloud.client("ec2").run_instances, **run, TagSpecifications=tags)
        self.assertEqual(code, "InvalidParameterValue")
        self.assertIn("swarm/role", message)

    def test_an_unknown_image_is_refused(self) -> None:
        run = {"ImageId": "ami-00000000000000000", "MinCount": 1, "MaxCount": 1}
        self.assertEqual(error_of(cloud.client("ec2").run_instances, **run)[0], "InvalidAMIID.NotFound")


class Scale(unittest.TestCase):
    groups: Any

    @classmethod
    def setUpClass(cls) -> None:
        cloud.make_cluster("scale", ManagerCount=1, WorkerCount=3, WorkerMax=30)
        cls.groups = cloud.client("autoscaling")

    def resize(self, capacity: int) -> None:
        self.groups.set_desired_capacity(AutoScalingGroupName="scale-worker", DesiredCapacity=capacity)

    def setUp(self) -> None:
        self.resize(3)

    def test_out_spreads_evenly_and_no_address_is_used_twice(self) -> None:
        self.resize(15)
        machines = running("scale-worker")
        zones = [m["zone"] for m in machines]
        self.assertEqual([zones.count(f"us-east-1{z}") for z in "abc"], [5, 5, 5])
        everyone = cloud.machines()
        for fact in ("private_ip", "mac", "instance_id"):
            self.assertEqual(len({m[fact] for m in everyone}), len(everyone))

    def test_in_ends_the_oldest(self) -> None:
        self.resize(6)
        oldest = sorted(running("scale-worker"), key=lambda m: m["launched"])
        self.resize(2)
        self.assertEqual(ids("scale-worker"), {m["instance_id"] for m in oldest[4:]})

    def test_beyond_its_bounds_is_refused(self) -> None:
        for capacity in (31, -1):
            size = {"AutoScalingGroupName": "scale-worker", "DesiredCapacity": capacity}
            self.assertIn(error_of(self.groups.set_desired_capacity, **size)[0], ("ValidationError",))
        low = {"AutoScalingGroupName": "scale-manager", "DesiredCapacity": 0}
        self.assertEqual(error_of(self.groups.set_desired_capacity, **low)[0], "ValidationError")
        self.assertEqual(len(ids("scale-worker")), 3)

    def test_a_terminated_instance_is_replaced(self) -> None:
        before = ids("scale-worker")
        victim = sorted(before)[0]
        cloud.client("ec2").terminate_instances(InstanceIds=[victim])
        self.assertEqual(len(ids("scale-worker")), 2)
        wait_until(lambda: len(ids("scale-worker")) == 3, 3)
        self.assertEqual(len(before & ids("scale-worker")), 2)
        said = self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=["scale-worker"])
        members = {i["InstanceId"] for i in said["AutoScalingGroups"][0]["Instances"]}
        self.assertEqual(members, ids("scale-worker"))

    def test_nothing_is_launched_while_launching_is_suspended(self) -> None:
        name = {"AutoScalingGroupName": "scale-worker"}
        self.groups.suspend_processes(**name, ScalingProcesses=["Launch"])
        cloud.client("ec2").terminate_instances(InstanceIds=[sorted(ids("scale-worker"))[0]])
        time.sleep(3)
        self.assertEqual(len(ids("scale-worker")), 2)
        self.groups.resume_processes(**name, ScalingProcesses=["Launch"])
        wait_until(lambda: len(ids("scale-worker")) == 3, 3)

    def test_one_instance_may_be_ended_with_or_without_a_successor(self) -> None:
        end = self.groups.terminate_instance_in_auto_scaling_group
        end(InstanceId=sorted(ids("scale-worker"))[0], ShouldDecrementDesiredCapacity=False)
        self.assertEqual(len(ids("scale-worker")), 3)
        end(InstanceId=sorted(ids("scale-worker"))[0], ShouldDecrementDesiredCapacity=True)
        self.assertEqual(len(ids("scale-worker")), 2)
        unknown = {"InstanceId": "i-00000000000000000", "ShouldDecrementDesiredCapacity": False}
        self.assertEqual(error_of(end, **unknown)[0], "ValidationError")


class Machines(unittest.TestCase):
    def test_a_reboot_is_counted_and_a_stop_is_a_state(self) -> None:
        cloud.make_cluster("boots", ManagerCount=1, WorkerCount=1)
        machine = running("boots-worker")[0]
        ec2 = cloud.client("ec2")
        ec2.reboot_instances(InstanceIds=[machine["instance_id"]])
        after = cloud.machines(instance_id=machine["instance_id"])[0]
        self.assertEqual(after, machine | {"boots": machine["boots"] + 1})
        ec2.stop_instances(InstanceIds=[machine["instance_id"]])
        self.assertEqual(cloud.machines(instance_id=machine["instance_id"])[0]["state"], "stopped")
        code = error_of(ec2.reboot_instances, InstanceIds=[machine["instance_id"]])[0]
        self.assertEqual(code, "IncorrectState")
        ec2.start_instances(InstanceIds=[machine["instance_id"]])
        self.assertEqual(cloud.machines(instance_id=machine["instance_id"])[0], after)


class Stack(unittest.TestCase):
    def test_an_update_changes_the_size_and_replaces_nothing(self) -> None:
        cloud.make_cluster("grow", ManagerCount=1, WorkerCount=2)
        before = ids("grow-worker") | ids("grow-manager")
        formation = cloud.client("cloudformation")
        formation.update_stack(**cloud.stack("grow", ManagerCount=3, WorkerCount=4))
        self.assertEqual((len(ids("grow-manager")), len(ids("grow-worker"))), (3, 4))
        self.assertLess(before, ids("grow-worker") | ids("grow-manager"))
        status = formation.describe_stacks(StackName="grow")["Stacks"][0]["StackStatus"]
        self.assertEqual(status, "UPDATE_COMPLETE")

    def test_a_new_image_reaches_the_next_instance_only(self) -> None:
        cloud.make_cluster("image", ManagerCount=1, WorkerCount=1)
        plain = cloud.admin("GET", "/lab/health")[1]["images"]["plain"]
        changed = cloud.stack("image", ManagerCount=1, WorkerCount=2, ImageId=plain)
        cloud.client("cloudformation").update_stack(**changed)
        images = sorted(m["image_id"] for m in running("image-worker"))
        self.assertEqual(len(images), 2)
        self.assertEqual(images[1], plain)
        self.assertNotEqual(images[0], plain)

    def test_deleted_it_leaves_nothing_and_can_be_made_again(self) -> None:
        for _ in range(2):
            cloud.make_cluster("again", ManagerCount=1, WorkerCount=1)
            self.assertEqual(len(ids("again-worker") | ids("again-manager")), 2)
            cloud.client("cloudformation").delete_stack(StackName="again")
            self.assertEqual(ids("again-worker") | ids("again-manager"), set())
            templates = cloud.client("ec2").describe_launch_templates()["LaunchTemplates"]
            self.assertFalse([t for t in templates if t["LaunchTemplateName"].startswith("again-")])

    def test_security_groups_open_swarms_ports_and_no_more(self) -> None:
        cloud.make_cluster("ports", ManagerCount=1, WorkerCount=0)
        groups = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
        groups = [g for g in groups if g["GroupName"].startswith("ports-")]
        names = {g["GroupId"]: g["GroupName"].split("-")[1].removesuffix("SecurityGroup") for g in groups}
        opened = {
            (names[group["GroupId"]], names[source["GroupId"]], rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
            for group in groups
            for rule in group["IpPermissions"]
            for source in rule["UserIdGroupPairs"]
        }
        both = ("Manager", "Worker")
        expected = {("Manager", source, "tcp", 2377, 2377) for source in both}
        for to in both:
            for source in both:
                expected |= {(to, source, protocol, 7946, 7946) for protocol in ("tcp", "udp")}
                # 50 is ESP, which knows no ports.
                expected |= {(to, source, "udp", 4789, 4789), (to, source, "50", -1, -1)}
        self.assertEqual(opened, expected)
        ranges = [r for g in groups for rule in g["IpPermissions"] for r in rule["IpRanges"]]
        self.assertEqual(ranges, [])


if __name__ == "__main__":
    unittest.main()
