"""``scripts/launch``: what it finds wrong, what it would do, what it makes and takes down, by the real AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from typing import Any

from .harness import BAKED, LAB, Cloud, Group, wait_until

SCRIPT = LAB.parents[1] / "scripts/launch"
CHANGES = ("Create", "Put", "Delete", "Update", "Run", "Terminate", "Set", "Modify", "Authorize")
cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def launch(*words: str, keys: tuple[str, str, str | None] = ("lab", "lab", None)) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(cloud.folder),
        "AWS_ENDPOINT_URL": f"http://{cloud.listening['api']}",
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    } | ({"AWS_SESSION_TOKEN": keys[2]} if keys[2] else {})
    return subprocess.run([str(SCRIPT), *words], env=environment, capture_output=True, text=True, timeout=240, input="")


def operator(name: str, *denied: str) -> tuple[str, str, str]:
    """The credentials of a role that may do all but some actions."""
    iam = cloud.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allow = {"Effect": "Allow", "NotAction": list(denied), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="all-but", PolicyDocument=document)
    keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="person")["Credentials"]
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]


def stacks() -> list[str]:
    found = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return [s["StackName"] for s in found if s["StackStatus"] != "DELETE_COMPLETE"]


def route_to_the_internet() -> None:
    """Gives the lab's VPC an internet gateway, as a default VPC has; its subnets give no public addresses."""
    ec2, vpc = cloud.client("ec2"), cloud.admin("GET", "/lab/health")[1]["vpc_id"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


class Commandline(unittest.TestCase):
    def test_wrong_words_are_told_before_anything_is_asked(self) -> None:
        for words, told in (
            ((), "--cluster needs a name"),
            (("--cluster", "a"), "--image needs"),
            (("--cluster", "a", "--image", "ami-1", "--managers", "2"), "--managers is 1, 3 or 5"),
            (("--cluster", "a", "--image", "ami-1", "--set", "Nonsense=1"), "has no parameter Nonsense"),
            (("--cluster", "a", "--image", "ami-1", "--worker-type", "a,b"), "need --spot"),
            (("--cluster", "a", "--image"), "--image needs a value"),
            (("--what", "a"), "cannot read '--what'"),
        ):
            said = launch(*words)
            self.assertEqual(said.returncode, 2, said)
            self.assertIn(told, said.stderr)

    def test_help_tells_all_options(self) -> None:
        said = launch("--help")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("--keep-records", said.stdout)


class Findings(unittest.TestCase):
    def assert_problems(self, said: Any, *told: str) -> None:
        problems = [line for line in said.stdout.splitlines() if "PROBLEM" in line]
        self.assertEqual(said.returncode, 1, said)
        for text in told:
            self.assertTrue(any(text in line for line in problems), f"{text}: {said.stdout}{said.stderr}")
        self.assertEqual(len(problems), len(told), said.stdout)
        self.assertIn("nothing was changed", said.stderr)

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        cloud.client("ssm").put_parameter(Name="/swarmlet/wrong/epochs/1/claim", Type="String", Value="old")
        subnet = cloud.admin("GET", "/lab/health")[1]["subnet_ids"][0]
        words = ("--cluster", "wrong", "--image", "ami-00000000", "--subnets", subnet)
        said = launch(*words, "--worker-type", "t3.tiny")
        image, zones, kind, name = "not in us-east-1", "in 1 zone(s)", "no instance type t3.tiny", "records of an earlier"
        self.assert_problems(said, image, zones, kind, name)
        self.assertNotIn("wrong", stacks())

    def test_what_may_not_be_done_is_named(self) -> None:
        keys = operator("clerk", "iam:CreateRole", "ec2:DescribeSubnets", "ssm:GetParametersByPath")
        said = launch("--cluster", "denied", "--image", BAKED, keys=keys)
        missing = "iam:CreateRole", "allow ec2:DescribeSubnets", "allow ssm:GetParametersByPath on /swarmlet/denied"
        self.assert_problems(said, *missing)

    def test_what_a_first_cluster_takes_more_is_asked_for(self) -> None:
        keys = operator("first", "iam:CreateServiceLinkedRole", "autoscaling:StartInstanceRefresh")
        said = launch("--cluster", "first", "--image", BAKED, "--plan", keys=keys)
        self.assert_problems(said, "may not iam:CreateServiceLinkedRole")
        roles = cloud.client("iam")
        service = "autoscaling.amazonaws.com"
        roles.create_service_linked_role(AWSServiceName=service)
        self.addCleanup(roles.delete_role, RoleName="AWSServiceRoleForAutoScaling")
        said = launch("--cluster", "first", "--image", BAKED, "--plan", keys=keys)
        self.assertEqual(said.returncode, 0, said)
        self.assertIn("autoscaling:StartInstanceRefresh: updates of the stack need it", said.stdout)
        # Spot instances have one of their own.
        spot = launch("--cluster", "first", "--image", BAKED, "--plan", "--spot", "50", keys=keys)
        self.assert_problems(spot, "may not iam:CreateServiceLinkedRole")

    def test_a_way_in_is_looked_for_on_the_image(self) -> None:
        words = ("--cluster", "way", "--image", BAKED, "--plan")
        self.assertIn(f"the image {BAKED} has no SSM agent, so nobody gets in", launch(*words).stdout)
        self.assertNotIn("SSM agent", launch(*words, "--set", "SessionManager=disabled").stdout)
        images = cloud.client("ec2")
        tag = {"Key": "swarmlet:ssm-agent", "Value": "none"}
        self.addCleanup(images.create_tags, Resources=[BAKED], Tags=[tag])
        images.create_tags(Resources=[BAKED], Tags=[{**tag, "Value": "of the distribution"}])
        self.assertIn("the image's SSM agent is of the distribution", launch(*words).stdout)
        images.delete_tags(Resources=[BAKED], Tags=[{"Key": tag["Key"]}])
        self.assertIn("has no tag swarmlet:ssm-agent", launch(*words).stdout)

    def test_spot_instances_have_a_quota_of_their_own(self) -> None:
        said = launch("--cluster", "spot", "--image", BAKED, "--workers", "60", "--spot", "100", "--plan")
        self.assert_problems(said, "64 vCPUs as spot instances, this takes 122")

    def test_types_and_subnets_have_to_fit(self) -> None:
        words = ("--cluster", "fit", "--image", BAKED, "--managers", "5", "--manager-type", "t4g.small")
        said = launch(*words, "--workers", "90", "--subnets", "subnet-1,subnet-2,subnet-3", "--plan")
        subnets = [f"subnet-{n} is not in vpc-" for n in (1, 2, 3)]
        self.assert_problems(said, *subnets, "no subnet can be used", "t4g.small is arm64", "may run 64 vCPUs")

    def test_without_credentials_it_says_how_to_get_some(self) -> None:
        said = launch("--cluster", "who", "--image", BAKED, keys=("nobody", "nothing", None))
        self.assertEqual(said.returncode, 1)
        self.assertIn("configure credentials", said.stderr)


class Life(unittest.TestCase):
    def test_planned_created_refused_a_second_time_and_taken_down(self) -> None:
        words = ("--cluster", "life", "--image", BAKED, "--managers", "1", "--workers", "2")
        more = ("--spot", "50", "--set", "LaunchingTimeout=0", "--set", 'UserData=a "b", c\nd', "--protect")
        route_to_the_internet()
        planned = launch(*words, *more, "--plan")
        self.assertIn("has an internet gateway, but gives no public addresses", planned.stdout)
        self.assertEqual(planned.returncode, 0, planned)
        self.assertIn("  RootDeviceName=/dev/xvda", planned.stdout)
        self.assertIn("AWS::KMS::Key", planned.stdout)
        self.assertIn("group life-manager has no launching hook", planned.stdout)
        self.assertEqual(planned.stdout.count("WARNING"), 1, planned.stdout)
        changed = [e for e in cloud.journal() if e["action"].startswith(CHANGES) and "life" in str(e["target"])]
        self.assertEqual((changed, [s for s in stacks() if s == "life"]), ([], []))

        created = launch(*words, *more)
        self.assertEqual(created.returncode, 0, created)
        self.assertIn("3 of 3 instances in service", created.stdout)
        self.assertIn("aws ssm start-session", created.stdout)
        told = cloud.client("cloudformation").describe_stacks(StackName="life")["Stacks"][0]["Parameters"]
        self.assertIn({"ParameterKey": "UserData", "ParameterValue": 'a "b", c\nd'}, told)

        again = launch(*words)
        self.assertEqual(again.returncode, 1)
        self.assertIn("the stack life is there already (CREATE_COMPLETE)", again.stdout)
        self.assertIn("protected from deletion", launch("--down", "--cluster", "life", "--yes").stderr)
        # Nobody answered the question.
        self.assertEqual(launch("--down", "--cluster", "life", "--unprotect").returncode, 1)
        self.assertIn("life", stacks())

        for name in [f"/swarmlet/life/epochs/{n}/claim" for n in range(12)]:
            cloud.client("ssm").put_parameter(Name=name, Type="String", Value="old")
        down = launch("--down", "--cluster", "life", "--yes", "--unprotect")
        self.assertEqual(down.returncode, 0, down)
        self.assertNotIn("life", stacks())
        left = cloud.client("ssm").get_parameters_by_path(Path="/swarmlet/life", Recursive=True)["Parameters"]
        self.assertEqual(left, [])
        self.assertEqual([m for m in cloud.machines(swarm__cluster="life") if m["state"] != "terminated"], [])

    def test_managers_without_hooks_are_told_of_before_and_after_and_what_it_costs(self) -> None:
        words = ("--cluster", "bare", "--image", BAKED, "--managers", "1", "--workers", "0")
        more = ("--any-zones", "--set", "TerminatingTimeout=0", "--set", "LaunchingTimeout=0")
        lacking = [
            "  WARNING  the managers' group bare-manager has no terminating hook: Auto Scaling ends a manager while it is one",
            "  WARNING  the managers' group bare-manager has no launching hook: a new instance counts as soon as it runs",
        ]
        said = launch(*words, *more)
        self.assertEqual(said.returncode, 0, said)
        self.assertEqual([said.stdout.count(text) for text in lacking], [2, 2], said)
        self.assertIn("the majority", said.stdout)
        self.assertIn("put-lifecycle-hook --auto-scaling-group-name bare-manager", said.stdout)
        # Then of the group that is there, whatever is asked for.
        Group(cloud, "bare", "manager").hook("TERMINATING", name="by-hand")
        again = launch(*words, *more)
        self.assertEqual((again.returncode, [again.stdout.count(text) for text in lacking]), (1, [0, 1]), again)

    def test_groups_by_hand_are_found_by_their_instances_and_by_name(self) -> None:
        ec2, groups = cloud.client("ec2"), cloud.client("autoscaling")
        tags = [{"Key": "swarm:cluster", "Value": "hand"}, {"Key": "swarm:role", "Value": "manager"}]
        data = {"ImageId": BAKED, "InstanceType": "t3.small", "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
        ec2.create_launch_template(LaunchTemplateName="hand", LaunchTemplateData=data)
        sizes = {"MinSize": 0, "MaxSize": 1, "AvailabilityZones": ["us-east-1a"]}
        template = {"LaunchTemplate": {"LaunchTemplateName": "hand"}}
        groups.create_auto_scaling_group(AutoScalingGroupName="three-kings", DesiredCapacity=1, **sizes, **template)
        groups.create_auto_scaling_group(AutoScalingGroupName="hand-worker", DesiredCapacity=0, **sizes, **template)
        said = launch("--cluster", "hand", "--image", BAKED, "--plan")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn("the managers' group three-kings has no terminating hook", said.stdout)
        self.assertIn("there are groups without a stack: hand-worker", said.stdout)

    def test_a_cluster_with_hooks_is_not_warned_of(self) -> None:
        cloud.make_cluster("hooked", ManagerCount=1, WorkerCount=0, LaunchingTimeout=300, TerminatingTimeout=300)
        said = launch("--cluster", "hooked", "--image", BAKED, "--plan")
        self.assertEqual((said.returncode, said.stdout.count("WARNING")), (1, 0), said)

    def test_protection_is_taken_back_also_from_who_gets_it_again(self) -> None:
        cloud.make_cluster("held", ManagerCount=3, WorkerCount=1)
        managers = Group(cloud, "held", "manager")
        managers.protect(*managers.ids())

        def free() -> bool:
            return not any(i["ProtectedFromScaleIn"] for i in (managers.described() or {})["Instances"])

        def protects_again() -> None:
            # As an agent does that finds its group without hooks, and dies then.
            wait_until(free, 120)
            managers.protect(managers.ids()[0])

        agent = threading.Thread(target=protects_again)
        agent.start()
        said = launch("--down", "--cluster", "held", "--yes")
        agent.join()
        self.assertEqual(said.returncode, 0, said)
        self.assertIn("took scale-in protection from 3 instance(s) of the group held-manager\n", said.stdout)
        self.assertIn("took scale-in protection from 1 instance(s) of the group held-manager\n", said.stdout)
        self.assertNotIn("held", stacks())
        self.assertEqual([m for m in cloud.machines(swarm__cluster="held") if m["state"] != "terminated"], [])

    def test_who_may_not_take_it_back_is_told_so(self) -> None:
        cloud.make_cluster("stuck", ManagerCount=1, WorkerCount=0)
        managers = Group(cloud, "stuck", "manager")
        manager = managers.ids()[0]
        managers.protect(manager)
        fault = cloud.fault(effect="deny", service="autoscaling", action="SetInstanceProtection", cluster="stuck")

        def denied() -> bool:
            return any(e["action"] == "SetInstanceProtection" and e["error"] == "AccessDenied" for e in cloud.journal())

        def allows() -> None:
            wait_until(denied, 120)
            cloud.admin("DELETE", f"/lab/faults/{fault}")

        person = threading.Thread(target=allows)
        person.start()
        said = launch("--down", "--cluster", "stuck", "--yes")
        person.join()
        self.assertEqual(said.returncode, 0, said)
        self.assertIn(f"cannot take scale-in protection from {manager}: ", said.stderr)
        self.assertIn("AccessDenied", said.stderr)
        self.assertIn("the stack's deletion waits for it", said.stderr)

    def test_records_stay_while_an_instance_could_write_them(self) -> None:
        cloud.client("ssm").put_parameter(Name="/swarmlet/stray/ticket", Type="String", Value="old")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "swarm:cluster", "Value": "stray"}]}]
        cloud.client("ec2").run_instances(ImageId=BAKED, MinCount=1, MaxCount=1, TagSpecifications=tags)
        said = launch("--down", "--cluster", "stray", "--yes")
        self.assertEqual(said.returncode, 1)
        self.assertIn("instances of it live", said.stderr)
        self.assertTrue(cloud.client("ssm").get_parameters_by_path(Path="/swarmlet/stray")["Parameters"])


if __name__ == "__main__":
    unittest.main()
