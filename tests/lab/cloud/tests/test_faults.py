"""Faults: each effect in each service's own words, on exactly the requests it was made for."""

from __future__ import annotations

import json
import threading
import time
import unittest
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from .harness import BAKED, Cloud, Metadata, error_of, wait_until

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    for name in ("red", "blue"):
        cloud.make_cluster(name, ManagerCount=1, WorkerCount=1)
        for path in (f"/swarmlet/{name}/ticket", f"/swarmlet/{name}/epochs/0000000001/claim"):
            cloud.client("ssm").put_parameter(Name=path, Type="String", Value="x")


def tearDownModule() -> None:
    cloud.stop()


def read_of(cluster: str, name: str = "ticket") -> dict[str, str]:
    return {"Name": f"/swarmlet/{cluster}/{name}"}


class FaultCase(unittest.TestCase):
    def setUp(self) -> None:
        self.ssm = cloud.client("ssm")

    def fault(self, **fault: Any) -> str:
        made = cloud.fault(**fault)
        self.addCleanup(cloud.admin, "DELETE", f"/lab/faults/{made}")
        return made

    def metadata(self, cluster: str, role: str = "manager") -> Metadata:
        machine = cloud.machines(swarm__cluster=cluster, swarm__role=role)[0]
        metadata = Metadata(cloud, machine["instance_id"])
        self.addCleanup(metadata.connection.close)
        return metadata


class Metadatas(FaultCase):
    """Odd answers of instance metadata."""

    PATH = "dynamic/instance-identity/document"

    def test_one_path_is_answered_with_another_text_or_with_other_members(self) -> None:
        metadata, other = self.metadata("red"), self.metadata("blue")
        real = metadata.get(self.PATH)
        made = cloud.fault(service="imds", effect="answer", cluster="red", target=f"/latest/{self.PATH}", body="<html>")
        self.assertEqual(metadata.get(self.PATH), (200, "<html>"))
        self.assertEqual(metadata.get("meta-data/placement/region")[1], "us-east-1")
        self.assertEqual(json.loads(other.get(self.PATH)[1])["region"], "us-east-1")
        cloud.admin("DELETE", f"/lab/faults/{made}")
        self.fault(service="imds", effect="answer", target="*/document", merge={"privateIp": None})
        self.assertEqual(json.loads(metadata.get(self.PATH)[1]), json.loads(real[1]) | {"privateIp": None})

    def test_what_is_not_there_is_answered_only_with_a_text(self) -> None:
        metadata = self.metadata("red")
        self.fault(service="imds", effect="answer", target="*/meta-data/nothing", merge={"a": 1})
        self.assertEqual(metadata.get("meta-data/nothing")[0], 404)
        self.fault(service="imds", effect="answer", target="*/meta-data/nothing", body="something")
        self.assertEqual(metadata.get("meta-data/nothing"), (200, "something"))

    def test_an_answer_is_a_text_or_members_and_of_metadata(self) -> None:
        for wrong in ({}, {"body": "a", "merge": {}}, {"body": 1}, {"body": "a", "service": "ssm"}):
            posted = {"service": "imds", "effect": "answer"} | wrong
            self.assertEqual(cloud.admin("POST", "/lab/faults", posted)[0], 400, wrong)


