"""What the cluster template's roles may do, with credentials as a machine gets them."""

from __future__ import annotations

import json
import unittest
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .harness import Cloud, Metadata, error_of

TICKET = "/swarmlet/demo/ticket"
CLAIM = "/swarmlet/demo/epochs/0000000001/claim"
cloud: Cloud
credentials: dict[str, dict[str, str]] = {}
instances: dict[str, str] = {}


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1)
    for role in ("manager", "worker"):
        instances[role] = cloud.machines(swarm__role=role)[0]["instance_id"]
        metadata = Metadata(cloud, instances[role])
        credentials[role] = metadata.credentials()
        metadata.connection.close()
    ssm = cloud.client("ssm")
    key = "alias/swarmlet-demo"
    ssm.put_parameter(Name=TICKET, Type="SecureString", KeyId=key, Value="the ticket")
    ssm.put_parameter(Name="/swarmlet/demo/unlock-key", Type="SecureString", KeyId=key, Value="unlock")
    ssm.put_parameter(Name=CLAIM, Type="String", Value="claimed")
    ssm.put_parameter(Name="/swarmlet/other/ticket", Type="SecureString", Value="another cluster's")


def tearDownModule() -> None:
    cloud.stop()


class Worker(unittest.TestCase):
    def setUp(self) -> None:
        self.ssm = cloud.client("ssm", **credentials["worker"])

    def assert_denied(self, call: object, action: str, **arguments: object) -> None:
        code, message, status = error_of(call, **arguments)  # type: ignore[arg-type]
        self.assertEqual((code, status), ("AccessDeniedException", 400))
        self.assertIn(f"is not authorized to perform: {action} on resource: arn:aws:", message)

    def test_reads_the_ticket(self) -> None:
        got = self.ssm.get_parameter(Name=TICKET, WithDecryption=True)
        self.assertEqual(got["Parameter"]["Value"], "the ticket")

    def test_is_told_in_the_words_of_aws(self) -> None:
        _, message, _ = error_of(self.ssm.get_parameter, Name=CLAIM)
        role = message.split("assumed-role/")[1].split("/")[0]
        self.assertTrue(role.startswith("demo-WorkerRole-"))
        self.assertEqual(
            message,
            f"User: arn:aws:sts::123456789012:assumed-role/{role}/{instances['worker']} is not authorized to perform: "
            f"ssm:GetParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter{CLAIM} "
            "because no identity-based policy allows the ssm:GetParameter action",
        )

    def test_reads_nothing_else(self) -> None:
        get = self.ssm.get_parameter
        for name in (CLAIM, "/swarmlet/demo/unlock-key", "/swarmlet/other/ticket", "/swarmlet/demo/absent"):
            self.assert_denied(get, "ssm:GetParameter", Name=name, WithDecryption=True)
        self.assert_denied(self.ssm.get_parameters, "ssm:GetParameters", Names=[TICKET])
        by_path = self.ssm.get_parameters_by_path
        self.assert_denied(by_path, "ssm:GetParametersByPath", Path="/swarmlet/demo", Recursive=True)

    def test_writes_nothing(self) -> None:
        put = {"Name": TICKET, "Type": "String", "Value": "forged", "Overwrite": True}
        self.assert_denied(self.ssm.put_parameter, "ssm:PutParameter", **put)
        self.assert_denied(self.ssm.delete_parameter, "ssm:DeleteParameter", Name=TICKET)

    def test_uses_the_key_only_through_parameter_store(self) -> None:
        kms = cloud.client("kms", **credentials["worker"])
        blob = cloud.client("kms").encrypt(KeyId="alias/swarmlet-demo", Plaintext=b"x")["CiphertextBlob"]
        self.assert_denied(kms.decrypt, "kms:Decrypt", CiphertextBlob=blob)

    def test_describes_neither_instances_nor_tags_that_metadata_shows(self) -> None:
        ec2 = cloud.client("ec2", **credentials["worker"])
        for call, action in ((ec2.describe_instances, "DescribeInstances"), (ec2.describe_tags, "DescribeTags")):
            code, message, status = error_of(call)
            self.assertEqual((code, status), ("UnauthorizedOperation", 403))
            self.assertIn(f"is not authorized to perform: ec2:{action} because", message)

    def test_describes_tags_where_metadata_shows_none(self) -> None:
        cloud.make_cluster("hidden", ManagerCount=1, WorkerCount=1, InstanceMetadataTags="disabled")
        worker = cloud.machines(group="hidden-worker")[0]["instance_id"]
        metadata = Metadata(cloud, worker)
        ec2 = cloud.client("ec2", **metadata.credentials())
        metadata.connection.close()
        filters = [{"Name": "resource-id", "Values": [worker]}]
        tags = {t["Key"]: t["Value"] for t in ec2.describe_tags(Filters=filters)["Tags"]}
        self.assertEqual(tags["swarm:role"], "worker")
        self.assertEqual(error_of(ec2.describe_instances)[0], "UnauthorizedOperation")

    def test_may_ask_who_it_is(self) -> None:
        arn = cloud.client("sts", **credentials["worker"]).get_caller_identity()["Arn"]
        self.assertTrue(arn.endswith(f"/{instances['worker']}"), arn)


