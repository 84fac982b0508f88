"""Instance refreshes: everybody is replaced, and enough stay healthy meanwhile."""

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


class Refresh(unittest.TestCase):
    clusters = 0

    def group(self, workers: int = 3, **parameters: int) -> Group:
        Refresh.clusters += 1
        name = f"r{Refresh.clusters}"
        cloud.make_cluster(name, ManagerCount=1, WorkerCount=workers, **parameters)
        return Group(cloud, name)

    def start(self, group: Group, **preferences: Any) -> str:
        """Without a warm-up, unless it is told otherwise."""
        preferences = {"InstanceWarmup": 0} | preferences
        started = group.calls.start_instance_refresh(**group.name, Strategy="Rolling", Preferences=preferences)
        return str(started["InstanceRefreshId"])

    def told(self, group: Group, refresh: str) -> dict[str, Any]:
        found = group.calls.describe_instance_refreshes(**group.name, InstanceRefreshIds=[refresh])
        told: dict[str, Any] = found["InstanceRefreshes"][0]
        return told

    def watch(self, group: Group, refresh: str) -> set[tuple[int, int]]:
        """Until it is over: the numbers of members that were in service, and on their way in or in service."""
        seen = set()

        def over() -> bool:
            states = list(group.states().values())
            seen.add((states.count("InService"), sum(not s.startswith("Terminating") for s in states)))
            return self.told(group, refresh)["Status"] not in ("Pending", "InProgress")

        wait_until(over, 15)
        return seen

    def test_launches_first_where_all_have_to_stay_healthy(self) -> None:
        group = self.group()
        before = set(group.ids())
        refresh = self.start(group, MinHealthyPercentage=100, MaxHealthyPercentage=110, InstanceWarmup=1)
        first = self.told(group, refresh)
        self.assertEqual((first["Strategy"], first["InstancesToUpdate"]), ("Rolling", 3))
        again = error_of(group.calls.start_instance_refresh, **group.name)
        self.assertEqual(again[0], "InstanceRefreshInProgress")
        seen = self.watch(group, refresh)
        self.assertEqual({active for _, active in seen}, {3, 4})
        after = self.told(group, refresh)
        self.assertEqual((after["Status"], after["PercentageComplete"]), ("Successful", 100))
        self.assertEqual(after["InstancesToUpdate"], 0)
        self.assertIn("EndTime", after)
        self.assertEqual((len(group.ids()), before & set(group.ids())), (3, set()))

    def test_ends_first_where_some_may_be_missing(self) -> None:
        group = self.group(4, LaunchingTimeout=1)
        group.hook("LAUNCHING", 1, "CONTINUE", "swarmlet-launching")
        for instance in group.states():
            group.complete(instance, name="swarmlet-launching")
        wait_until(lambda: len(group.ids()) == 4, 3)
        seen = self.watch(group, self.start(group, MinHealthyPercentage=50))
        self.assertEqual({active for _, active in seen}, {4})
        self.assertEqual(min(serving for serving, _ in seen), 2)

    def test_waits_for_the_hooks_of_those_that_come_and_go(self) -> None:
        group = self.group(1, LaunchingTimeout=300, TerminatingTimeout=300)
        old = group.ids("Pending:Wait")[0]
        group.complete(old, name="swarmlet-launching")
        wait_until(lambda: group.ids() == [old], 3)
        refresh = self.start(group, MinHealthyPercentage=100, MaxHealthyPercentage=200)
        wait_until(lambda: len(group.ids("Pending:Wait")) == 1, 3)
        self.assertEqual(group.ids(), [old])
        new = group.ids("Pending:Wait")[0]
        group.complete(new, name="swarmlet-launching")
        wait_until(lambda: group.states() == {old: "Terminating:Wait", new: "InService"}, 3)
        self.assertEqual(self.told(group, refresh)["Status"], "InProgress")
        group.complete(old, name="swarmlet-terminating")
        wait_until(lambda: self.told(group, refresh)["Status"] == "Successful", 3)

    def test_cancelled_it_leaves_the_rest_and_goes_back_to_size(self) -> None:
        group = self.group(2)
        group.hook("LAUNCHING")
        old = set(group.ids())
        refresh = self.start(group, MinHealthyPercentage=100, MaxHealthyPercentage=150)
        wait_until(lambda: len(group.states()) == 3, 3)
        group.calls.cancel_instance_refresh(**group.name)
        self.assertEqual(self.told(group, refresh)["Status"], "Cancelled")
        self.assertEqual(len(group.states()), 2)
        self.assertTrue(old & set(group.states()))
        none = error_of(group.calls.cancel_instance_refresh, **group.name)
        self.assertEqual(none[0], "ActiveInstanceRefreshNotFound")

    def test_fails_when_no_new_one_comes_into_service(self) -> None:
        group = self.group(1)
        group.hook("LAUNCHING", 1, "ABANDON")
        old = group.ids()
        refresh = self.start(group, MinHealthyPercentage=100, MaxHealthyPercentage=200)
        self.watch(group, refresh)
        self.assertEqual(self.told(group, refresh)["Status"], "Failed")
        self.assertEqual(group.ids(), old)

    def test_leaves_those_alone_that_match_where_told_so(self) -> None:
        group = self.group(2)
        before = group.ids()
        refresh = self.start(group, SkipMatching=True)
        wait_until(lambda: self.told(group, refresh)["Status"] == "Successful", 3)
        self.assertEqual(group.ids(), before)

    def test_refuses_percentages_that_make_no_sense(self) -> None:
        group = self.group(1)
        wrong = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 200}
        self.assertEqual(
            error_of(group.calls.start_instance_refresh, **group.name, Preferences=wrong)[0], "ValidationError"
        )


if __name__ == "__main__":
    unittest.main()