class Effects(FaultCase):
    def test_throttle_and_deny_and_error_speak_each_services_words(self) -> None:
        expected = {
            ("ssm", "describe_parameters"): {
                "throttle": ("ThrottlingException", 400),
                "deny": ("AccessDeniedException", 400),
                "error": ("InternalServerError", 500),
            },
            ("ec2", "describe_instances"): {
                "throttle": ("RequestLimitExceeded", 503),
                "deny": ("UnauthorizedOperation", 403),
                "error": ("InternalError", 500),
            },
            ("autoscaling", "describe_auto_scaling_groups"): {
                "throttle": ("Throttling", 400),
                "deny": ("AccessDenied", 403),
                "error": ("InternalFailure", 500),
            },
        }
        for (service, call), effects in expected.items():
            for effect, answer in effects.items():
                made = cloud.fault(service=service, effect=effect)
                code, message, status = error_of(getattr(cloud.client(service), call))
                cloud.admin("DELETE", f"/lab/faults/{made}")
                self.assertEqual((code, status), answer, (service, effect))
                if effect == "throttle":
                    self.assertIn("limit exceeded" if service == "ec2" else "Rate exceeded", message)
                if effect == "deny":
                    self.assertIn(f"is not authorized to perform: {service}:Describe", message)

    def test_delay_answers_late_but_well(self) -> None:
        self.fault(service="ssm", effect="delay", delay_ms=400)
        before = time.monotonic()
        self.assertEqual(self.ssm.get_parameter(**read_of("red"))["Parameter"]["Value"], "x")
        self.assertGreaterEqual(time.monotonic() - before, 0.4)

    def test_late_is_the_answer_and_not_what_is_done(self) -> None:
        self.fault(service="ssm", action="PutParameter", effect="late", delay_ms=1500)
        put = cloud.client("ssm").put_parameter
        begun = time.monotonic()
        asking = threading.Thread(target=put, kwargs={"Name": "/late", "Value": "1", "Type": "String"})
        asking.start()
        wait_until(lambda: bool(cloud.client("ssm").get_parameters(Names=["/late"])["Parameters"]), 1)
        self.assertTrue(asking.is_alive())
        asking.join()
        self.assertGreaterEqual(time.monotonic() - begun, 1.5)

    def test_delay_does_not_hold_up_others(self) -> None:
        self.fault(service="ssm", action="GetParameter", cluster="red", effect="delay", delay_ms=3000)
        slow = self.metadata("red")
        self.assertEqual(slow.get("meta-data/instance-id")[0], 200)
        before = time.monotonic()
        self.ssm.get_parameter(**read_of("blue"))
        self.assertLess(time.monotonic() - before, 1)

    def test_drop_gives_no_answer(self) -> None:
        self.fault(service="ssm", action="DescribeParameters", effect="drop")
        with self.assertRaises(ReadTimeoutError):
            self.ssm.describe_parameters()

    def test_skew_is_seen_in_the_date_and_refused_from_five_minutes_on(self) -> None:
        made = self.fault(service="ssm", effect="skew", skew_seconds=60)
        answer = self.ssm.get_parameter(**read_of("red"))
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        self.assertAlmostEqual((date - datetime.now(UTC)).total_seconds(), 60, delta=5)
        cloud.admin("DELETE", f"/lab/faults/{made}")
        for skew, word in ((600, "Signature expired"), (-600, "Signature not yet current")):
            made = self.fault(service="ssm", effect="skew", skew_seconds=skew)
            code, message, _ = error_of(self.ssm.get_parameter, **read_of("red"))
            cloud.admin("DELETE", f"/lab/faults/{made}")
            self.assertEqual(code, "InvalidSignatureException")
            self.assertIn(word, message)

    def test_ec2_does_not_say_that_it_is_the_clock(self) -> None:
        for skew in (600, -600):
            made = cloud.fault(service="ec2", effect="skew", skew_seconds=skew)
            code, message, status = error_of(cloud.client("ec2").describe_instances)
            cloud.admin("DELETE", f"/lab/faults/{made}")
            self.assertEqual((code, status), ("AuthFailure", 401))
            self.assertEqual(message, "AWS was not able to validate the provided access credentials")

    def test_a_denial_is_by_the_policy_that_is_named(self) -> None:
        why = "with an explicit deny in a service control policy"
        self.fault(service="ssm", effect="deny", reason=why)
        message = error_of(self.ssm.get_parameter, **read_of("red"))[1]
        self.assertTrue(message.endswith(f"parameter/swarmlet/red/ticket {why}"), message)

    def test_a_rate_lets_so_many_through_and_refuses_the_rest(self) -> None:
        self.fault(service="ssm", effect="throttle", per_second=5)
        asked = time.monotonic()
        codes = [self.code() for _ in range(20)]
        most = 5 + 5 * (time.monotonic() - asked) + 1
        self.assertEqual(set(codes), {"", "ThrottlingException"})
        self.assertGreaterEqual(codes.count(""), 5)
        self.assertLessEqual(codes.count(""), most)
        time.sleep(0.5)
        self.assertEqual(self.code(), "")

    def code(self) -> str:
        """How a read is refused, if it is."""
        try:
            self.ssm.get_parameter(**read_of("red"))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def test_a_list_comes_in_pages_of_any_size(self) -> None:
        self.fault(service="*", effect="pages", per_page=1)
        answer = self.ssm.get_parameters_by_path(Path="/swarmlet/red", Recursive=True, MaxResults=10)
        self.assertEqual(len(answer["Parameters"]), 1)
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(Path="/swarmlet/red", Recursive=True)
        self.assertEqual(sum(len(page["Parameters"]) for page in pages), 2)
        scaling = cloud.client("autoscaling")
        self.assertEqual(len(scaling.describe_auto_scaling_groups()["AutoScalingGroups"]), 1)
        pages = scaling.get_paginator("describe_auto_scaling_groups").paginate()
        self.assertEqual(sum(len(page["AutoScalingGroups"]) for page in pages), 4)
        answer = cloud.client("ec2").describe_instances(MaxResults=1000)
        self.assertEqual(len(answer["Reservations"]), 1)
        self.assertTrue(answer["NextToken"])

    def launch(self, zone: str) -> str:
        """An instance in a zone."""
        launched = cloud.client("ec2").run_instances(
            ImageId=BAKED, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": zone}
        )
        instance = str(launched["Instances"][0]["InstanceId"])
        self.addCleanup(cloud.client("ec2").terminate_instances, InstanceIds=[instance])
        return instance

    def test_a_zone_fails_with_the_calls_that_have_to_look_into_it(self) -> None:
        ec2 = cloud.client("ec2")
        lost, other = "us-east-1b", "us-east-1c"
        gone, here = (self.launch(zone) for zone in (lost, other))
        self.fault(service="ec2", effect="error", zone=lost)
        everyone = [{"Name": "instance-id", "Values": [here]}]
        for arguments in ({}, {"Filters": everyone}, {"InstanceIds": [gone]}, {"InstanceIds": [here, gone]}):
            self.assertEqual(error_of(ec2.describe_instances, **arguments)[0], "InternalError", arguments)
        self.assertTrue(ec2.describe_instances(InstanceIds=[here])["Reservations"])
        ec2.describe_tags()

    def test_a_denied_write_has_no_effect(self) -> None:
        self.fault(service="ssm", action="PutParameter", effect="deny")
        put = {"Name": "/swarmlet/red/epochs/0000000002/claim", "Type": "String", "Value": "x"}
        self.assertEqual(error_of(self.ssm.put_parameter, **put)[0], "AccessDeniedException")
        self.assertEqual(error_of(self.ssm.get_parameter, Name=put["Name"])[0], "ParameterNotFound")