class Manager(unittest.TestCase):
    def setUp(self) -> None:
        self.ssm = cloud.client("ssm", **credentials["manager"])

    def test_writes_and_reads_the_clusters_parameters(self) -> None:
        name = "/swarmlet/demo/epochs/0000000001/outcome"
        self.ssm.put_parameter(Name=name, Type="String", Value="formed", Overwrite=False)
        names = [name, CLAIM, "/swarmlet/demo/absent"]
        got = self.ssm.get_parameters(Names=names)
        self.assertEqual(len(got["Parameters"]), 2)
        self.assertEqual(got["InvalidParameters"], ["/swarmlet/demo/absent"])

    def test_renews_the_ticket_under_the_clusters_key(self) -> None:
        put = {"Name": TICKET, "Type": "SecureString", "Value": "the ticket", "Overwrite": True}
        self.ssm.put_parameter(**put, KeyId="alias/swarmlet-demo")

    def test_overwrites_no_register(self) -> None:
        put = {"Name": CLAIM, "Type": "String", "Value": "another's"}
        code, message, _ = error_of(self.ssm.put_parameter, **put, Overwrite=True)
        self.assertEqual(code, "AccessDeniedException")
        self.assertIn(f"parameter{CLAIM} with an explicit deny in an identity-based policy", message)
        # Not the policy's word: Parameter Store's, who has it first.
        for overwrite in ({}, {"Overwrite": False}):
            self.assertEqual(error_of(self.ssm.put_parameter, **put, **overwrite)[0], "ParameterAlreadyExists")
        self.assertEqual(self.ssm.get_parameter(Name=CLAIM)["Parameter"]["Value"], "claimed")
        new = CLAIM.replace("0000000001", "0000000002")
        self.assertEqual(error_of(self.ssm.put_parameter, **put | {"Name": new}, Overwrite=True)[0], "AccessDeniedException")

    def test_writes_its_word_on_its_node_again_and_again(self) -> None:
        for node in ("one", "another"):
            name = f"/swarmlet/demo/nodes/{instances['manager']}"
            self.ssm.put_parameter(Name=name, Type="String", Value=node, Overwrite=True)

    def test_writes_what_is_the_clusters_own_record_and_nothing_else(self) -> None:
        for name in ("stacks/shop", "registries/ghcr.io", "more", "ticket/more", "unlock-keys"):
            for overwrite in (True, False):
                put = {"Name": f"/swarmlet/demo/{name}", "Type": "String", "Value": "x", "Overwrite": overwrite}
                code, message, _ = error_of(self.ssm.put_parameter, **put)
                self.assertEqual(code, "AccessDeniedException", name)
                self.assertIn("because no identity-based policy allows the ssm:PutParameter action", message)

    def test_is_denied_another_key(self) -> None:
        key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        put = {"Name": "/swarmlet/demo/unlock-key", "Type": "SecureString", "Value": "x", "KeyId": key, "Overwrite": True}
        code, message, _ = error_of(self.ssm.put_parameter, **put)
        self.assertEqual(code, "AccessDeniedException")
        self.assertIn(f"kms:Encrypt on resource: {key}", message)

    def test_one_foreign_name_denies_the_whole_read(self) -> None:
        names = [CLAIM, "/swarmlet/other/ticket"]
        code, message, _ = error_of(self.ssm.get_parameters, Names=names)
        self.assertEqual(code, "AccessDeniedException")
        self.assertIn("parameter/swarmlet/other/ticket", message)

    def test_deletes_nothing(self) -> None:
        self.assertEqual(error_of(self.ssm.delete_parameter, Name=CLAIM)[0], "AccessDeniedException")

    def test_describes_instances_but_ends_none(self) -> None:
        ec2 = cloud.client("ec2", **credentials["manager"])
        found = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [instances["worker"]]}])
        self.assertEqual(len(found["Reservations"]), 1)
        code, _, _ = error_of(ec2.terminate_instances, InstanceIds=[instances["worker"]])
        self.assertEqual(code, "UnauthorizedOperation")


