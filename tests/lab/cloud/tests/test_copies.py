"""Reads that are late, by a seed, and how many requests an account may make."""

from __future__ import annotations

import io
import time
import unittest
from collections.abc import Callable
from typing import Any

from cloud.copies import COPIES, INSTANCE, PARAMETER, ROLE, TAGS, Lateness, delay
from cloud.rates import Rates
from cloud.request import ApiRequest

from .harness import Cloud, Metadata, wait_until

NAME = "/swarmlet/late/ticket"
# One by which copies differ in what follows.
SEED = "3"


def late_copies(what: str, lateness: Lateness, seconds: float) -> int:
    """How many copies learn of something later than that."""
    return sum(delay(int(SEED), number, what, lateness) > seconds for number in range(COPIES))


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

    def launched(self, is_wanted: Callable[[str], bool]) -> str:
        """An instance that is as late as is wanted: its id decides."""
        run = {"LaunchTemplate": {"LaunchTemplateName": "late-worker"}, "MinCount": 1, "MaxCount": 1}
        for _ in range(200):
            instance = self.cloud.client("ec2").run_instances(**run)["Instances"][0]["InstanceId"]
            if is_wanted(instance):
                return str(instance)
        raise AssertionError("none of 200 instances is as late as that")

    def seen(self, instance: str) -> tuple[bool, bool]:
        """Whether an instance is in an answer, and whether its tags are."""
        wanted = [{"Name": "instance-id", "Values": [instance]}]
        told = self.as_manager("ec2").describe_instances(Filters=wanted)["Reservations"]
        said = [i for r in told for i in r["Instances"]]
        return bool(said), any(i.get("Tags") for i in said)

    def test_of_an_instance_come_after_a_while(self) -> None:
        ec2, instance = self.as_manager("ec2"), self.launched(lambda i: late_copies(i, INSTANCE, 1) >= 2)

        def is_refused() -> bool:
            try:
                ec2.describe_instances(InstanceIds=[instance])
            except ec2.exceptions.ClientError as error:
                return bool(error.response["Error"]["Code"] == "InvalidInstanceID.NotFound")
            return False

        wait_until(is_refused, 0.9)
        wait_until(lambda: self.seen(instance) == (False, False), 0.9)
        wait_until(lambda: all(self.seen(instance)[0] for _ in range(10)), INSTANCE.seconds + 2)

    def test_of_an_instances_tags_come_after_it(self) -> None:
        instance = self.launched(lambda i: late_copies(f"tags of {i}", TAGS, 3) >= 2)
        wait_until(lambda: self.seen(instance) == (True, False), 3)
        wait_until(lambda: all(self.seen(instance)[1] for _ in range(10)), TAGS.seconds + 2)

    def test_of_credentials_come_a_moment_after_the_launch(self) -> None:
        def late(instance: str) -> float:
            return delay(int(SEED), 0, f"role of {instance}", ROLE)

        for is_wanted, status in ((lambda i: late(i) > 1, 404), (lambda i: late(i) == 0, 200)):
            machine = Metadata(self.cloud, self.launched(is_wanted))
            self.addCleanup(machine.connection.close)
            path = "meta-data/iam/security-credentials/"
            self.assertEqual(machine.get(path)[0], status)
            wait_until(lambda machine=machine: machine.get(path)[0] == 200, ROLE.seconds + 1)


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
        cloud = Cloud("--seed", SEED)
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
