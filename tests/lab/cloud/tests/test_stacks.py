"""A cluster's stack over its life: options, updates that replace instances a few at a time, what a deletion leaves."""

from __future__ import annotations

import shlex
import time
import unittest
from typing import Any

from .harness import TEMPLATE, Cloud, Group, wait_until

cloud: Cloud
LIMIT = 60


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def status(stack: str) -> str:
    return str(cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def settled(stack: str) -> str:
    wait_until(lambda: not status(stack).endswith("_IN_PROGRESS"), LIMIT)
    return status(stack)


def change(stack: str, **parameters: str | int) -> None:
    """Updates a stack as a person does: what changes, and the previous value of all else."""
    calls = cloud.client("cloudformation")
    old = [p["ParameterKey"] for p in calls.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]]
    kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in old if key not in parameters]
    new = [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()]
    calls.update_stack(StackName=stack, UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"], Parameters=kept + new)


def ingress(cluster: str) -> set[tuple[str, int, str]]:
    """What the workers' security group lets in from addresses."""
    group = {"Name": "tag:Name", "Values": [f"{cluster}-worker"]}
    found = cloud.client("ec2").describe_security_groups(Filters=[group])["SecurityGroups"][0]["IpPermissions"]
    return {(p["IpProtocol"], p["FromPort"], r["CidrIp"]) for p in found for r in p["IpRanges"]}


class Options(unittest.TestCase):
    def test_no_port_is_open_unless_somebody_says_to_whom(self) -> None:
        cloud.make_cluster("closed", ManagerCount=1, WorkerCount=0)
        self.assertEqual(ingress("closed"), set())

    def test_published_ports_are_open_to_whom_it_says(self) -> None:
        cloud.make_cluster("web", ManagerCount=1, WorkerCount=0, PublicCidr="203.0.113.0/24", PublicPort3=8080)
        block = "203.0.113.0/24"
        self.assertEqual(ingress("web"), {("tcp", 80, block), ("tcp", 443, block), ("tcp", 8080, block)})

    def test_logs_are_kept_only_where_asked_for(self) -> None:
        cloud.make_cluster("logs", ManagerCount=1, WorkerCount=0, LogRetentionDays=30)
        groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/swarmlet/")["logGroups"]
        self.assertEqual([(g["logGroupName"], g["retentionInDays"]) for g in groups], [("/swarmlet/logs", 30)])

    def test_workers_of_spot_beyond_the_base_and_of_several_types(self) -> None:
        spot = {"OnDemandBase": 1, "OnDemandPercentage": 0, "WorkerInstanceType2": "t3a.small"}
        cloud.make_cluster("spot", ManagerCount=1, WorkerCount=4, **spot)
        named = {"Name": "tag:aws:autoscaling:groupName", "Values": ["spot-worker"]}
        reservations = cloud.client("ec2").describe_instances(Filters=[named])["Reservations"]
        instances = [i for r in reservations for i in r["Instances"]]
        self.assertEqual(sum(i.get("InstanceLifecycle") == "spot" for i in instances), 3)
        self.assertEqual({i["InstanceType"] for i in instances}, {"t3.small", "t3a.small"})

    def test_the_outputs_say_what_to_do_next(self) -> None:
        cloud.make_cluster("next", ManagerCount=1, WorkerCount=0)
        told = cloud.client("cloudformation").describe_stacks(StackName="next")["Stacks"][0]["Outputs"]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in told}
        self.assertIn("aws ssm start-session --region us-east-1", outputs["NextSeeSwarm"])
        self.assertEqual(outputs["NextDelete"], "scripts/launch --down --cluster next --region us-east-1")
        # Each of them is what it says: a command that runs.
        words = outputs["NextScaleWorkers"].replace("desired-capacity 5", "desired-capacity 2").split()
        scaled = cloud.cli(*words[1:])
        self.assertEqual(scaled.returncode, 0, scaled.stderr)
        self.assertEqual(len(Group(cloud, "next").states()), 2)
        shown = cloud.cli(*shlex.split(outputs["NextSeeGroups"])[1:])
        self.assertEqual(shown.returncode, 0, shown.stderr)
        groups = [line.split("\t")[0] for line in shown.stdout.splitlines()]
        self.assertEqual(sorted(groups), ["next-manager", "next-worker", "next-worker"])


