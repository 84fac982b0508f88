"""S3 and ECR, as far as the agent asks them: objects that stacks point to, and passwords of registries."""

from __future__ import annotations

import json
import unittest

from .harness import Cloud, Metadata, error_of

cloud: Cloud
credentials: dict[str, dict[str, str]] = {}


def setUpModule() -> None:
    global cloud
    cloud = Cloud()
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1, StackBucket="stacks")
    for role in ("manager", "worker"):
        metadata = Metadata(cloud, cloud.machines(swarm__role=role)[0]["instance_id"])
        credentials[role] = metadata.credentials()
        metadata.connection.close()
    s3 = cloud.client("s3")
    for bucket in ("stacks", "other"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="a b.yml", Body=b"services: {}")


def tearDownModule() -> None:
    cloud.stop()


class Depot(unittest.TestCase):
    def test_a_role_reads_the_bucket_that_its_policy_names(self) -> None:
        s3 = cloud.client("s3", **credentials["manager"])
        self.assertEqual(s3.get_object(Bucket="stacks", Key="a b.yml")["Body"].read(), b"services: {}")
        code, message, _ = error_of(s3.get_object, Bucket="other", Key="a b.yml")
        self.assertEqual(code, "AccessDenied")
        self.assertIn("s3:GetObject on resource: arn:aws:s3:::other/a", message)

    def test_what_is_not_there_is_denied_to_whom_may_not_list_the_bucket(self) -> None:
        s3 = cloud.client("s3", **credentials["manager"])
        missing = {"Bucket": "stacks", "Key": "b.yml"}
        self.assertEqual(error_of(s3.get_object, **missing)[::2], ("AccessDenied", 403))
        role = cloud.client("iam").list_roles()["Roles"]
        name = next(r["RoleName"] for r in role if "anager" in r["RoleName"])
        listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::stacks"}
        policy = {"RoleName": name, "PolicyName": "list"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [listing]})
        cloud.client("iam").put_role_policy(**policy, PolicyDocument=document)
        self.assertEqual(error_of(s3.get_object, **missing)[::2], ("NoSuchKey", 404))
        cloud.client("iam").delete_role_policy(**policy)

    def test_a_bucket_that_is_not_the_expected_accounts_is_denied(self) -> None:
        s3 = cloud.client("s3", **credentials["manager"])
        of = {"Bucket": "stacks", "Key": "a b.yml"}
        s3.get_object(**of, ExpectedBucketOwner="123456789012")
        code, _, _ = error_of(s3.get_object, **of, ExpectedBucketOwner="210987654321")
        self.assertEqual(code, "AccessDenied")

    def test_a_bucket_that_another_account_has_made_is_denied_by_the_policy(self) -> None:
        """Even where it lets everybody read: a name that was given up can be anybody's."""
        others = cloud.stranger("s3")
        cloud.client("s3").delete_object(Bucket="stacks", Key="a b.yml")
        cloud.client("s3").delete_bucket(Bucket="stacks")
        try:
            others.create_bucket(Bucket="stacks")
            others.put_object(Bucket="stacks", Key="a b.yml", Body=b"services: {theirs: {}}")
            s3 = cloud.client("s3", **credentials["manager"])
            code, message, _ = error_of(s3.get_object, Bucket="stacks", Key="a b.yml")
            self.assertEqual(code, "AccessDenied")
            self.assertIn("no identity-based policy allows the s3:GetObject action", message)
            # Whose policies do not ask is stopped by the expected owner, and by nothing else.
            of = {"Bucket": "stacks", "Key": "a b.yml"}
            admin = cloud.client("s3")
            self.assertEqual(admin.get_object(**of)["Body"].read(), b"services: {theirs: {}}")
            self.assertEqual(error_of(admin.get_object, **of, ExpectedBucketOwner="123456789012")[0], "AccessDenied")
        finally:
            others.delete_object(Bucket="stacks", Key="a b.yml")
            others.delete_bucket(Bucket="stacks")
            cloud.client("s3").create_bucket(Bucket="stacks")
            cloud.client("s3").put_object(Bucket="stacks", Key="a b.yml", Body=b"services: {}")

    def test_a_manager_is_given_a_password_and_a_worker_none(self) -> None:
        ecr = cloud.client("ecr", **credentials["manager"])
        self.assertTrue(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
        ecr = cloud.client("ecr", **credentials["worker"])
        code, _, _ = error_of(ecr.get_authorization_token)
        self.assertEqual(code, "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
