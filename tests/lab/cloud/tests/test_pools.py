"""``scripts/launch pool``: further workers for a cluster, added, listed and removed; and what its template makes."""

from __future__ import annotations

import threading
import unittest
from typing import Any

from . import test_launch
from .harness import BAKED, Cloud, Group, Metadata, error_of, wait_until
from .test_launch import CHANGES, launch, operator

cloud: Cloud


def setUpModule() -> None:
    global cloud
    test_launch.setUpModule()
    cloud = test_launch.cloud
    cloud.make_cluster("demo", ManagerCount=1, WorkerCount=1)


def tearDownModule() -> None:
    test_launch.tearDownModule()


def pool(verb: str, *words: str, cluster: str = "demo", **keys: Any) -> Any:
    return launch("pool", verb, *words, "--cluster", cluster, **keys)


def stack_of(name: str, cluster: str = "demo") -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("cloudformation").describe_stacks(StackName=f"{cluster}-pool-{name}")
    return found["Stacks"][0]


def image_for(architecture: str) -> str:
    """An image of that architecture, with the tag of packer/."""
    ec2, name = cloud.client("ec2"), f"swarmlet-{architecture}"
    made: str = ec2.register_image(Name=name, Architecture=architecture, RootDeviceName="/dev/xvda")["ImageId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "swarmlet:version", "Value": "1"}])
    return made


class Commandline(unittest.TestCase):
    def test_wrong_words_are_told_before_anything_is_asked(self) -> None:
        named = ("pool", "add", "gpu", "--cluster", "demo")
        for words, told in (
            (("pool",), "pool needs add, list or remove"),
            (("pool", "scale", "gpu"), "pool needs add, list or remove"),
            (("pool", "add", "--cluster", "demo"), "needs the pool's name"),
            (("pool", "add", "GPU", "--cluster", "demo"), "lower-case"),
            (("pool", "add", "gpu"), "--cluster needs a name"),
            ((*named, "--managers", "3"), "--managers is the cluster's"),
            ((*named, "--vpc", "vpc-1"), "--vpc is the cluster's"),
            ((*named, "--down"), "--down is no option here"),
            (("pool", "remove", "gpu", "--cluster", "demo", "--plan"), "--plan is no option here"),
            ((*named, "--arch", "arm"), "--arch is x86_64 or arm64"),
            ((*named, "--label", "tier"), "--label needs KEY=VALUE"),
            ((*named, "--label", "pool=x"), "the label pool is the pool's name"),
            ((*named, "--label", "a=1", "--label", "a=2"), "the label a is given twice"),
            ((*named, *(w for n in range(5) for w in ("--label", f"k{n}=v"))), "four labels at most"),
            ((*named, "--worker-type", "a,b"), "need --spot"),
            ((*named, "--set", "ManagerCount=1"), "has no parameter ManagerCount"),
            (("--cluster", "demo", "--image", "ami-1", "--label", "a=1"), "--label is an option of 'pool add'"),
        ):
            said = launch(*words)
            self.assertEqual(said.returncode, 2, (words, said))
            self.assertIn(told, said.stderr)


class Findings(unittest.TestCase):
    def assert_problems(self, said: Any, *told: str) -> None:
        problems = [line for line in said.stdout.splitlines() if "PROBLEM" in line]
        self.assertEqual((said.returncode, len(problems)), (1, len(told)), said.stdout + said.stderr)
        for text in told:
            self.assertTrue(any(text in line for line in problems), f"{text}: {said.stdout}{said.stderr}")
        self.assertIn("nothing was changed", said.stderr)

    def test_a_pool_needs_its_cluster(self) -> None:
        self.assert_problems(pool("add", "gpu", cluster="nobody"), "there is no stack nobody in us-east-1")

    def test_a_cluster_of_an_older_template_has_to_be_updated_first(self) -> None:
        stack = cloud.stack("older", ManagerCount=1, WorkerCount=0)
        stack["TemplateBody"] = stack["TemplateBody"].replace("\n  WorkerProfileArn:\n", "\n  Something:\n")
        cloud.client("cloudformation").create_stack(**stack)
        self.assert_problems(pool("add", "gpu", cluster="older"), "has no output WorkerProfileArn: update it")

    def test_the_image_is_of_the_architecture_of_the_types(self) -> None:
        self.assert_problems(pool("add", "arm", "--arch", "arm64"), f"the image {BAKED} is x86_64, not arm64")
        self.assert_problems(pool("add", "arm", "--worker-type", "t4g.small"), "t4g.small is arm64, the image x86_64")
        image = image_for("arm64")
        planned = pool("add", "arm", "--image", image, "--arch", "arm64", "--plan")
        self.assertEqual(planned.returncode, 0, planned)
        self.assertIn("  WorkerInstanceType=t4g.small\n", planned.stdout)
        said = pool("add", "arm", "--image", image, "--worker-type", "t3.small", "--plan")
        self.assert_problems(said, "t3.small is x86_64, the image arm64")

    def test_families_with_a_quota_of_their_own_are_told_of(self) -> None:
        said = pool("add", "gpu", "--worker-type", "g4dn.xlarge", "--workers", "2", "--plan")
        self.assertIn("g4dn.xlarge counts against a quota of its family: look in Service Quotas, EC2, for 12 vCPUs", said.stdout)
        self.assertNotIn("vCPUs on demand", said.stdout)

    def test_less_is_needed_than_for_a_cluster_and_named(self) -> None:
        fine = pool("add", "less", "--plan", keys=operator("hand", "iam:CreateRole", "kms:CreateKey"))
        self.assertEqual(fine.returncode, 0, fine)
        said = pool("add", "less", "--plan", keys=operator("nohand", "iam:PassRole"))
        self.assert_problems(said, "may not iam:PassRole")

    def test_a_group_of_that_name_is_in_the_way(self) -> None:
        groups = cloud.client("autoscaling")
        template = {"LaunchTemplate": {"LaunchTemplateName": "demo-worker"}, "AvailabilityZones": ["us-east-1a"]}
        groups.create_auto_scaling_group(AutoScalingGroupName="demo-worker.left", MinSize=0, MaxSize=0, **template)
        self.assert_problems(pool("add", "left"), "there are groups without a stack: demo-worker.left")


class Life(unittest.TestCase):
    def test_planned_added_listed_scaled_and_removed(self) -> None:
        words = ("gpu", "--workers", "2", "--spot", "50", "--worker-type", "t3.small,t3.medium")
        words += ("--label", "tier=front", "--label", "disk=fast ssd")
        planned = pool("add", *words, "--plan")
        self.assertEqual(planned.returncode, 0, planned)
        for text in ("would create the stack demo-pool-gpu", "  PoolName=gpu\n", "AWS::AutoScaling::AutoScalingGroup"):
            self.assertIn(text, planned.stdout)
        self.assertNotIn("AWS::IAM::Role", planned.stdout)
        changed = [e for e in cloud.journal() if e["action"].startswith(CHANGES) and "gpu" in str(e["target"])]
        self.assertEqual(changed, [])
        self.assertIn("the cluster demo has no pools", pool("list").stdout)

        added = pool("add", *words)
        self.assertEqual(added.returncode, 0, added)
        self.assertIn("2 of 2 instances in service", added.stdout)
        self.assertIn("--constraint node.labels.pool==gpu", added.stdout)
        machine = cloud.machines(group="demo-worker.gpu")[0]
        tags = {key: value for key, value in machine["tags"].items() if key.startswith("swarm:")}
        labels = {"swarm:label:pool": "gpu", "swarm:label:tier": "front", "swarm:label:disk": "fast ssd"}
        self.assertEqual(tags, {"swarm:role": "worker", "swarm:cluster": "demo", **labels})

        again = pool("add", *words)
        self.assertIn("the stack demo-pool-gpu is there already (CREATE_COMPLETE)", again.stdout)
        self.assertIn("end it with pool remove gpu\n", again.stdout)
        Group(cloud, "demo", "worker.gpu").resize(3)
        wait_until(lambda: len(Group(cloud, "demo", "worker.gpu").ids()) == 3, 5)
        listed = pool("list").stdout.splitlines()[-1]
        self.assertEqual(listed.split()[:5], ["gpu", "3", "3", "20", BAKED])
        self.assertIn("t3.medium", listed)

        refused = launch("--down", "--cluster", "demo", "--yes")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("  scripts/launch pool remove gpu --cluster demo --region us-east-1\n", refused.stderr)
        self.assertTrue(Group(cloud, "demo", "manager").ids())

        self.assertIn("nothing was deleted", pool("remove", "gpu").stderr)
        removed = pool("remove", "gpu", "--yes")
        self.assertEqual((removed.returncode, removed.stderr), (0, ""), removed)
        self.assertIn("the stack demo-pool-gpu is deleted\n", removed.stdout)
        self.assertEqual(cloud.machines(group="demo-worker.gpu", state="running"), [])
        # The cluster is as it was.
        self.assertEqual(len(Group(cloud, "demo", "worker").ids()), 1)
        self.assertIn("there is no stack demo-pool-gpu", pool("remove", "gpu", "--yes").stderr)

    def test_hooks_and_user_data_are_the_clusters_and_its_role_completes_them(self) -> None:
        hooks = {"LaunchingTimeout": 300, "TerminatingTimeout": 60, "UserData": "a\nb"}
        cloud.make_cluster("hooked", ManagerCount=1, WorkerCount=0, **hooks)
        added = pool("add", "far", "--workers", "1", "--no-wait", cluster="hooked")
        self.assertEqual(added.returncode, 0, added)
        given = {p["ParameterKey"]: p["ParameterValue"] for p in stack_of("far", "hooked")["Parameters"]}
        self.assertEqual((given["UserData"], given["TerminatingTimeout"]), ("a\nb", "60"))
        group = Group(cloud, "hooked", "worker.far")
        wait_until(lambda: len(group.ids("Pending:Wait")) == 1, 5)
        instance = group.ids("Pending:Wait")[0]
        metadata = Metadata(cloud, instance)
        self.addCleanup(metadata.connection.close)
        self.assertEqual(metadata.read("tags/instance/swarm:label:pool"), "far")
        worker = cloud.client("autoscaling", **metadata.credentials())
        hook = {"LifecycleHookName": "swarmlet-launching", "InstanceId": instance, "LifecycleActionResult": "CONTINUE"}
        worker.complete_lifecycle_action(**group.name, **hook)
        wait_until(lambda: group.ids() == [instance], 5)
        # Not those of a cluster whose name begins as the pool's group does.
        other = {"AutoScalingGroupName": "hooked-worker-far-worker"}
        self.assertEqual(error_of(worker.complete_lifecycle_action, **other, **hook)[0], "AccessDenied")

        # A removal waits for the terminating hook.
        def leaves() -> None:
            wait_until(lambda: group.ids("Terminating:Wait") == [instance], 60)
            group.complete(instance, name="swarmlet-terminating")

        agent = threading.Thread(target=leaves)
        agent.start()
        removed = pool("remove", "far", "--yes", cluster="hooked")
        agent.join()
        self.assertEqual(removed.returncode, 0, removed)
        asked = [e["action"] for e in cloud.journal() if e["action"] == "DeleteLifecycleHook" and "far" in str(e["target"])]
        self.assertEqual(asked, [])

    def test_a_stack_that_is_no_pool_is_not_removed(self) -> None:
        cloud.make_cluster("demo-pool-trap", ManagerCount=1, WorkerCount=0)
        said = pool("remove", "trap", "--yes")
        self.assertEqual(said.returncode, 1)
        self.assertIn("the stack demo-pool-trap is none", said.stderr)
        self.assertIn("demo-pool-trap", test_launch.stacks())

    def test_a_protected_pool_stays_until_that_is_taken_back(self) -> None:
        self.assertEqual(pool("add", "kept", "--workers", "0", "--protect").returncode, 0)
        self.assertIn("it is protected from deletion; add --unprotect", pool("remove", "kept", "--yes").stderr)
        self.assertEqual(pool("remove", "kept", "--yes", "--unprotect").returncode, 0)


if __name__ == "__main__":
    unittest.main()
