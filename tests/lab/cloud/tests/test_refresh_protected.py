"""Instance refreshes of groups with protected members and of groups without hooks: waits, what is left alone, warm-ups."""

from __future__ import annotations

import time
import unittest
from typing import Any

from .harness import Cloud, Group, error_of, wait_until

cloud: Cloud
PATIENCE = 2.0


def setUpModule() -> None:
    global cloud
    cloud = Cloud("--patience", str(PATIENCE))


def tearDownModule() -> None:
    cloud.stop()


class Case(unittest.TestCase):
    clusters = 0

    def setUp(self) -> None:
        Case.clusters += 1
        name = f"q{Case.clusters}"
        cloud.make_cluster(name, ManagerCount=1, WorkerCount=3)
        self.group = Group(cloud, name)
        self.old = self.group.ids()

    def start(self, **preferences: Any) -> None:
        self.group.calls.start_instance_refresh(**self.group.name, Preferences=preferences)

    def told(self) -> dict[str, Any]:
        found = self.group.calls.describe_instance_refreshes(**self.group.name)
        told: dict[str, Any] = found["InstanceRefreshes"][0]
        return told

    def over(self) -> str:
        wait_until(lambda: self.told()["Status"] not in ("Pending", "InProgress"), 20)
        return str(self.told()["Status"])


class Protected(Case):
    def test_replaces_the_others_then_waits_and_goes_on_when_protection_is_taken_back(self) -> None:
        kept = self.old[0]
        self.group.protect(kept)
        self.start(MinHealthyPercentage=100, MaxHealthyPercentage=110, InstanceWarmup=0)
        wait_until(lambda: "StatusReason" in self.told(), 10)
        said = f"Waiting for remaining instances to be available. For example: {kept} is protected. "
        said += "Remove instance scale-in protection to continue."
        told = self.told()
        self.assertEqual((told["Status"], told["StatusReason"], told["InstancesToUpdate"]), ("InProgress", said, 1))
        self.assertEqual(told["Preferences"]["ScaleInProtectedInstances"], "Wait")
        # Nothing is launched for one that cannot go.
        self.assertEqual((len(self.group.states()), set(self.old) & set(self.group.ids())), (3, {kept}))
        self.group.protect(kept, on=False)
        self.assertEqual(self.over(), "Successful")
        self.assertNotIn(kept, self.group.states())

    def test_fails_when_nobody_takes_it_back_in_time(self) -> None:
        self.group.protect(*self.old)
        started = time.monotonic()
        self.start(MinHealthyPercentage=100, MaxHealthyPercentage=110, InstanceWarmup=0)
        self.assertEqual(self.over(), "Failed")
        self.assertGreaterEqual(time.monotonic() - started, PATIENCE)
        told = self.told()
        self.assertIn("is protected", told["StatusReason"])
        self.assertEqual((told["PercentageComplete"], self.group.ids()), (0, self.old))

    def test_leaves_them_alone_where_told_so(self) -> None:
        self.group.protect(*self.old[:2])
        self.start(MinHealthyPercentage=50, InstanceWarmup=0, ScaleInProtectedInstances="Ignore")
        self.assertEqual(self.over(), "Successful")
        self.assertEqual(set(self.old) & set(self.group.ids()), set(self.old[:2]))

    def test_all_of_them_left_alone_is_success_at_once(self) -> None:
        self.group.protect(*self.old)
        self.start(InstanceWarmup=0, ScaleInProtectedInstances="Ignore")
        self.assertEqual((self.over(), self.group.ids()), ("Successful", self.old))

    def test_replaces_them_where_told_so(self) -> None:
        self.group.protect(*self.old)
        self.start(MinHealthyPercentage=50, InstanceWarmup=0, ScaleInProtectedInstances="Refresh")
        self.assertEqual(self.over(), "Successful")
        self.assertEqual(set(self.old) & set(self.group.ids()), set())

    def test_knows_no_other_way(self) -> None:
        wrong = {"ScaleInProtectedInstances": "Maybe"}
        code, said, _ = error_of(self.group.calls.start_instance_refresh, **self.group.name, Preferences=wrong)
        self.assertEqual((code, "[Ignore, Wait, Refresh]" in said), ("ValidationError", True))


class Warmup(Case):
    def test_is_the_groups_own_and_else_its_grace_period(self) -> None:
        self.start()
        self.assertEqual(self.told()["Preferences"]["InstanceWarmup"], 300, "the template's grace period")
        self.group.calls.cancel_instance_refresh(**self.group.name)
        self.group.calls.update_auto_scaling_group(**self.group.name, DefaultInstanceWarmup=1)
        self.assertEqual((self.group.described() or {})["DefaultInstanceWarmup"], 1)
        self.start()
        self.assertEqual(self.told()["Preferences"]["InstanceWarmup"], 1)
        self.group.calls.cancel_instance_refresh(**self.group.name)
        self.group.calls.update_auto_scaling_group(**self.group.name, DefaultInstanceWarmup=-1)
        self.assertNotIn("DefaultInstanceWarmup", self.group.described() or {})

    def test_a_new_group_has_no_grace_period_unless_it_is_given_one(self) -> None:
        made: dict[str, Any] = {"MinSize": 0, "MaxSize": 1, "AvailabilityZones": ["us-east-1a"]}
        made["LaunchTemplate"] = {"LaunchTemplateName": self.group.name["AutoScalingGroupName"]}
        for name, more in (("bare-worker", {}), ("graced-worker", {"HealthCheckGracePeriod": 7})):
            self.group.calls.create_auto_scaling_group(**made, **more, AutoScalingGroupName=name)
        self.assertEqual((Group(cloud, "bare").described() or {})["HealthCheckGracePeriod"], 0)
        self.assertEqual((Group(cloud, "graced").described() or {})["HealthCheckGracePeriod"], 7)

    def test_of_each_new_one_is_waited_for_and_of_none_that_was_there(self) -> None:
        self.start(MinHealthyPercentage=100, MaxHealthyPercentage=200, InstanceWarmup=2)
        seen: set[str] = set()

        def over() -> bool:
            told = self.told()
            seen.add(told.get("StatusReason", "").partition(" For")[0])
            return bool(told["Status"] == "Successful")

        wait_until(over, 20)
        self.assertIn("Waiting for instances to warm up before continuing.", seen)

    def test_without_hooks_the_next_goes_as_soon_as_a_new_one_runs(self) -> None:
        started = time.monotonic()
        self.start(MinHealthyPercentage=100, MaxHealthyPercentage=110, InstanceWarmup=0)
        self.assertEqual(self.over(), "Successful")
        # Three replaced, one after the other: nothing else is waited for.
        self.assertLess(time.monotonic() - started, 12)

    def test_a_most_of_100_that_is_given_launches_first_where_none_can_be_missing(self) -> None:
        for most, expected in (({"MaxHealthyPercentage": 100}, {3, 4}), ({}, {3})):
            with self.subTest(most):
                self.start(MinHealthyPercentage=100, InstanceWarmup=0, **most)
                seen: set[int] = set()

                def over(seen: set[int] = seen) -> bool:
                    seen.add(sum(not s.startswith("Terminating") for s in self.group.states().values()))
                    return bool(self.told()["Status"] == "Successful")

                wait_until(over, 20)
                self.assertEqual(seen, expected)


if __name__ == "__main__":
    unittest.main()
