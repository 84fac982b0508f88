"""Deletions of stacks: groups that are emptied first, with their hooks, and what protected members do to that."""

from __future__ import annotations

import time
import unittest
from typing import Any

from .harness import Cloud, Group, Metadata, error_of, wait_until

cloud: Cloud
PATIENCE = 3.0


def setUpModule() -> None:
    global cloud
    cloud = Cloud("--patience", str(PATIENCE))


def tearDownModule() -> None:
    cloud.stop()


class Case(unittest.TestCase):
    clusters = 0

    def setUp(self) -> None:
        Case.clusters += 1
        self.name = f"d{Case.clusters}"
        self.calls = cloud.client("cloudformation")
        self.managers, self.workers = Group(cloud, self.name, "manager"), Group(cloud, self.name)

    def make(self, **parameters: int) -> None:
        cloud.make_cluster(self.name, ManagerCount=1, WorkerCount=1, **parameters)

    def delete(self) -> None:
        self.calls.delete_stack(StackName=self.name)

    def status(self) -> str | None:
        """None for a stack that is gone."""
        found = self.calls.list_stacks()["StackSummaries"]
        here = [s["StackStatus"] for s in found if s["StackName"] == self.name and s["StackStatus"] != "DELETE_COMPLETE"]
        return str(here[0]) if here else None

    def sizes(self, group: Group) -> tuple[Any, ...]:
        described = group.described() or {}
        return tuple(described.get(key) for key in ("MinSize", "MaxSize", "DesiredCapacity", "Status"))


class Protected(Case):
    def test_waits_until_protection_is_taken_back(self) -> None:
        self.make()
        manager = self.managers.ids()[0]
        self.managers.protect(manager)
        self.delete()
        self.assertEqual(self.status(), "DELETE_IN_PROGRESS")
        # Not a word of it in the group's status: Auto Scaling was asked for a scale-in, not for a deletion.
        self.assertEqual(self.sizes(self.managers), (0, 0, 0, None))
        self.assertEqual((self.managers.ids(), self.workers.described()), ([manager], None))
        told = self.calls.describe_stacks(StackName=self.name)["Stacks"][0]
        self.assertEqual(told["StackStatus"], "DELETE_IN_PROGRESS")
        self.assertIsNone(self.workers.described(), "its outputs name what is gone")
        metadata = Metadata(cloud, manager)
        self.addCleanup(metadata.connection.close)
        # The role is still there, and so is all that a manager needs to take it back itself.
        mine = cloud.client("autoscaling", **metadata.credentials())
        mine.set_instance_protection(**self.managers.name, InstanceIds=[manager], ProtectedFromScaleIn=False)
        wait_until(lambda: self.status() is None, 3)
        self.assertIsNone(self.managers.described())
        self.assertEqual(cloud.machines(instance_id=manager)[0]["state"], "terminated")

    def test_managers_are_whole_while_a_worker_holds_it_up(self) -> None:
        self.make()
        self.workers.protect(*self.workers.ids())
        self.delete()
        self.assertEqual(self.sizes(self.workers)[:3], (0, 0, 0))
        self.assertEqual((len(self.managers.ids()), self.sizes(self.managers)[0]), (1, 1))
        self.workers.calls.delete_auto_scaling_group(**self.workers.name, ForceDelete=True)
        wait_until(lambda: self.status() is None, 5)

    def test_fails_in_time_and_can_be_tried_again(self) -> None:
        self.make()
        self.managers.protect(*self.managers.ids())
        started = time.monotonic()
        self.delete()
        self.delete()
        wait_until(lambda: self.status() == "DELETE_FAILED", PATIENCE + 3)
        self.assertGreaterEqual(time.monotonic() - started, PATIENCE)
        events = self.calls.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = {e["LogicalResourceId"]: e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "DELETE_FAILED"}
        self.assertEqual(failed["ManagerGroup"], "Resource timed out waiting for completion")
        self.assertEqual(failed[self.name], "The following resource(s) failed to delete: [ManagerGroup]. ")
        self.assertEqual(len(self.managers.ids()), 1)
        self.managers.protect(*self.managers.ids(), on=False)
        wait_until(lambda: self.managers.ids() == [], 3)
        self.delete()
        wait_until(lambda: self.status() is None, 3)


class Hooks(Case):
    def test_are_waited_for_workers_first(self) -> None:
        self.make(TerminatingTimeout=300)
        self.delete()
        worker = self.workers.ids("Terminating:Wait")
        self.assertEqual((len(worker), self.status()), (1, "DELETE_IN_PROGRESS"))
        self.assertEqual(len(self.managers.ids()), 1)
        self.workers.complete(worker[0], name="swarmlet-terminating")
        wait_until(lambda: len(self.managers.ids("Terminating:Wait")) == 1, 3)
        self.assertIsNone(self.workers.described())
        # What scripts/launch does first, so that nobody is waited for.
        self.managers.unhook("swarmlet-terminating")
        wait_until(lambda: self.status() is None, 3)

    def test_that_are_resources_of_their_own_go_before_their_group(self) -> None:
        stack = cloud.stack(self.name, ManagerCount=1, WorkerCount=1)
        hook = """Resources:
  OwnHook:
    Type: AWS::AutoScaling::LifecycleHook
    Properties:
      AutoScalingGroupName: !Ref WorkerGroup
      LifecycleHookName: own
      LifecycleTransition: autoscaling:EC2_INSTANCE_TERMINATING
"""
        self.calls.create_stack(**stack | {"TemplateBody": stack["TemplateBody"].replace("Resources:\n", hook, 1)})
        hooks = self.workers.calls.describe_lifecycle_hooks(**self.workers.name)["LifecycleHooks"]
        self.assertEqual([h["LifecycleHookName"] for h in hooks], ["own"])
        self.delete()
        wait_until(lambda: self.status() is None, 3)
        self.assertIsNone(self.workers.described())

    def test_an_update_under_way_ends_with_it(self) -> None:
        self.make()
        self.workers.protect(*self.workers.ids())
        changed = cloud.stack(self.name, ManagerCount=1, WorkerCount=1, WorkerInstanceType="t3.large")
        self.calls.update_stack(**changed)
        self.assertEqual(self.status(), "UPDATE_IN_PROGRESS")
        self.delete()
        self.assertEqual(self.status(), "DELETE_IN_PROGRESS")
        self.workers.protect(*self.workers.ids(), on=False)
        wait_until(lambda: self.status() is None, 3)
        again = error_of(self.calls.describe_stacks, StackName=self.name)
        self.assertEqual(again[0], "ValidationError")


if __name__ == "__main__":
    unittest.main()