class Selection(FaultCase):
    def test_by_action(self) -> None:
        self.fault(service="ssm", action="PutParameter", effect="throttle")
        self.ssm.get_parameter(**read_of("red"))

    def test_by_target(self) -> None:
        self.fault(service="ssm", target="*/claim", effect="throttle")
        self.ssm.get_parameter(**read_of("red"))
        code = error_of(self.ssm.get_parameter, **read_of("red", "epochs/0000000001/claim"))[0]
        self.assertEqual(code, "ThrottlingException")

    def test_by_the_cluster_that_a_name_tells(self) -> None:
        self.fault(service="*", cluster="red", effect="throttle")
        self.assertEqual(error_of(self.ssm.get_parameter, **read_of("red"))[0], "ThrottlingException")
        self.ssm.get_parameter(**read_of("blue"))
        groups = cloud.client("autoscaling")
        size = {"AutoScalingGroupName": "red-worker", "DesiredCapacity": 1}
        self.assertEqual(error_of(groups.set_desired_capacity, **size)[0], "Throttling")
        groups.set_desired_capacity(**size | {"AutoScalingGroupName": "blue-worker"})

    def test_by_the_cluster_of_the_machine_that_asks(self) -> None:
        self.fault(service="imds", cluster="red", effect="error")
        self.assertEqual(self.metadata("red").request("GET", "/latest/meta-data/")[0], 500)
        self.assertEqual(self.metadata("blue").get("meta-data/")[0], 200)

    def test_by_instance(self) -> None:
        worker = cloud.machines(swarm__cluster="red", swarm__role="worker")[0]["instance_id"]
        self.fault(service="imds", instance=worker, effect="deny")
        self.assertEqual(self.metadata("red", "worker").request("GET", "/latest/meta-data/")[0], 403)
        self.assertEqual(self.metadata("red").get("meta-data/")[0], 200)

    def test_by_imds_verb(self) -> None:
        metadata = self.metadata("red")
        token = metadata.token()
        self.fault(service="imds", action="PUT", effect="throttle")
        self.assertEqual(metadata.get("meta-data/instance-id", token)[0], 200)
        got = metadata.request("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds="60")
        self.assertEqual(got[0], 503)


class Time(FaultCase):
    def test_a_fault_ends_by_itself(self) -> None:
        self.fault(service="ssm", effect="throttle", seconds=0.5)
        self.assertEqual(error_of(self.ssm.describe_parameters)[0], "ThrottlingException")
        time.sleep(0.6)
        self.ssm.describe_parameters()
        self.assertEqual(cloud.admin("GET", "/lab/faults")[1], [])

    def test_a_fault_ends_on_request(self) -> None:
        made = cloud.fault(service="ssm", effect="throttle")
        self.assertEqual([f["id"] for f in cloud.admin("GET", "/lab/faults")[1]], [made])
        self.assertEqual(cloud.admin("DELETE", f"/lab/faults/{made}")[0], 200)
        self.ssm.describe_parameters()
        self.assertEqual(cloud.admin("DELETE", f"/lab/faults/{made}")[0], 404)

    def test_a_young_machine_is_struck_and_an_older_one_is_not(self) -> None:
        self.fault(service="imds", cluster="red", effect="error", since_launch_seconds=2)
        template = {"LaunchTemplateName": "red-worker"}
        launched = cloud.client("ec2").run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)
        young = Metadata(cloud, launched["Instances"][0]["InstanceId"])
        self.addCleanup(young.connection.close)
        self.assertEqual(young.request("GET", "/latest/meta-data/")[0], 500)
        time.sleep(2.1)
        self.assertEqual(young.get("meta-data/")[0], 200)


