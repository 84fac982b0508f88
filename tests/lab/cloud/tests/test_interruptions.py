"""Spot interruptions by the Fault Injection Service: told to the instance as any other, and refused for others than spot."""

from __future__ import annotations

import json
import unittest
from typing import Any

from .harness import Cloud, Group, Metadata, error_of

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("mixed", ManagerCount=1, WorkerCount=2, OnDemandPercentage=0, OnDemandBase=1)


def tearDownModule() -> None:
    cloud.stop()


def workers(kind: str | None) -> list[str]:
    """The workers' instances that are of this life cycle, as EC2 calls it."""
    found = cloud.client("ec2").describe_instances(InstanceIds=Group(cloud, "mixed").ids())["Reservations"]
    return [i["InstanceId"] for r in found for i in r["Instances"] if i.get("InstanceLifecycle") == kind]


def template(instance: str, duration: str = "PT2M", action: str = "aws:ec2:send-spot-instance-interruptions") -> str:
    arn = f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"
    target = {"resourceType": "aws:ec2:spot-instance", "resourceArns": [arn], "selectionMode": "ALL"}
    parameters = {"durationBeforeInterruption": duration}
    said = cloud.client("fis").create_experiment_template(
        clientToken=f"{instance}-{duration}-{action}",
        description="an interruption",
        stopConditions=[{"source": "none"}],
        targets={"worker": target},
        actions={"a": {"actionId": action, "parameters": parameters, "targets": {"SpotInstances": "worker"}}},
        roleArn="arn:aws:iam::123456789012:role/fis",
    )
    return str(said["experimentTemplate"]["id"])


class Interruptions(unittest.TestCase):
    def notices(self, instance: str) -> dict[str, Any]:
        return {n["kind"]: n for n in cloud.admin("GET", "/lab/notices")[1] if n["instance"] == instance}

    def test_a_spot_instance_is_told_by_its_metadata(self) -> None:
        [instance] = workers("spot")
        fis = cloud.client("fis")
        started = fis.start_experiment(experimentTemplateId=template(instance), clientToken="one")["experiment"]
        self.assertIn(fis.get_experiment(id=started["id"])["experiment"]["state"]["status"], ("initiating", "running"))
        metadata = Metadata(cloud, instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(json.loads(metadata.read("spot/instance-action"))["action"], "terminate")
        self.assertIn("noticeTime", metadata.read("events/recommendations/rebalance"))
        given = self.notices(instance)["spot"]
        self.assertAlmostEqual(given["due"] - given["given"], 120, delta=1)

    def test_another_action_does_nothing(self) -> None:
        [instance] = workers(None)
        other = template(instance, action="aws:ec2:stop-instances")
        cloud.client("fis").start_experiment(experimentTemplateId=other, clientToken="two")
        self.assertEqual(self.notices(instance), {})

    def test_what_is_no_spot_instance_or_no_duration_is_refused(self) -> None:
        [instance] = workers(None)
        [spot] = workers("spot")
        start = cloud.client("fis").start_experiment
        for wrong in (template(instance), template(spot, "two minutes")):
            self.assertEqual(error_of(start, experimentTemplateId=wrong, clientToken=wrong)[2], 500)
        self.assertEqual(self.notices(instance), {})

    def test_a_template_that_is_not_there(self) -> None:
        start = cloud.client("fis").start_experiment
        self.assertEqual(error_of(start, experimentTemplateId="EXT0", clientToken="t")[0], "ResourceNotFoundException")


if __name__ == "__main__":
    unittest.main()
