"""S3 and ECR, as far as the agent asks them: objects that stacks point to, and passwords of registries."""

from __future__ import annotations

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

    def test_who_may_not_list_the_bucket_is_not_told_that_an_object_is_missing(self) -> None:
        role = cloud.client("s3", **credentials["manager"])
        for key in ("none", "a%20b.yml", "a b.yml/"):
            code, message, status = error_of(role.get_object, Bucket="stacks", Key=key)
            self.assertEqual((code, message, status), ("AccessDenied", "Access Denied", 403))
        self.assertEqual(error_of(role.get_object, Bucket="gone", Key="k")[0], "AccessDenied")
        administrator = cloud.client("s3")
        self.assertEqual(error_of(administrator.get_object, Bucket="stacks", Key="none")[0], "NoSuchKey")

    def test_a_manager_is_given_a_password_and_a_worker_none(self) -> None:
        ecr = cloud.client("ecr", **credentials["manager"])
        self.assertTrue(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
        ecr = cloud.client("ecr", **credentials["worker"])
        code, _, _ = error_of(ecr.get_authorization_token)
        self.assertEqual(code, "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