class WrongPosts(FaultCase):
    def test_are_refused_with_a_reason(self) -> None:
        wrong = [
            {"service": "ssm", "effect": "explode"},
            {"effect": "throttle"},
            {"service": "ssm", "effect": "delay"},
            {"service": "imds", "effect": "late", "delay_ms": 5},
            {"service": "ssm", "effect": "throttle", "clutser": "red"},
            {"service": "ssm", "effect": "throttle", "seconds": "30"},
            {"service": "ssm", "effect": "deny", "per_second": 3},
            {"service": "ssm", "effect": "throttle", "reason": "why"},
            {"service": "ssm", "effect": "error", "zone": "us-east-1a"},
            {"service": "ssm", "effect": "pages"},
        ]
        for fault in wrong:
            status, value = cloud.admin("POST", "/lab/faults", fault)
            self.assertEqual(status, 400)
            self.assertIn("cannot add the fault", value["error"])
        self.assertEqual(cloud.admin("GET", "/lab/faults")[1], [])

    def test_every_field_of_the_contract_may_be_null(self) -> None:
        nothing = dict.fromkeys(("action", "cluster", "instance", "delay_ms", "seconds", "since_launch_seconds"))
        self.fault(service="ssm", effect="throttle", **nothing)
        self.assertEqual(error_of(self.ssm.describe_parameters)[0], "ThrottlingException")


if __name__ == "__main__":
    unittest.main()