class Updates(unittest.TestCase):
    def watch(self, stack: str, *groups: Group) -> list[tuple[int, ...]]:
        """Until the update is over: how many members of each group were in service."""
        seen = []
        until = time.monotonic() + LIMIT
        while status(stack).endswith("_IN_PROGRESS"):
            self.assertLess(time.monotonic(), until)
            seen.append(tuple(len(group.ids()) for group in groups))
        return seen

    def types(self, group: str) -> set[str]:
        found = cloud.client("ec2").describe_instances(InstanceIds=Group(cloud, *group.rsplit("-", 1)).ids())
        return {i["InstanceType"] for r in found["Reservations"] for i in r["Instances"]}

    def test_another_worker_type_replaces_the_workers_and_no_manager(self) -> None:
        cloud.make_cluster("roll", ManagerCount=1, WorkerCount=3)
        workers, managers = Group(cloud, "roll"), Group(cloud, "roll", "manager")
        before, leaders = set(workers.ids()), managers.ids()
        change("roll", WorkerInstanceType="t3.large")
        self.assertEqual(status("roll"), "UPDATE_IN_PROGRESS")
        seen = self.watch("roll", workers)
        self.assertEqual(status("roll"), "UPDATE_COMPLETE")
        self.assertGreaterEqual(min(serving for (serving,) in seen), 3)
        self.assertEqual((len(workers.ids()), before & set(workers.ids())), (3, set()))
        self.assertEqual((self.types("roll-worker"), managers.ids()), ({"t3.large"}, leaders))

    def test_another_image_replaces_the_managers_one_at_a_time_and_then_the_workers(self) -> None:
        cloud.make_cluster("image", ManagerCount=3, WorkerCount=1)
        managers, workers = Group(cloud, "image", "manager"), Group(cloud, "image")
        old = set(managers.ids()), set(workers.ids())
        change("image", ImageId="ami-0ba1ed00000000002")
        mixed = []
        while status("image").endswith("_IN_PROGRESS"):
            mixed.append((set(managers.states()), set(workers.states())))
        self.assertTrue(all(len(present) <= 4 for present, _ in mixed))
        touched = [ids for ids in mixed if ids[1] != old[1]]
        self.assertTrue(all(not ids[0] & old[0] for ids in touched), "a worker went before the last old manager")
        self.assertFalse(set(managers.ids()) & old[0] or set(workers.ids()) & old[1])

    def test_a_size_replaces_nothing_and_a_hand_set_one_stays(self) -> None:
        cloud.make_cluster("size", ManagerCount=1, WorkerCount=1)
        workers = Group(cloud, "size")
        before = set(workers.ids())
        change("size", WorkerCount=2)
        self.assertEqual(status("size"), "UPDATE_COMPLETE")
        self.assertLess(before, set(workers.states()))
        workers.resize(4)
        change("size", WorkerMax=30)
        self.assertEqual((settled("size"), len(workers.states())), ("UPDATE_COMPLETE", 4))

    def test_by_the_cli_that_keeps_what_it_is_not_told(self) -> None:
        cloud.make_cluster("deploy", ManagerCount=1, WorkerCount=1, RootVolumeSize=30)
        words = ("cloudformation", "deploy", "--stack-name", "deploy", "--template-file", str(TEMPLATE))
        done = cloud.cli(*words, "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", "WorkerCount=3")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(Group(cloud, "deploy").states()), 3)
        told = cloud.client("cloudformation").describe_stacks(StackName="deploy")["Stacks"][0]["Parameters"]
        values = {p["ParameterKey"]: p["ParameterValue"] for p in told}
        self.assertEqual((values["RootVolumeSize"], values["WorkerCount"]), ("30", "3"))

    def test_that_launches_nothing_that_serves_fails(self) -> None:
        cloud.make_cluster("fails", ManagerCount=1, WorkerCount=1)
        workers = Group(cloud, "fails")
        workers.hook("LAUNCHING", 1, "ABANDON")
        before = workers.ids()
        change("fails", WorkerInstanceType="t3.large")
        self.assertEqual((settled("fails"), workers.ids()), ("UPDATE_FAILED", before))


class Deletion(unittest.TestCase):
    def left(self) -> dict[str, Any]:
        ec2, iam, groups = (cloud.client(service) for service in ("ec2", "iam", "autoscaling"))
        return {
            "groups": groups.describe_auto_scaling_groups()["AutoScalingGroups"],
            "templates": ec2.describe_launch_templates()["LaunchTemplates"],
            "security groups": [g for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"],
            "roles": iam.list_roles()["Roles"],
            "profiles": iam.list_instance_profiles()["InstanceProfiles"],
            "aliases": [a for a in cloud.client("kms").list_aliases()["Aliases"] if "swarmlet" in a["AliasName"]],
            "log groups": cloud.client("logs").describe_log_groups()["logGroups"],
            "instances": [m for m in cloud.machines() if m["state"] != "terminated"],
        }

    def test_leaves_a_key_that_is_about_to_go_and_nothing_else(self) -> None:
        calls = cloud.client("cloudformation")
        for stack in calls.list_stacks()["StackSummaries"]:
            if stack["StackStatus"] != "DELETE_COMPLETE":
                calls.delete_stack(StackName=stack["StackName"])
        cloud.make_cluster("gone", ManagerCount=3, WorkerCount=2, LogRetentionDays=7, PublicCidr="0.0.0.0/0")
        outputs = calls.describe_stacks(StackName="gone")["Stacks"][0]["Outputs"]
        key = next(o["OutputValue"] for o in outputs if o["OutputKey"] == "KeyArn")
        calls.delete_stack(StackName="gone")
        self.assertEqual({what for what, found in self.left().items() if found}, set())
        self.assertEqual(cloud.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "PendingDeletion")


if __name__ == "__main__":
    unittest.main()
