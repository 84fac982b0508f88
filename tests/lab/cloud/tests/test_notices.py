"""Notices: what metadata announces, what happens when the time comes, and that they can be taken back."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any

from .harness import Cloud, Group, Metadata, error_of, wait_until

cloud: Cloud
SPOT = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
EVENTS = "events/maintenance/scheduled"
TARGET = "autoscaling/target-lifecycle-state"
STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1)


def tearDownModule() -> None:
    cloud.stop()


class Notices(unittest.TestCase):
    def setUp(self) -> None:
        launched = cloud.client("ec2").run_instances(
            LaunchTemplate={"LaunchTemplateName": "demo-worker"}, MinCount=1, MaxCount=1
        )
        self.instance = launched["Instances"][0]["InstanceId"]
        self.metadata = Metadata(cloud, self.instance)
        self.addCleanup(self.metadata.connection.close)

    def give(self, kind: str, **more: Any) -> str:
        status, value = cloud.admin("POST", "/lab/notices", {"instance": self.instance, "kind": kind} | more)
        self.assertEqual(status, 200, value)
        return str(value["event"])

    def take_back(self, kind: str = "") -> None:
        path = f"/lab/notices/{self.instance}" + (f"/{kind}" if kind else "")
        self.assertEqual(cloud.admin("DELETE", path)[0], 200)

    def status(self, path: str) -> int:
        return self.metadata.get(f"meta-data/{path}")[0]

    def facts(self) -> dict[str, Any]:
        return cloud.machines(instance_id=self.instance)[0]

    def test_none_at_first(self) -> None:
        for path in (SPOT, "spot/termination-time", REBALANCE, EVENTS, TARGET):
            self.assertEqual(self.status(path), 404, path)

    def test_a_spot_interruption_is_told_and_taken_back(self) -> None:
        self.give("spot", seconds=120)
        said = json.loads(self.metadata.read(SPOT))
        self.assertEqual(said["action"], "terminate")
        self.assertRegex(said["time"], STAMP)
        self.assertEqual(self.metadata.read("spot/termination-time"), said["time"])
        self.take_back("rebalance")
        self.assertEqual(self.status(SPOT), 200)
        self.take_back("spot")
        self.assertEqual(self.status(SPOT), 404)

    def test_a_stop_has_no_termination_time(self) -> None:
        self.give("spot", seconds=120, action="stop")
        self.assertEqual(json.loads(self.metadata.read(SPOT))["action"], "stop")
        self.assertEqual(self.status("spot/termination-time"), 404)

    def test_it_happens_when_its_time_comes(self) -> None:
        for action, state in (("stop", "stopped"), ("terminate", "terminated")):
            cloud.client("ec2").start_instances(InstanceIds=[self.instance])
            self.give("spot", seconds=0.5, action=action)
            self.assertEqual(self.facts()["state"], "running")
            wait_until(lambda wanted=state: self.facts()["state"] == wanted, 3)
        left = cloud.admin("GET", "/lab/notices")[1]
        self.assertNotIn(self.instance, [notice["instance"] for notice in left])

    def test_but_not_if_it_is_only_told(self) -> None:
        self.give("spot", seconds=0, carry_out=False)
        time.sleep(1.2)
        self.assertEqual((self.facts()["state"], self.status(SPOT)), ("running", 200))

    def test_a_rebalance_recommendation(self) -> None:
        self.give("rebalance")
        self.assertRegex(json.loads(self.metadata.read(REBALANCE))["noticeTime"], STAMP)
        self.take_back()
        self.assertEqual(self.status(REBALANCE), 404)

    def test_maintenance_events_are_a_list(self) -> None:
        event = self.give("maintenance", seconds=600, code="system-reboot")
        self.give("maintenance", seconds=600, code="instance-retirement", description="old rack")
        first, second = json.loads(self.metadata.read(EVENTS))
        self.assertEqual((first["EventId"], first["Code"], first["State"]), (event, "system-reboot", "active"))
        self.assertRegex(first["NotBefore"], r"^\d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(set(first), {"NotBefore", "Code", "Description", "EventId", "NotAfter", "State"})
        self.assertEqual((second["Code"], second["Description"]), ("instance-retirement", "old rack"))
        self.give("maintenance", seconds=600, code="system-reboot", event=event, state="canceled")
        states = {e["EventId"]: e["State"] for e in json.loads(self.metadata.read(EVENTS))}
        self.assertEqual((len(states), states[event]), (2, "canceled"))

    def test_maintenance_happens_and_is_completed(self) -> None:
        boots = self.facts()["boots"]
        self.give("maintenance", seconds=0, code="instance-reboot")
        wait_until(lambda: self.facts()["boots"] == boots + 1, 3)
        self.assertEqual(json.loads(self.metadata.read(EVENTS))[0]["State"], "completed")

    def test_what_is_wrong_is_refused(self) -> None:
        for wrong in (
            {"kind": "rumour"},
            {"kind": "spot", "action": "sing"},
            {"kind": "maintenance", "code": "x"},
            {"kind": "target", "target": "Elsewhere"},
            {"kind": "spot", "soon": True},
            {"kind": "spot", "instance": "i-00000000000000000"},
        ):
            self.assertEqual(cloud.admin("POST", "/lab/notices", {"instance": self.instance} | wrong)[0], 400, wrong)


class Members(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(cloud, "demo")
        wait_until(lambda: len(self.group.ids()) == 1, 4)
        self.instance = self.group.ids()[0]
        self.metadata = Metadata(cloud, self.instance)
        self.addCleanup(self.metadata.connection.close)

    def test_a_warm_pools_target_shows_until_the_instance_leaves(self) -> None:
        notice = {"instance": self.instance, "kind": "target", "target": "Warmed:Stopped"}
        self.assertEqual(cloud.admin("POST", "/lab/notices", notice)[0], 200)
        self.assertEqual(self.metadata.read(TARGET), "Warmed:Stopped")
        self.group.hook("TERMINATING")
        self.addCleanup(self.group.unhook)
        self.group.calls.terminate_instance_in_auto_scaling_group(
            InstanceId=self.instance, ShouldDecrementDesiredCapacity=False
        )
        self.assertEqual(self.metadata.read(TARGET), "Terminated")

    def test_an_interrupted_one_waits_for_no_hook_and_is_replaced(self) -> None:
        self.group.hook("TERMINATING")
        self.addCleanup(self.group.unhook)
        cloud.admin("POST", "/lab/notices", {"instance": self.instance, "kind": "spot", "seconds": 0})
        wait_until(lambda: cloud.machines(instance_id=self.instance)[0]["state"] == "terminated", 3)
        wait_until(lambda: len(self.group.ids()) == 1 and self.group.ids() != [self.instance], 4)

    def test_tags_change_at_once_in_metadata_and_in_descriptions(self) -> None:
        made = cloud.cli(
            *("ec2", "create-tags", "--resources", self.instance),
            *("--tags", "Key=swarm:label:disk,Value=ssd", "Key=Name,Value=web"),
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        ec2 = cloud.client("ec2")

        def described() -> dict[str, str]:
            said = ec2.describe_instances(InstanceIds=[self.instance])["Reservations"][0]["Instances"][0]
            return {tag["Key"]: tag["Value"] for tag in said["Tags"]}

        self.assertEqual((described()["swarm:label:disk"], described()["Name"]), ("ssd", "web"))
        self.assertEqual(self.metadata.read("tags/instance/swarm:label:disk"), "ssd")
        ec2.create_tags(Resources=[self.instance], Tags=[{"Key": "swarm:label:disk", "Value": "hdd"}])
        self.assertEqual(self.metadata.read("tags/instance/swarm:label:disk"), "hdd")
        ec2.delete_tags(Resources=[self.instance], Tags=[{"Key": "swarm:label:disk"}])
        self.assertEqual(self.metadata.get("meta-data/tags/instance/swarm:label:disk")[0], 404)
        self.assertNotIn("swarm:label:disk", described())
        slash = {"Resources": [self.instance], "Tags": [{"Key": "swarm/label", "Value": "x"}]}
        self.assertEqual(error_of(ec2.create_tags, **slash)[0], "InvalidParameterValue")


if __name__ == "__main__":
    unittest.main()
