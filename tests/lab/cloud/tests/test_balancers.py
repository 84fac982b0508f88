"""A stack with a load balancer: what is made of it, who is behind it, and that it goes with the stack."""

from __future__ import annotations

import base64
import shlex
import unittest
from typing import Any

from .harness import Cloud, Group, wait_until

BLOCK = "203.0.113.0/24"
cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


def stack(name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return found


def outputs(name: str) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack(name)["Outputs"]}


def targets(name: str) -> set[str]:
    """The instances in the stack's target group."""
    group = outputs(name)["TargetGroupArn"]
    found = cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {target["Target"]["Id"] for target in found}


def balancer(name: str) -> dict[str, Any]:
    found = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return next(each for each in found if each["DNSName"] == outputs(name)["BalancerDnsName"])


def listeners(name: str) -> list[tuple[int, str, str]]:
    arn = balancer(name)["LoadBalancerArn"]
    found = cloud.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return sorted((each["Port"], each["Protocol"], each["DefaultActions"][0]["Type"]) for each in found)


def rules(role: str) -> list[tuple[int, list[str], list[str]]]:
    """Ports that a security group lets in, each with the groups and the addresses that it is for."""
    named = {"Name": "tag:Name", "Values": [role]}
    found = cloud.client("ec2").describe_security_groups(Filters=[named])["SecurityGroups"][0]["IpPermissions"]
    return [
        (rule["FromPort"], [g["GroupId"] for g in rule["UserIdGroupPairs"]], [r["CidrIp"] for r in rule["IpRanges"]])
        for rule in found
    ]


def left() -> list[Any]:
    elb, ec2 = cloud.client("elbv2"), cloud.client("ec2")
    groups = [g for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"]
    return [*elb.describe_load_balancers()["LoadBalancers"], *elb.describe_target_groups()["TargetGroups"], *groups]


def is_gone(name: str) -> bool:
    found = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return all(s["StackStatus"] == "DELETE_COMPLETE" for s in found if s["StackName"] == name)


class Balancers(unittest.TestCase):
    def make(self, name: str, **parameters: str | int) -> None:
        sizes = {"ManagerCount": 1, "WorkerCount": 2}
        cloud.make_cluster(name, **sizes | parameters)
        self.addCleanup(cloud.client("cloudformation").delete_stack, StackName=name)
        self.assertEqual(stack(name)["StackStatus"], "CREATE_COMPLETE")

    def test_none_unless_asked_for(self) -> None:
        self.make("plain")
        self.assertEqual({key for key in outputs("plain") if "Balancer" in key or "Target" in key}, set())
        ports = {port for port, _, _ in rules("plain-worker")}
        self.assertEqual(ports, {7946, 4789, -1})

    def test_a_network_balancer_is_made_and_goes_with_the_stack(self) -> None:
        self.make("net", Balancer="network", BalancerCidr=BLOCK, BalancerPort=8080)
        made, told = balancer("net"), outputs("net")
        self.assertEqual((made["Type"], made["Scheme"], len(made["AvailabilityZones"])), ("network", "internet-facing", 3))
        self.assertEqual(listeners("net"), [(8080, "TCP", "forward")])
        group = told["BalancerSecurityGroupId"]
        self.assertEqual(made["SecurityGroups"], [group])
        self.assertEqual(rules("net-balancer"), [(8080, [], [BLOCK])])
        published = [rule for rule in rules("net-worker") if rule[0] in (8080, 8378)]
        self.assertEqual(published, [(8080, [group], []), (8378, [group], [])])
        self.assertEqual(targets("net"), set(Group(cloud, "net").ids()))

        cloud.client("cloudformation").delete_stack(StackName="net")
        wait_until(lambda: is_gone("net"), 30)
        self.assertEqual([each for each in left() if "net-" in str(each)], [])

    def test_an_application_balancer_with_a_certificate_speaks_tls_and_redirects(self) -> None:
        certificate = cloud.client("acm").request_certificate(DomainName="example.com")["CertificateArn"]
        secure = {"Balancer": "application", "BalancerCertificateArn": certificate, "BalancerScheme": "internal"}
        self.make("app", BalancerCidr=BLOCK, **secure)
        self.assertEqual((balancer("app")["Type"], balancer("app")["Scheme"]), ("application", "internal"))
        self.assertEqual(listeners("app"), [(80, "HTTP", "redirect"), (443, "HTTPS", "forward")])
        self.assertEqual(rules("app-balancer"), [(443, [], [BLOCK]), (80, [], [BLOCK])])

    def test_it_can_be_in_subnets_of_its_own(self) -> None:
        subnets = cloud.admin("GET", "/lab/health")[1]["subnet_ids"]
        self.make("own", Balancer="network", BalancerCidr=BLOCK, BalancerSubnetIds=",".join(subnets[:2]))
        zones = balancer("own")["AvailabilityZones"]
        self.assertEqual([zone["SubnetId"] for zone in zones], subnets[:2])

    def test_workers_come_and_go_behind_it_and_managers_do_not(self) -> None:
        self.make("group", Balancer="network", BalancerCidr=BLOCK)
        workers = Group(cloud, "group")
        workers.resize(3)
        wait_until(lambda: len(workers.ids()) == 3, 10)
        wait_until(lambda: targets("group") == set(workers.ids()), 10)
        self.assertFalse(targets("group") & set(Group(cloud, "group", "manager").ids()))

    def test_workers_are_told_to_answer_its_checks(self) -> None:
        given = "#cloud-config\nruncmd: [date]\n"
        self.make("data", Balancer="network", BalancerCidr=BLOCK, UserData=given)
        ec2 = cloud.client("ec2")
        texts = {}
        for role in ("manager", "worker"):
            versions = ec2.describe_launch_template_versions(LaunchTemplateName=f"data-{role}")["LaunchTemplateVersions"]
            texts[role] = base64.b64decode(versions[-1]["LaunchTemplateData"]["UserData"]).decode()
        self.assertEqual(texts["manager"], given)
        self.assertIn("0.0.0.0:8378", texts["worker"])
        self.assertIn(f"\n\n{given}\n--", texts["worker"])

    def test_the_output_that_lists_targets_runs(self) -> None:
        self.make("list", Balancer="network", BalancerCidr=BLOCK)
        shown = cloud.cli(*shlex.split(outputs("list")["NextSeeTargets"])[1:])
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual({line.split("\t")[0] for line in shown.stdout.splitlines()}, targets("list"))


if __name__ == "__main__":
    unittest.main()