class Sessions(unittest.TestCase):
    """What the SSM agent asks for. moto knows none of it: what is allowed is not implemented, what is not is denied."""

    def register(self, role: str, name: str) -> tuple[str, str]:
        """The refusal of a registration, which no public SDK knows: code and message."""
        keys = credentials[role]
        request = AWSRequest(
            "POST",
            f"http://{cloud.listening['api']}/",
            {"X-Amz-Target": "AmazonSSM.UpdateInstanceInformation", "Content-Type": "application/x-amz-json-1.1"},
            json.dumps({"InstanceId": name}).encode(),
        )
        signer = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys["aws_session_token"])
        SigV4Auth(signer, "ssm", "us-east-1").add_auth(request)
        sent = urllib.request.Request(request.url, request.body, dict(request.headers))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(sent, timeout=5)
        with refused.exception as answer:
            said = json.loads(answer.read())
        return said["__type"], said.get("message", "")

    def test_an_instance_registers_instances_and_no_managed_node(self) -> None:
        for role in ("manager", "worker"):
            self.assertEqual(self.register(role, instances[role])[0], "InternalServerError")
            node = "mi-0123456789abcdef0"
            code, message = self.register(role, node)
            self.assertEqual(code, "AccessDeniedException")
            self.assertIn(f"on resource: arn:aws:ssm:us-east-1:123456789012:managed-instance/{node} because", message)

    def test_the_key_of_managed_nodes_is_not_there_for_instance_profiles(self) -> None:
        """Another is, with the instance that the credentials were made for."""
        iam = cloud.client("iam")
        role = next(r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleName"].startswith("demo-WorkerRole"))
        policy = {"RoleName": role, "PolicyName": "more"}
        ssm = cloud.client("ssm", **credentials["worker"])
        arn = "arn:aws:ec2:us-east-1:123456789012:instance/"
        for key, value, is_allowed in (
            ("ssm:SourceInstanceARN", f"{arn}{instances['worker']}", False),
            ("ec2:SourceInstanceARN", f"{arn}{instances['manager']}", False),
            ("ec2:SourceInstanceARN", f"{arn}{instances['worker']}", True),
        ):
            allow = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"}
            allow["Condition"] = {"ArnEquals": {key: value}}  # type: ignore[assignment]
            iam.put_role_policy(**policy, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
            if is_allowed:
                self.assertEqual(len(ssm.get_parameters(Names=[CLAIM])["Parameters"]), 1)
            else:
                self.assertEqual(error_of(ssm.get_parameters, Names=[CLAIM])[0], "AccessDeniedException", key)
        iam.delete_role_policy(**policy)


class AttachedPolicies(unittest.TestCase):
    def test_count_as_inline_ones_do(self) -> None:
        iam = cloud.client("iam")
        role = next(r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleName"].startswith("demo-WorkerRole"))
        allow = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": f"arn:aws:ssm:*:*:parameter{CLAIM}"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        policy = iam.create_policy(PolicyName="more", PolicyDocument=document)["Policy"]["Arn"]
        ssm = cloud.client("ssm", **credentials["worker"])
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
        self.assertEqual(len(ssm.get_parameters(Names=[CLAIM])["Parameters"]), 1)
        iam.detach_role_policy(RoleName=role, PolicyArn=policy)
        self.assertEqual(error_of(ssm.get_parameters, Names=[CLAIM])[0], "AccessDeniedException")


class Strangers(unittest.TestCase):
    def test_an_unknown_key_is_refused_by_every_protocol(self) -> None:
        unknown = {"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}
        refusals = {
            "ssm": ("describe_parameters", "UnrecognizedClientException", 400),
            "ec2": ("describe_instances", "AuthFailure", 401),
            "autoscaling": ("describe_auto_scaling_groups", "InvalidClientTokenId", 403),
        }
        for service, (call, code, status) in refusals.items():
            got = error_of(getattr(cloud.client(service, **unknown), call))
            self.assertEqual((got[0], got[2]), (code, status))

    def test_a_wrong_secret_is_refused(self) -> None:
        wrong = credentials["manager"] | {"aws_secret_access_key": "wrong"}
        self.assertEqual(error_of(cloud.client("ssm", **wrong).describe_parameters)[0], "InvalidSignatureException")
        admin = {"aws_access_key_id": "lab", "aws_secret_access_key": "wrong"}
        self.assertEqual(error_of(cloud.client("ec2", **admin).describe_instances)[0], "AuthFailure")

    def test_a_wrong_session_token_is_refused(self) -> None:
        wrong = credentials["manager"] | {"aws_session_token": credentials["worker"]["aws_session_token"]}
        self.assertEqual(error_of(cloud.client("ssm", **wrong).describe_parameters)[0], "UnrecognizedClientException")

    def test_an_unsigned_request_is_refused(self) -> None:
        request = urllib.request.Request(
            f"http://{cloud.listening['api']}/",
            data=json.dumps({"Name": TICKET}).encode(),
            headers={"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"},
        )
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        with refused.exception as answer:
            self.assertEqual(json.loads(answer.read())["__type"], "MissingAuthenticationTokenException")

    def test_motos_own_api_is_closed(self) -> None:
        reset = urllib.request.Request(f"http://{cloud.listening['api']}/moto-api/reset", method="POST")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(reset, timeout=5)
        refused.exception.close()
        self.assertEqual(refused.exception.code, 403)


if __name__ == "__main__":
    unittest.main()
