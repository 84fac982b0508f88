"""Launching hooks: a new instance runs, but is not in service before it says so."""

from __future__ import annotations

import unittest

from .harness import Cloud, Group, Metadata, error_of, wait_until

cloud: Cloud
HOOK = "swarmlet-launching"
TARGET = "autoscaling/target-lifecycle-state"


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1, LaunchingTimeout=300, TerminatingTimeout=300)


def tearDownModule() -> None:
    cloud.stop()


class Launching(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(cloud, "demo")

    def waiting(self) -> str:
        wait_until(lambda: len(self.group.ids("Pending:Wait")) == 1, 3)
        return self.group.ids("Pending:Wait")[0]

    def test_a_the_first_ones_wait_too_and_run_meanwhile(self) -> None:
        for role in ("manager", "worker"):
            self.assertEqual(list(Group(cloud, "demo", role).states().values()), ["Pending:Wait"])
        instance = self.waiting()
        self.assertEqual(cloud.machines(instance_id=instance)[0]["state"], "running")
        metadata = Metadata(cloud, instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(metadata.read(TARGET), "InService")
        self.group.beat(instance, HOOK)
        self.group.complete(instance, name=HOOK)
        self.assertIn(self.group.states()[instance], ("Pending:Proceed", "InService"))
        wait_until(lambda: self.group.ids() == [instance], 3)

    def test_b_one_that_waits_counts(self) -> None:
        self.group.resize(2)
        instance = self.waiting()
        self.assertEqual(len(self.group.states()), 2)
        self.group.complete(instance, name=HOOK)
        wait_until(lambda: len(self.group.ids()) == 2, 3)

    def test_c_an_abandoned_one_leaves_by_its_hook_and_is_replaced(self) -> None:
        self.group.resize(3)
        instance = self.waiting()
        self.group.complete(instance, "ABANDON", HOOK)
        wait_until(lambda: self.group.ids("Terminating:Wait") == [instance] and self.waiting() != instance, 3)
        self.group.complete(instance, name="swarmlet-terminating")
        self.assertNotIn(instance, self.group.states())
        self.assertEqual(cloud.machines(instance_id=instance)[0]["state"], "terminated")

    def test_d_a_default_result_decides_when_time_is_over(self) -> None:
        self.group.unhook("swarmlet-terminating")
        for result, ended in (("CONTINUE", "running"), ("ABANDON", "terminated")):
            with self.subTest(result):
                known = set(self.group.states())
                self.group.hook("LAUNCHING", 1, result, HOOK)
                self.group.resize(len(known) + 1)
                instance = next(iter(set(self.group.states()) - known))
                self.group.hook("LAUNCHING", 300, name=HOOK)
                in_service = ["InService"] if ended == "running" else [None]
                wait_until(lambda i=instance, s=in_service: [self.group.states().get(i)] == s, 4)
                self.assertEqual(cloud.machines(instance_id=instance)[0]["state"], ended)

    def test_e_a_hook_that_goes_abandons_who_waits_for_it(self) -> None:
        waiting = self.group.ids("Pending:Wait")
        self.assertTrue(waiting)
        self.group.unhook(HOOK)
        self.assertFalse(set(waiting) & set(self.group.states()))

    def test_f_a_group_by_the_api_has_its_hooks_from_the_start(self) -> None:
        hook = {"LifecycleHookName": "hook", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
        self.group.calls.create_auto_scaling_group(
            AutoScalingGroupName="other-worker",
            LaunchTemplate={"LaunchTemplateName": "demo-worker"},
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
            TerminationPolicies=["NewestInstance"],
            LifecycleHookSpecificationList=[hook],
        )
        other = Group(cloud, "other")
        self.assertEqual(list(other.states().values()), ["Pending:Wait"])
        other.calls.delete_auto_scaling_group(**other.name, ForceDelete=True)
        self.assertEqual(cloud.machines(group="other-worker", state="running"), [])

    def test_g_an_update_of_the_stack_changes_the_hooks(self) -> None:
        stack = cloud.stack("demo", ManagerCount=1, WorkerCount=1, LaunchingTimeout=0, TerminatingTimeout=60)
        cloud.client("cloudformation").update_stack(**stack)
        told = self.group.calls.describe_lifecycle_hooks(**self.group.name)["LifecycleHooks"]
        names = [(hook["LifecycleHookName"], hook["HeartbeatTimeout"]) for hook in told]
        self.assertEqual(names, [("swarmlet-terminating", 60)])


class WithoutHooks(unittest.TestCase):
    def test_a_new_one_is_pending_and_then_in_service_whatever_runs_inside(self) -> None:
        cloud.make_cluster("plain", ManagerCount=1, WorkerCount=1)
        group = Group(cloud, "plain")
        self.assertEqual(group.calls.describe_lifecycle_hooks(**group.name)["LifecycleHooks"], [])
        for machine in cloud.machines(group="plain-worker"):
            group.calls.terminate_instance_in_auto_scaling_group(
                InstanceId=machine["instance_id"], ShouldDecrementDesiredCapacity=False
            )
        # No machine has booted: nothing of it is asked.
        self.assertEqual(list(group.states().values()), ["Pending"])
        instance = next(iter(group.states()))
        said = error_of(
            group.calls.set_instance_protection, **group.name, InstanceIds=[instance], ProtectedFromScaleIn=True
        )
        self.assertEqual(
            (said[0], said[1].partition(" is ")[2]),
            ("ValidationError", "not in InService or EnteringStandby or Standby."),
        )
        wait_until(lambda: group.ids() == [instance], 3)
        group.resize(0)
        self.assertEqual((group.states(), cloud.machines(instance_id=instance)[0]["state"]), ({}, "terminated"))


class ScaleIn(unittest.TestCase):
    def test_takes_the_newest_or_the_unprotected_where_told_so(self) -> None:
        cloud.make_cluster("pick", ManagerCount=1, WorkerCount=3)
        group = Group(cloud, "pick")
        by_age = sorted(cloud.machines(group="pick-worker"), key=lambda m: m["launched"])
        oldest, middle = (machine["instance_id"] for machine in by_age[:2])
        group.calls.update_auto_scaling_group(
            **group.name,
            LaunchTemplate={"LaunchTemplateName": "pick-worker"},
            TerminationPolicies=["NewestInstance"],
        )
        group.resize(2)
        self.assertEqual(set(group.ids()), {oldest, middle})
        group.calls.set_instance_protection(**group.name, InstanceIds=[middle], ProtectedFromScaleIn=True)
        group.resize(1)
        self.assertEqual(group.ids(), [middle])


if __name__ == "__main__":
    unittest.main()
