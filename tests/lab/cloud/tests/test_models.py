"""What is held against AWS's models, and what of it is told."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore.session

from cloud.models import __main__ as report
from cloud.models import check, values
from cloud.request import ApiRequest


def request(body: str, target: str = "", service: str = "ssm") -> ApiRequest:
    environ: dict[str, Any] = {
        "wsgi.input": io.BytesIO(body.encode()),
        "CONTENT_LENGTH": str(len(body.encode())),
        "REQUEST_METHOD": "POST",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/{service}/aws4_request",
    }
    return ApiRequest.read(environ | ({"HTTP_X_AMZ_TARGET": target} if target else {}))


def put(**parameters: Any) -> ApiRequest:
    return request(json.dumps(parameters), "AmazonSSM.PutParameter")


def form(service: str, action: str, **parameters: str) -> ApiRequest:
    named = {name.replace("__", "."): value for name, value in parameters.items()}
    return request(urlencode({"Action": action, "Version": "1", **named}), service=service)


class Requests(unittest.TestCase):
    def test_in_json(self) -> None:
        self.assertEqual(check.of_request(put(Name="/a", Value="b", Type="String", Tier="Standard")), [])
        self.assertEqual(check.of_request(put(Name="/a")), ["PutParameter has no Value"])
        self.assertEqual(
            check.of_request(put(Name="", Value="b", Kind="String")),
            ["no member takes .Kind", "PutParameter.Name is of length 0, at least 1"],
        )
        self.assertEqual(
            check.of_request(put(Name="/a", Value="b", Tier="Cheap", Overwrite="true")),
            ["PutParameter.Tier is none of the words of ParameterTier", "PutParameter.Overwrite is no boolean"],
        )

    def test_no_value_is_told(self) -> None:
        said = check.of_request(put(Name="/a", Value=["secret"], KeyId="secret key"))
        self.assertEqual(len(said), 2)
        self.assertNotIn("secret", str(said))

    def test_in_forms(self) -> None:
        complete = form(
            "autoscaling",
            "CompleteLifecycleAction",
            AutoScalingGroupName="g",
            LifecycleHookName="h",
            LifecycleActionResult="CONTINUE",
            InstanceId="i-0123456789abcdef0",
        )
        self.assertEqual(check.of_request(complete), [])
        groups = {"AutoScalingGroupNames__member__1": "g", "AutoScalingGroupNames__member__2": "h"}
        self.assertEqual(check.of_request(form("autoscaling", "DescribeAutoScalingGroups", **groups)), [])
        wrong = form("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames__1="g", MaxRecords="many")
        self.assertEqual(
            check.of_request(wrong),
            ["no member takes AutoScalingGroupNames.1", "DescribeAutoScalingGroups.MaxRecords is no integer"],
        )

    def test_in_ec2s_forms(self) -> None:
        listed = {"InstanceId__1": "i-1", "Filter__1__Name": "tag:a", "Filter__1__Value__1": "b"}
        self.assertEqual(check.of_request(form("ec2", "DescribeInstances", **listed)), [])
        wrong = form("ec2", "DescribeInstances", Filters__1__Name="tag:a")
        self.assertEqual(check.of_request(wrong), ["no member takes Filters.1.Name"])

    def test_by_the_categories_of_unicode(self) -> None:
        tagged = {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags__member__1__Key": "swarmlet:proof"}
        for value, fits in (("proof-1", True), ("Prüfung Ⅳ", True), ("a*b", False)):
            made = form("iam", "CreateRole", **tagged, Tags__member__1__Value=value)
            self.assertEqual(check.of_request(made) == [], fits, (value, check.of_request(made)))

    def test_all_patterns_of_what_is_checked_are_understood(self) -> None:
        session = botocore.session.get_session()
        for service in ("autoscaling", "cloudformation", "ec2", "ecr", "iam", "kms", "service-quotas", "ssm", "sts"):
            model = session.get_service_model(service)
            shapes = [model.shape_for(name) for name in model.shape_names]
            for shape in (s for s in shapes if s.type_name == "string" and s.metadata.get("pattern")):
                list(values.misfits(shape, "a", shape.name))

    def test_an_action_that_is_none(self) -> None:
        self.assertEqual(check.of_request(form("ec2", "Dance")), ["there is no action Dance of ec2"])
        refused = check.misfits(form("ec2", "Dance"), False, 400, "InvalidAction", b"")
        self.assertEqual(refused, [], "a person's request that was refused is meant")
        self.assertEqual(len(check.misfits(form("ec2", "Dance"), True, 400, "InvalidAction", b"") or []), 1)

    def test_what_no_model_has(self) -> None:
        registers = request("{}", "AmazonSSM.UpdateInstanceInformation")
        self.assertIsNone(check.misfits(registers, True, 200, None, b""))
        for service in ("s3", "fis", "unknown"):
            self.assertIsNone(check.misfits(request("", service=service), True, 200, None, b""))


class Answers(unittest.TestCase):
    def test_in_json(self) -> None:
        get = request('{"Name": "/a"}', "AmazonSSM.GetParameter")
        good = {"Parameter": {"Name": "/a", "Type": "String", "Value": "v", "Version": 1, "LastModifiedDate": 1.5}}
        self.assertEqual(check.of_answer(get, json.dumps(good).encode()), [])
        bad = {"Parameter": {"Name": "/a", "Type": "Text", "Version": "1", "Size": 3}}
        self.assertEqual(
            check.of_answer(get, json.dumps(bad).encode()),
            [
                "no member takes .Parameter.Size",
                "GetParameter answer.Parameter.Type is none of the words of ParameterType",
                "GetParameter answer.Parameter.Version is no long",
            ],
        )
        self.assertEqual(len(check.of_answer(get, b"<xml/>")), 1)

    def test_in_xml(self) -> None:
        describe = form("ec2", "DescribeInstances")
        item = "<item><instanceId>i-1</instanceId><amiLaunchIndex>{}</amiLaunchIndex>{}</item>"
        around = (
            '<DescribeInstancesResponse xmlns="x"><requestId>r</requestId><reservationSet><item><instancesSet>'
            "{}</instancesSet></item></reservationSet></DescribeInstancesResponse>"
        )
        self.assertEqual(check.of_answer(describe, around.format(item.format(0, "")).encode()), [])
        bad = around.format(item.format("first", "<colour>red</colour>")).encode()
        self.assertEqual(
            check.of_answer(describe, bad),
            [
                "no member takes .reservationSet.instancesSet.colour",
                "DescribeInstances answer.Reservations[0].Instances[0].AmiLaunchIndex is no integer",
            ],
        )

    def test_in_xml_with_a_wrapper(self) -> None:
        describe = form("autoscaling", "DescribeLifecycleHooks", AutoScalingGroupName="g")
        around = (
            "<DescribeLifecycleHooksResponse><DescribeLifecycleHooksResult><LifecycleHooks>{}</LifecycleHooks>"
            "</DescribeLifecycleHooksResult><ResponseMetadata/></DescribeLifecycleHooksResponse>"
        )
        hook = "<member><LifecycleHookName>{}</LifecycleHookName><HeartbeatTimeout>30</HeartbeatTimeout></member>"
        self.assertEqual(check.of_answer(describe, around.format(hook.format("drain")).encode()), [])
        self.assertEqual(check.of_answer(describe, around.format("").encode()), [])
        self.assertEqual(len(check.of_answer(describe, around.format(hook.format("no blanks")).encode())), 1)

    def test_of_errors(self) -> None:
        get = request('{"Name": "/a"}', "AmazonSSM.GetParameter")
        self.assertEqual(check.of_error(get, "ParameterNotFound"), [])
        self.assertEqual(check.of_error(get, "ThrottlingException"), [])
        self.assertEqual(check.of_error(get, "ParameterAlreadyExists"), ["GetParameter does not answer ParameterAlreadyExists"])


class Report(unittest.TestCase):
    def test_of_a_journal(self) -> None:
        entry = {"service": "ssm", "action": "GetParameter"}
        lines = [entry | {"misfits": said} for said in ([], None, ["a"], ["a"])]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as journal:
            journal.writelines(json.dumps(line) + "\n" for line in lines)
            journal.flush()
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                self.assertEqual(report.main(Path(journal.name)), 1)
        self.assertEqual(
            said.getvalue().splitlines(),
            [
                "ssm GetParameter: a (2 times)",
                "3 calls and their answers were held against AWS's models: 3 of ssm",
            ],
        )


if __name__ == "__main__":
    unittest.main()
