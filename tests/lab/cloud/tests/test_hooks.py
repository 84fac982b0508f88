"""Lifecycle hooks: an instance waits until it is told to go on, or until its time is over."""

from __future__ import annotations

import time
import unittest

from cloud.hooks import Action

from .harness import Cloud, Group, Metadata, error_of, wait_until

cloud: Cloud
TARGET = "autoscaling/target-lifecycle-state"


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=2)


def tearDownModule() -> None:
    cloud.stop()


def state(instance: str) -> str:
    return str(cloud.machines(instance_id=instance)[0]["state"])


class Terminating(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(cloud, "demo")
        self.group.resize(2)
        wait_until(lambda: len(self.group.ids()) == 2, 3)
        machines = cloud.machines(group="demo-worker", state="running", lifecycle_state="InService")
        self.oldest = min(machines, key=lambda m: m["launched"])["instance_id"]
        self.metadata = Metadata(cloud, self.oldest)
        self.addCleanup(self.metadata.connection.close)
        self.addCleanup(self.group.unhook)

    def hook(self, seconds: int, result: str = "CONTINUE") -> None:
        self.group.hook("TERMINATING", seconds, result)

    def test_waits_and_says_so_in_metadata_until_completed(self) -> None:
        self.hook(300)
        self.assertEqual(self.metadata.read(TARGET), "InService")
        self.group.resize(1)
        self.assertEqual(self.metadata.read(TARGET), "Terminated")
        self.assertEqual(self.group.states()[self.oldest], "Terminating:Wait")
        self.assertEqual(cloud.machines(instance_id=self.oldest)[0]["lifecycle_state"], "Terminating:Wait")
        self.group.beat(self.oldest)
        self.assertEqual(state(self.oldest), "running")
        self.group.complete(self.oldest)
        self.assertEqual(state(self.oldest), "terminated")
        self.assertEqual(len(self.group.states()), 1)

    def test_ends_when_nobody_completes_whatever_the_default(self) -> None:
        self.hook(1, "ABANDON")
        self.group.resize(1)
        self.assertEqual(state(self.oldest), "running")
        wait_until(lambda: state(self.oldest) == "terminated", 3)

    def test_a_heartbeat_starts_the_time_anew(self) -> None:
        self.hook(2)
        self.group.resize(1)
        for _ in range(3):
            time.sleep(1)
            self.group.beat(self.oldest)
        self.assertEqual(state(self.oldest), "running")
        wait_until(lambda: state(self.oldest) == "terminated", 4)

    def test_ends_at_once_without_a_hook(self) -> None:
        self.group.resize(1)
        self.assertEqual(state(self.oldest), "terminated")

    def test_who_waits_is_replaced_at_once(self) -> None:
        self.hook(300)
        end = self.group.calls.terminate_instance_in_auto_scaling_group
        end(InstanceId=self.oldest, ShouldDecrementDesiredCapacity=False)
        self.assertEqual(self.group.ids("Terminating:Wait"), [self.oldest])
        # The third one may be in service by now.
        self.assertEqual(len(self.group.states()), 3)
        wait_until(lambda: len(self.group.ids()) == 2, 3)
        # Once more changes nothing: it is leaving already.
        end(InstanceId=self.oldest, ShouldDecrementDesiredCapacity=False)
        self.assertEqual(len(self.group.states()), 3)

    def test_an_unhealthy_one_goes_through_its_hooks_too(self) -> None:
        self.hook(300)
        health = {"InstanceId": self.oldest, "HealthStatus": "Unhealthy"}
        self.group.calls.set_instance_health(**health)
        time.sleep(1)
        self.assertEqual(self.group.states()[self.oldest], "InService", "it is in its grace period")
        self.group.calls.set_instance_health(**health, ShouldRespectGracePeriod=False)
        wait_until(lambda: self.group.ids("Terminating:Wait") == [self.oldest] and len(self.group.ids()) == 2, 3)

    def test_one_that_ec2_ended_waits_for_nothing(self) -> None:
        self.hook(300)
        cloud.client("ec2").terminate_instances(InstanceIds=[self.oldest])
        wait_until(lambda: self.oldest not in self.group.states() and len(self.group.ids()) == 2, 4)

    def test_of_several_hooks_all_have_to_complete_but_for_an_abandoned_one(self) -> None:
        for result, ended in (("CONTINUE", "running"), ("ABANDON", "terminated")):
            with self.subTest(result):
                self.group.resize(2)
                for name in ("hook", "other"):
                    self.group.hook("TERMINATING", name=name)
                self.group.resize(1)
                leaving = self.group.ids("Terminating:Wait")[0]
                self.group.complete(leaving, result, "other")
                self.assertEqual(state(leaving), ended)
                # Without the hook nothing holds it any more.
                for name in ("hook", "other"):
                    self.group.unhook(name)
                self.assertEqual(state(leaving), "terminated")


class Answers(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(cloud, "demo")
        self.hook = self.group.name | {"LifecycleHookName": "hook"}

    def test_nothing_to_complete_is_told_as_aws_does(self) -> None:
        instance = self.group.ids()[0]
        for call, more in (
            (self.group.calls.complete_lifecycle_action, {"LifecycleActionResult": "CONTINUE"}),
            (self.group.calls.record_lifecycle_action_heartbeat, {}),
        ):
            said = error_of(call, **self.hook, InstanceId=instance, **more)
            self.assertEqual(
                said, ("ValidationError", f"No active Lifecycle Action found with instance ID {instance}", 400)
            )

    def test_hooks_are_described_by_group_and_name(self) -> None:
        self.group.hook("TERMINATING", 60)
        self.addCleanup(self.group.unhook)
        describe = self.group.calls.describe_lifecycle_hooks
        expected = self.hook | {
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "HeartbeatTimeout": 60,
            "GlobalTimeout": 6000,
            "DefaultResult": "CONTINUE",
        }
        self.assertEqual(describe(**self.group.name)["LifecycleHooks"], [expected])
        self.assertEqual(describe(**self.group.name, LifecycleHookNames=["hook"])["LifecycleHooks"], [expected])
        self.assertEqual(describe(**self.group.name, LifecycleHookNames=["x"])["LifecycleHooks"], [])
        code, message, _ = error_of(describe, AutoScalingGroupName="nobody")
        self.assertEqual((code, "not found" in message), ("ValidationError", True))

    def test_instances_are_described_with_their_state(self) -> None:
        instance = self.group.ids()[0]
        told = self.group.calls.describe_auto_scaling_instances(InstanceIds=[instance, "i-00000000000000000"])
        self.assertEqual(len(told["AutoScalingInstances"]), 1)
        facts = told["AutoScalingInstances"][0]
        self.assertEqual((facts["AutoScalingGroupName"], facts["LifecycleState"]), ("demo-worker", "InService"))
        self.assertEqual((facts["HealthStatus"], facts["LaunchTemplate"]["Version"]), ("HEALTHY", "1"))

    def test_heartbeats_end_at_the_global_limit(self) -> None:
        action = Action(3600, "CONTINUE")
        self.assertAlmostEqual(action.limit - time.monotonic(), 48 * 3600, delta=5)
        action = Action(30, "CONTINUE")
        self.assertAlmostEqual(action.limit - time.monotonic(), 3000, delta=5)
        action.limit = time.monotonic() + 7
        action.beat()
        self.assertEqual(action.deadline, action.limit)


if __name__ == "__main__":
    unittest.main()
