"""Scale-in protection: who is protected, what passes a protected member over, and what does not."""

from __future__ import annotations

import unittest
from typing import Any

from .harness import Cloud, Group, error_of, wait_until

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


class Case(unittest.TestCase):
    clusters = 0

    def group(self, workers: int = 3, **parameters: int) -> Group:
        Case.clusters += 1
        name = f"p{Case.clusters}"
        cloud.make_cluster(name, ManagerCount=1, WorkerCount=workers, **parameters)
        return Group(cloud, name)

    def protected(self, group: Group) -> set[str]:
        """Those that both descriptions and the lab's own list call protected, which have to be the same."""
        members = (group.described() or {})["Instances"]
        told = {i["InstanceId"] for i in members if i["ProtectedFromScaleIn"]}
        ids = [i["InstanceId"] for i in members]
        also = group.calls.describe_auto_scaling_instances(InstanceIds=ids)["AutoScalingInstances"]
        self.assertEqual(told, {i["InstanceId"] for i in also if i["ProtectedFromScaleIn"]})
        self.assertEqual(told, {m["instance_id"] for m in cloud.machines() if m["protected"]} & set(ids))
        return told

    def refusal(self, group: Group, *ids: str) -> tuple[str, str, int]:
        return error_of(group.calls.set_instance_protection, **group.name, InstanceIds=list(ids), ProtectedFromScaleIn=True)


class Calls(Case):
    def test_given_and_taken_back(self) -> None:
        group = self.group()
        first, second, _ = group.ids()
        self.assertEqual(self.protected(group), set())
        group.protect(first, second)
        self.assertEqual(self.protected(group), {first, second})
        group.protect(second, on=False)
        self.assertEqual(self.protected(group), {first})
        entry = [e for e in cloud.journal() if e["action"] == "SetInstanceProtection"][-1]
        self.assertEqual(entry["target"], f"{group.name['AutoScalingGroupName']},{second},false")

    def test_one_that_is_not_a_member_fails_all(self) -> None:
        group, other = self.group(1), self.group(1)
        stranger, name = other.ids()[0], group.name["AutoScalingGroupName"]
        said = f"The instance {stranger} is not part of Auto Scaling group {name}."
        self.assertEqual(self.refusal(group, *group.ids(), stranger), ("ValidationError", said, 400))
        self.assertEqual(self.protected(group), set())

    def test_only_who_is_in_service_can_be_protected(self) -> None:
        group = self.group(1, LaunchingTimeout=300, TerminatingTimeout=300)
        instance = group.ids("Pending:Wait")[0]
        said = f"The instance {instance} is not in InService or EnteringStandby or Standby."
        self.assertEqual(self.refusal(group, instance), ("ValidationError", said, 400))
        group.complete(instance, name="swarmlet-launching")
        wait_until(lambda: group.ids() == [instance], 3)
        group.protect(instance)
        group.calls.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
        self.assertEqual(group.ids("Terminating:Wait"), [instance])
        self.assertEqual(self.refusal(group, instance), ("ValidationError", said, 400))

    def test_fifty_at_once_and_no_more(self) -> None:
        group = self.group(1)
        self.assertEqual(self.refusal(group, *[f"i-{n:017x}" for n in range(51)])[0], "LimitExceeded")
        # Fifty are looked at one by one.
        self.assertEqual(self.refusal(group, *[f"i-{n:017x}" for n in range(50)])[0], "ValidationError")

    def test_a_group_that_is_not_there(self) -> None:
        group = self.group(0)
        group.name = {"AutoScalingGroupName": "nobody"}
        self.assertEqual(self.refusal(group, "i-00000000000000000")[0], "ValidationError")


class NewOnes(Case):
    def test_are_protected_where_the_group_says_so_once_they_are_in_service(self) -> None:
        group = self.group(1)
        old = group.ids()
        group.calls.update_auto_scaling_group(**group.name, NewInstancesProtectedFromScaleIn=True)
        self.assertTrue((group.described() or {})["NewInstancesProtectedFromScaleIn"])
        group.hook("LAUNCHING")
        group.resize(2)
        new = group.ids("Pending:Wait")
        self.assertEqual(self.protected(group), set(new))
        # Not yet in service, it is not protected yet, whatever it is called.
        group.protect(*old)
        group.resize(1)
        self.assertEqual(list(group.states()), old)
        group.unhook()
        group.protect(*old, on=False)
        group.resize(2)
        wait_until(lambda: len(group.ids()) == 2, 3)
        group.resize(1)
        self.assertEqual(set(group.states()) & set(old), set())
        self.assertEqual(self.protected(group), set(group.states()))

    def test_are_protected_from_the_start_of_a_group_that_is_made_so(self) -> None:
        group = self.group(0)
        made: dict[str, Any] = {"AutoScalingGroupName": "made-worker", "MinSize": 0, "MaxSize": 2}
        template = {"LaunchTemplateName": group.name["AutoScalingGroupName"]}
        zones = {"AvailabilityZones": ["us-east-1a"], "NewInstancesProtectedFromScaleIn": True}
        group.calls.create_auto_scaling_group(**made, **zones, DesiredCapacity=2, LaunchTemplate=template)
        made_group = Group(cloud, "made")
        wait_until(lambda: len(made_group.ids()) == 2, 3)
        self.assertEqual(self.protected(made_group), set(made_group.ids()))
        group.calls.update_auto_scaling_group(**made_group.name, NewInstancesProtectedFromScaleIn=False)
        self.assertEqual(self.protected(made_group), set(made_group.ids()), "those that are there stay as they are")
        again = error_of(group.calls.create_auto_scaling_group, **made, **zones, LaunchTemplate=template)
        self.assertEqual(again[0], "AlreadyExists")


