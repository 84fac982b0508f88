"""What the template's roles may do with hooks and scale-in protection: in their own group, and in no other."""

from __future__ import annotations

import unittest
from typing import Any

from .harness import Cloud, Group, Metadata, error_of, wait_until

cloud: Cloud
HOOK = "swarmlet-terminating"
credentials: dict[str, dict[str, str]] = {}


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    for cluster in ("demo", "other"):
        cloud.make_cluster(cluster, ManagerCount=1, WorkerCount=1, LaunchingTimeout=300, TerminatingTimeout=300)
    for role in ("manager", "worker"):
        metadata = Metadata(cloud, cloud.machines(group=f"demo-{role}")[0]["instance_id"])
        credentials[role] = metadata.credentials()
        metadata.connection.close()


def tearDownModule() -> None:
    cloud.stop()


class Hooks(unittest.TestCase):
    def action(self, group: str) -> dict[str, str]:
        instance = cloud.machines(group=group)[0]["instance_id"]
        return {"AutoScalingGroupName": group, "LifecycleHookName": "swarmlet-launching", "InstanceId": instance}

    def test_those_of_the_own_group_are_extended_and_completed(self) -> None:
        for role in ("manager", "worker"):
            calls = cloud.client("autoscaling", **credentials[role])
            action = self.action(f"demo-{role}")
            calls.record_lifecycle_action_heartbeat(**action)
            calls.complete_lifecycle_action(**action, LifecycleActionResult="CONTINUE")
            states = Group(cloud, "demo", role).states()
            self.assertIn(states[action["InstanceId"]], ("Pending:Proceed", "InService"))

    def test_those_of_another_group_are_not(self) -> None:
        for role, groups in (
            ("worker", ("demo-manager", "other-worker", "other-manager")),
            ("manager", ("demo-worker", "other-manager", "other-worker")),
        ):
            calls = cloud.client("autoscaling", **credentials[role])
            for group in groups:
                with self.subTest(role=role, group=group):
                    complete = self.action(group) | {"LifecycleActionResult": "ABANDON"}
                    code, message, status = error_of(calls.complete_lifecycle_action, **complete)
                    self.assertEqual((code, status), ("AccessDenied", 403))
                    self.assertIn("perform: autoscaling:CompleteLifecycleAction on resource: arn:aws:auto", message)
                    self.assertTrue(message.partition(" because ")[0].endswith(f"autoScalingGroupName/{group}"))
                    beat = error_of(calls.record_lifecycle_action_heartbeat, **self.action(group))
                    self.assertEqual(beat[0], "AccessDenied")
        self.assertEqual(len(Group(cloud, "other").ids("Pending:Wait")), 1)

    def test_a_group_that_is_not_there_is_denied_too(self) -> None:
        calls = cloud.client("autoscaling", **credentials["worker"])
        action = self.action("demo-worker") | {"AutoScalingGroupName": "nobody"}
        self.assertEqual(error_of(calls.record_lifecycle_action_heartbeat, **action)[0], "AccessDenied")

    def test_both_look_up_hooks(self) -> None:
        for role in ("manager", "worker"):
            calls = cloud.client("autoscaling", **credentials[role])
            hooks = calls.describe_lifecycle_hooks(AutoScalingGroupName=f"demo-{role}")["LifecycleHooks"]
            self.assertEqual([h["LifecycleHookName"] for h in hooks], ["swarmlet-launching", HOOK])

    def test_nothing_else(self) -> None:
        for role in ("manager", "worker"):
            calls = cloud.client("autoscaling", **credentials[role])
            name = {"AutoScalingGroupName": f"demo-{role}"}
            instance = self.action(f"demo-{role}")["InstanceId"]
            for call, more in (
                (calls.set_desired_capacity, name | {"DesiredCapacity": 1}),
                (calls.delete_lifecycle_hook, name | {"LifecycleHookName": HOOK}),
                (calls.start_instance_refresh, name),
                (calls.set_instance_health, {"InstanceId": instance, "HealthStatus": "Unhealthy"}),
                (calls.update_auto_scaling_group, name | {"NewInstancesProtectedFromScaleIn": True}),
                (calls.describe_auto_scaling_instances, {}),
            ):
                self.assertEqual(error_of(call, **more)[0], "AccessDenied")


class Protection(unittest.TestCase):
    def protect(self, role: str, group: str, *ids: str) -> tuple[Any, dict[str, Any]]:
        calls = cloud.client("autoscaling", **credentials[role])
        named = {"AutoScalingGroupName": group, "InstanceIds": list(ids), "ProtectedFromScaleIn": True}
        return calls.set_instance_protection, named

    def test_managers_protect_those_of_their_own_group(self) -> None:
        group = Group(cloud, "demo", "manager")
        instance = next(iter(group.states()))
        if group.states()[instance] == "Pending:Wait":
            group.complete(instance, name="swarmlet-launching")
        wait_until(lambda: group.ids() == [instance], 3)
        call, named = self.protect("manager", "demo-manager", instance)
        call(**named)
        call(**named | {"ProtectedFromScaleIn": False})

    def test_and_nobody_of_another(self) -> None:
        for group in ("demo-worker", "other-manager", "other-worker", "nobody"):
            with self.subTest(group):
                call, named = self.protect("manager", group, "i-00000000000000000")
                code, said, status = error_of(call, **named)
                self.assertEqual((code, status), ("AccessDenied", 403))
                self.assertIn("perform: autoscaling:SetInstanceProtection", said)

    def test_workers_protect_nobody_and_look_at_no_group(self) -> None:
        for group in ("demo-worker", "demo-manager"):
            call, named = self.protect("worker", group, "i-00000000000000000")
            self.assertEqual(error_of(call, **named)[0], "AccessDenied")
        calls = cloud.client("autoscaling", **credentials["worker"])
        self.assertEqual(error_of(calls.describe_auto_scaling_groups)[0], "AccessDenied")

    def test_managers_look_at_groups_of_which_none_can_be_named_in_a_policy(self) -> None:
        calls = cloud.client("autoscaling", **credentials["manager"])
        names = [g["AutoScalingGroupName"] for g in calls.describe_auto_scaling_groups()["AutoScalingGroups"]]
        self.assertLessEqual({"demo-manager", "other-worker"}, set(names))


class Journal(unittest.TestCase):
    def test_names_the_group_the_instance_the_hook_and_the_result(self) -> None:
        action = Group(cloud, "other", "manager")
        instance = action.ids("Pending:Wait")[0]
        action.complete(instance, name="swarmlet-launching")
        entry = [e for e in cloud.journal() if e["action"] == "CompleteLifecycleAction"][-1]
        self.assertEqual(entry["target"], f"other-manager,{instance},swarmlet-launching,CONTINUE")


if __name__ == "__main__":
    unittest.main()
