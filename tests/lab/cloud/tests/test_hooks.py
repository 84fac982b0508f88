"""Terminating lifecycle hooks: the instance waits until it is told to go on, or until its time is over."""

from __future__ import annotations

import unittest
from typing import Any

from .harness import Cloud, Metadata, error_of, wait_until

cloud: Cloud
TARGET = "autoscaling/target-lifecycle-state"


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=2)


def tearDownModule() -> None:
    cloud.stop()


class Terminating(unittest.TestCase):
    def setUp(self) -> None:
        self.groups = cloud.client("autoscaling")
        self.name = {"AutoScalingGroupName": "demo-worker"}
        self.groups.set_desired_capacity(**self.name, DesiredCapacity=2)
        machines = cloud.machines(group="demo-worker", state="running")
        self.oldest = min(machines, key=lambda m: m["launched"])["instance_id"]
        self.metadata = Metadata(cloud, self.oldest)
        self.addCleanup(self.metadata.connection.close)

    def hook(self, seconds: int) -> dict[str, str]:
        hook = self.name | {"LifecycleHookName": "drain"}
        transition = "autoscaling:EC2_INSTANCE_TERMINATING"
        self.groups.put_lifecycle_hook(
            **hook, LifecycleTransition=transition, HeartbeatTimeout=seconds, DefaultResult="CONTINUE"
        )
        self.addCleanup(self.groups.delete_lifecycle_hook, **hook)
        return hook | {"InstanceId": self.oldest}

    def state(self) -> str:
        return str(cloud.machines(instance_id=self.oldest)[0]["state"])

    def scale_in(self) -> None:
        self.groups.set_desired_capacity(**self.name, DesiredCapacity=1)

    def members(self) -> dict[str, Any]:
        said = self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=["demo-worker"])
        return {i["InstanceId"]: i["LifecycleState"] for i in said["AutoScalingGroups"][0]["Instances"]}

    def test_waits_and_says_so_in_metadata_until_completed(self) -> None:
        hook = self.hook(300)
        self.assertEqual(self.metadata.read(TARGET), "InService")
        self.scale_in()
        self.assertEqual(self.metadata.read(TARGET), "Terminated")
        self.assertEqual(self.members()[self.oldest], "Terminating:Wait")
        self.groups.record_lifecycle_action_heartbeat(**hook)
        self.assertEqual(self.state(), "running")
        self.groups.complete_lifecycle_action(**hook, LifecycleActionResult="CONTINUE")
        self.assertEqual(self.state(), "terminated")
        self.assertEqual(len(self.members()), 1)
        again = error_of(self.groups.complete_lifecycle_action, **hook, LifecycleActionResult="CONTINUE")
        self.assertEqual(again[0], "ValidationError")

    def test_ends_when_nobody_completes(self) -> None:
        self.hook(1)
        self.scale_in()
        self.assertEqual(self.state(), "running")
        wait_until(lambda: self.state() == "terminated", 3)

    def test_ends_at_once_without_a_hook(self) -> None:
        self.scale_in()
        self.assertEqual(self.state(), "terminated")


if __name__ == "__main__":
    unittest.main()