class ScaleIn(Case):
    def test_passes_the_protected_over_and_ends_them_once_they_are_not(self) -> None:
        group = self.group(3)
        ids = group.ids()
        group.protect(*ids)
        group.resize(1)
        described = group.described() or {}
        self.assertEqual((described["DesiredCapacity"], group.ids()), (1, ids))
        # Not at the moment of the scale-in alone: nothing happens later either.
        waited = Group(cloud, "later")
        cloud.make_cluster("later", ManagerCount=1, WorkerCount=1)
        waited.ids()
        self.assertEqual(group.ids(), ids)
        group.protect(ids[1], on=False)
        wait_until(lambda: group.ids() == [ids[0], ids[2]], 3)
        group.protect(ids[0], ids[2], on=False)
        wait_until(lambda: len(group.ids()) == 1, 3)

    def test_also_one_by_the_sizes_and_a_larger_size_ends_the_wait(self) -> None:
        group = self.group(2)
        ids = group.ids()
        group.protect(*ids)
        group.calls.update_auto_scaling_group(**group.name, MinSize=0, MaxSize=0, DesiredCapacity=0)
        self.assertEqual(group.ids(), ids)
        group.calls.update_auto_scaling_group(**group.name, MaxSize=2, DesiredCapacity=2)
        group.protect(*ids, on=False)
        cloud.make_cluster("meanwhile", ManagerCount=1, WorkerCount=0)
        self.assertEqual(group.ids(), ids)


class Nothing(Case):
    """What a protected member is not protected from."""

    def setUp(self) -> None:
        self.one = self.group(1)
        self.old = self.one.ids()[0]
        self.one.protect(self.old)

    def replaced(self) -> None:
        wait_until(lambda: self.old not in self.one.states() and len(self.one.ids()) == 1, 4)
        self.assertEqual(cloud.machines(instance_id=self.old)[0]["state"], "terminated")

    def test_its_health(self) -> None:
        self.one.calls.set_instance_health(
            InstanceId=self.old, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
        )
        self.replaced()

    def test_a_call_that_names_it(self) -> None:
        self.one.calls.terminate_instance_in_auto_scaling_group(
            InstanceId=self.old, ShouldDecrementDesiredCapacity=False
        )
        self.replaced()

    def test_a_termination_by_ec2(self) -> None:
        cloud.client("ec2").terminate_instances(InstanceIds=[self.old])
        self.replaced()

    def test_a_spot_interruption(self) -> None:
        notice = {"instance": self.old, "kind": "spot", "action": "terminate", "seconds": 0}
        self.assertEqual(cloud.admin("POST", "/lab/notices", notice)[0], 200)
        self.replaced()

    def test_a_deletion_by_force_which_says_that_it_goes_on(self) -> None:
        refused = error_of(self.one.calls.delete_auto_scaling_group, **self.one.name)
        self.assertEqual(refused[0], "ResourceInUse")
        self.assertNotIn("Status", self.one.described() or {})
        self.one.hook("TERMINATING")
        self.one.calls.delete_auto_scaling_group(**self.one.name, ForceDelete=True)
        described = self.one.described() or {}
        self.assertEqual(described["Status"], "Delete in progress")
        sizes = [described[key] for key in ("MinSize", "MaxSize", "DesiredCapacity")]
        self.assertEqual((sizes, self.one.states()), ([0, 0, 0], {self.old: "Terminating"}))
        self.assertEqual(cloud.machines(instance_id=self.old)[0]["state"], "terminated")
        wait_until(lambda: self.one.described() is None, 4)

    def test_nobody_is_left_and_a_deletion_needs_no_force(self) -> None:
        self.one.protect(self.old, on=False)
        self.one.calls.update_auto_scaling_group(**self.one.name, MinSize=0, DesiredCapacity=0)
        wait_until(lambda: self.one.states() == {}, 3)
        self.one.calls.delete_auto_scaling_group(**self.one.name)
        self.assertIsNone(self.one.described())


if __name__ == "__main__":
    unittest.main()
