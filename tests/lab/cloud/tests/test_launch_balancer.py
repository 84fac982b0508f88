"""``scripts/launch`` with a load balancer: its options, what it finds wrong, what it makes."""

from __future__ import annotations

import unittest
from typing import Any

from . import test_launch
from .harness import BAKED, Cloud
from .test_launch import launch, operator, route_to_the_internet

BLOCK = "203.0.113.0/24"
INTERNAL = ("--set", "BalancerScheme=internal")
cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = test_launch.cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def words(name: str, kind: str, *more: str) -> tuple[str, ...]:
    sizes = ("--managers", "1", "--workers", "1")
    return ("--cluster", name, "--image", BAKED, *sizes, "--balancer", kind, "--public", BLOCK, *more)


def problems(said: Any) -> list[str]:
    return [line for line in said.stdout.splitlines() if "PROBLEM" in line]


class Options(unittest.TestCase):
    def test_wrong_ones_are_told_before_anything_is_asked(self) -> None:
        plain = ("--cluster", "a", "--image", "ami-1")
        for more, told in (
            (("--balancer", "classic", "--public", BLOCK), "--balancer is application or network"),
            (("--balancer", "network"), "--balancer needs --public"),
            (("--set", "Balancer=network"), "--balancer needs --public"),
            (("--certificate", "arn:aws:acm:x"), "--certificate needs --balancer"),
        ):
            said = launch(*plain, *more)
            self.assertEqual(said.returncode, 2, said)
            self.assertIn(told, said.stderr)

    def test_the_public_reaches_the_balancer(self) -> None:
        said = launch(*words("whom", "network", *INTERNAL), "--plan")
        self.assertEqual(said.returncode, 0, said)
        self.assertIn(f"  BalancerCidr={BLOCK}\n", said.stdout)
        self.assertIn("  Balancer=network\n", said.stdout)
        self.assertNotIn("PublicCidr", said.stdout)

    def test_without_one_the_public_reaches_the_workers(self) -> None:
        said = launch("--cluster", "whom", "--image", BAKED, "--public", BLOCK, "--plan")
        self.assertIn(f"  PublicCidr={BLOCK}\n", said.stdout)
        self.assertNotIn("  Balancer", said.stdout)


class Findings(unittest.TestCase):
    def test_all_that_is_wrong_with_one_is_told(self) -> None:
        arn = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-90ab-cdef-1234-567890abcdef"
        subnet = cloud.admin("GET", "/lab/health")[1]["subnet_ids"][0]
        few = ("--subnets", subnet, "--any-zones", "--plan", *INTERNAL)
        keys = operator("unbalanced", "elasticloadbalancing:CreateListener")
        beside = ("--set", "PublicCidr=0.0.0.0/0")
        said = launch(*words("few", "application", "--certificate", arn, *few, *beside), keys=keys)
        self.assertEqual(said.returncode, 1, said)
        found = problems(said)
        self.assertEqual(len(found), 3, said.stdout)
        self.assertIn(f"there is no certificate {arn} in us-east-1", found[0])
        self.assertIn("an application balancer needs subnets in two zones", found[1])
        self.assertIn("may not elasticloadbalancing:CreateListener", found[2])
        self.assertIn("warning  the workers' ports are open to 0.0.0.0/0 beside the load balancer", said.stdout)

    def test_of_a_network_balancer_one_zone_is_enough_and_without_one_nothing_is_asked_of_it(self) -> None:
        subnet = cloud.admin("GET", "/lab/health")[1]["subnet_ids"][0]
        few = ("--subnets", subnet, "--any-zones", "--plan")
        self.assertEqual(problems(launch(*words("one", "network", *few, *INTERNAL))), [])
        keys = operator("unasked", "elasticloadbalancing:*", "acm:*")
        said = launch("--cluster", "one", "--image", BAKED, *few, keys=keys)
        self.assertEqual((said.returncode, problems(said)), (0, []), said)


class Life(unittest.TestCase):
    def test_from_subnets_that_nobody_reaches_to_one_that_is_made_and_taken_down(self) -> None:
        said = launch(*words("life", "application"), "--plan")
        self.assertEqual(len(problems(said)), 1, said.stdout)
        self.assertIn("the internet does not reach a load balancer in subnet-", problems(said)[0])
        route_to_the_internet()
        # A certificate is issued when somebody has shown whose name it is for.
        acm = cloud.client("acm")
        arn = acm.request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
        status = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
        self.assertEqual(status, "PENDING_VALIDATION")
        pending = launch(*words("life", "application", "--certificate", arn), "--plan")
        self.assertIn("is PENDING_VALIDATION: a load balancer takes one that is ISSUED", problems(pending)[0])

        made = launch(*words("life", "application", "--set", "LaunchingTimeout=0"))
        self.assertEqual(made.returncode, 0, made)
        self.assertIn("aws elbv2 describe-target-health", made.stdout)
        self.assertEqual(len(cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]), 1)
        down = launch("--down", "--cluster", "life", "--yes")
        self.assertEqual(down.returncode, 0, down)
        self.assertEqual(cloud.client("elbv2").describe_load_balancers()["LoadBalancers"], [])


if __name__ == "__main__":
    unittest.main()
