"""Reads that are late, by a seed, and how many requests an account may make."""

from __future__ import annotations

import io
import time
import unittest
from typing import Any

from cloud.copies import COPIES, PARAMETER, ROLE, TAGS, delay
from cloud.rates import Rates
from cloud.request import ApiRequest

from .harness import Cloud, Metadata, wait_until

NAME = "/swarmlet/late/ticket"
# One by which copies differ in what follows.
SEED = "3"


class Delays(unittest.TestCase):
    def test_are_drawn_from_the_seed_and_stay_within_their_limit(self) -> None:
        every = [delay(1, number, f"a {write}", PARAMETER) for number in range(COPIES) for write in range(1000)]
        self.assertEqual(every[:9], [delay(1, 0, f"a {write}", PARAMETER) for write in range(9)])
        self.assertNotEqual(every[:9], [delay(2, 0, f"a {write}", PARAMETER) for write in range(9)])
        late = [each for each in every if each > 0]
        self.assertAlmostEqual(len(late) / len(every), PARAMETER.share, delta=0.05)
        self.assertTrue(0.9 < max(late) < PARAMETER.seconds)


class Reads(unittest.TestCase):
    cloud: Cloud

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = Cloud("--seed", SEED)
        cls.addClassCleanup(cls.cloud.stop)
        cls.cloud.make_cluster("late", ManagerCount=1, WorkerCount=1)

    def setUp(self) -> None:
        self.machine = self.cloud.machines(group="late-manager", state="running")[0]
        metadata = Metadata(self.cloud, self.machine["instance_id"])
        self.addCleanup(metadata.connection.close)
        wait_until(lambda: metadata.get("meta-data/iam/info")[0] == 200, ROLE.seconds)
        self.credentials = metadata.credentials()

    def as_manager(self, service: str) -> Any:
        """A client of the manager's, on its own machine."""
        return self.cloud.client(service, **self.credentials)

    def test_of_a_parameter_miss_a_write_for_a_second(self) -> None:
        ssm, person = self.as_manager("ssm"), self.cloud.client("ssm")
        seen: list[int] = []
        for version in range(1, 6):
            value = {"Value": str(version), "Type": "SecureString", "KeyId": "alias/swarmlet-late"}
            ssm.put_parameter(Name=NAME, Overwrite=True, **value)
            written = time.monotonic()
            self.assertEqual(person.get_parameter(Name=NAME)["Parameter"]["Version"], version)
            while time.monotonic() < written + PARAMETER.seconds:
                try:
                    seen.append(version - ssm.get_parameter(Name=NAME)["Parameter"]["Version"])
                except ssm.exceptions.ParameterNotFound:
                    seen.append(version)
                time.sleep(0.05)
            self.assertEqual(ssm.get_parameter(Name=NAME)["Parameter"]["Version"], version)
        self.assertTrue(any(seen), "no read was late")
        self.assertFalse(all(seen), "all reads were late")

    def test_of_an_instance_come_before_its_tags_and_after_a_while(self) -> None:
        ec2 = self.as_manager("ec2")
        found: set[tuple[bool, bool]] = set()
        wanted = [{"Name": "instance-state-name", "Values": ["running"]}]
        for count in range(2, 5):
            self.cloud.client("autoscaling").set_desired_capacity(AutoScalingGroupName="late-worker", DesiredCapacity=count)
            ids = {m["instance_id"] for m in self.cloud.machines(group="late-worker", state="running")}
            end = time.monotonic() + 2
            while time.monotonic() < end:
                said = [i for r in ec2.describe_instances(Filters=wanted)["Reservations"] for i in r["Instances"]]
                known = {i["InstanceId"] for i in said}
                tagged = {i["InstanceId"] for i in said if i.get("Tags")}
                found |= {(each in known, each in tagged) for each in ids}
                time.sleep(0.2)
        self.assertEqual(found, {(False, False), (True, False), (True, True)})

        def all_are_known() -> bool:
            answers = [ec2.describe_instances(Filters=wanted)["Reservations"] for _ in range(3)]
            return all(i.get("Tags") for said in answers for r in said for i in r["Instances"])

        wait_until(all_are_known, TAGS.seconds + 3)

    def test_of_an_instance_that_is_not_known_yet_fail_by_its_id(self) -> None:
        ec2 = self.as_manager("ec2")
        codes = set()
        for _ in range(6):
            launched = self.cloud.client("ec2").run_instances(
                LaunchTemplate={"LaunchTemplateName": "late-worker"}, MinCount=1, MaxCount=1
            )
            instance = launched["Instances"][0]["InstanceId"]
            for _ in range(4):
                try:
                    ec2.describe_instances(InstanceIds=[instance])
                except ec2.exceptions.ClientError as error:
                    codes.add(error.response["Error"]["Code"])
        self.assertEqual(codes, {"InvalidInstanceID.NotFound"})


    def test_of_credentials_come_a_moment_after_the_launch(self) -> None:
        wanted = {"LaunchTemplate": {"LaunchTemplateName": "late-worker"}, "MinCount": 10, "MaxCount": 10}
        launched = self.cloud.client("ec2").run_instances(**wanted)["Instances"]
        machines = [Metadata(self.cloud, instance["InstanceId"]) for instance in launched]
        for machine in machines:
            self.addCleanup(machine.connection.close)
        path = "meta-data/iam/security-credentials/"
        self.assertEqual({machine.get(path)[0] for machine in machines}, {200, 404})
        wait_until(lambda: all(machine.get(path)[0] == 200 for machine in machines), ROLE.seconds + 1)


class Rate(unittest.TestCase):
    def test_of_each_action_of_ec2_and_of_parameter_store_as_a_whole(self) -> None:
        def asked(service: str, action: str) -> ApiRequest:
            environ: dict[str, Any] = {"wsgi.input": io.BytesIO(b""), "REQUEST_METHOD": "POST"}
            request = ApiRequest.read(environ)
            request.service, request.action = service, action
            return request

        def granted(rates: Rates, *asked: ApiRequest) -> int:
            return sum(rates.allow(request) for request in asked)

        rates = Rates()
        self.assertEqual(granted(rates, *130 * [asked("ec2", "DescribeInstances")]), 100)
        self.assertEqual(granted(rates, *130 * [asked("ec2", "DescribeTags")]), 100)
        self.assertEqual(granted(rates, *130 * [asked("ec2", "RunInstances")]), 130)
        both = [asked("ssm", "GetParameter"), asked("ssm", "PutParameter")]
        self.assertEqual(granted(rates, *30 * both), 40)

    def test_is_refused_in_the_services_words(self) -> None:
        cloud = Cloud()
        self.addCleanup(cloud.stop)
        ssm = cloud.client("ssm")
        refused = None
        end = time.monotonic() + 20
        while refused is None and time.monotonic() < end:
            try:
                ssm.get_parameters(Names=["/a"])
            except ssm.exceptions.ClientError as error:
                refused = error.response["Error"]["Code"]
        self.assertEqual(refused, "ThrottlingException")


if __name__ == "__main__":
    unittest.main()
