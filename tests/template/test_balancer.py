"""The load balancer: nothing of it unless asked for, the workers are reached by it alone, and its times fit the agent's."""

from __future__ import annotations

import email
import itertools
import re
import subprocess
import tempfile
import tomllib
import unittest
from email.message import Message
from pathlib import Path
from typing import Any

from template import ROOT, TEMPLATE, Values, load

TEXT = TEMPLATE.read_text()
LOADED = load()
RESOURCES = LOADED["Resources"]
OF_IT = {
    "BalancerSecurityGroup",
    "BalancerRequests",
    "BalancerChecks",
    "LoadBalancer",
    "TargetGroup",
    "BalancerListener",
    "RedirectListener",
}
READY = 8378


# Each parameter, resource and attribute as itself.
NAMES = {"".join(found): "".join(found) for found in re.findall(r"!GetAtt ([\w.]+)|!Ref ([\w:]+)|\${([\w:.]+)}", TEXT)}


def made(kind: str, certificate: bool = False, user_data: str = "") -> dict[str, Any]:
    """The stack's resources as CloudFormation makes them."""
    balanced = kind != "none"
    conditions = dict.fromkeys(LOADED["Conditions"], False) | {
        "HasBalancer": balanced,
        "HasNetworkBalancer": kind == "network",
        "HasCertificate": certificate,
        "HasRedirect": kind == "application" and certificate,
        "HasUserData": bool(user_data),
    }
    values = Values(NAMES | {"Balancer": kind, "UserData": user_data}, conditions)
    return {
        name: values.resolve(resource.get("Properties", {}))
        for name, resource in RESOURCES.items()
        if conditions.get(resource.get("Condition", ""), True)
    }


def attributes(listed: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in listed}


def parts(kind: str, user_data: str) -> list[Message]:
    """The workers' user data, as cloud-init takes it apart."""
    text = made(kind, user_data=user_data)["WorkerTemplate"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]
    message = email.message_from_string(text)
    return [part for part in message.walk() if not part.is_multipart()]


class Nothing(unittest.TestCase):
    def test_is_made_unless_it_is_asked_for(self) -> None:
        self.assertEqual(LOADED["Parameters"]["Balancer"]["Default"], "none")
        named = {name for name in RESOURCES if "Balancer" in name} | OF_IT
        self.assertEqual(named, OF_IT)
        plain = made("none")
        self.assertEqual(OF_IT & plain.keys(), set())
        self.assertNotIn("TargetGroupARNs", plain["WorkerGroup"])
        self.assertNotIn("UserData", plain["WorkerTemplate"]["LaunchTemplateData"])
        self.assertEqual(
            made("none", user_data="x")["WorkerTemplate"]["LaunchTemplateData"]["UserData"], {"Fn::Base64": "x"}
        )
        self.assertNotIn(str(READY), str(plain))

    def test_else_changes_with_it(self) -> None:
        plain = made("none")
        for kind in ("application", "network"):
            with_it = made(kind)
            self.assertEqual(with_it.keys() - plain.keys(), OF_IT - {"RedirectListener"})
            for name, properties in plain.items():
                if name not in ("WorkerGroup", "WorkerTemplate"):
                    self.assertEqual(with_it[name], properties, name)

    def test_managers_are_not_behind_it(self) -> None:
        self.assertNotIn("TargetGroupARNs", made("network")["ManagerGroup"])
        self.assertEqual(made("network")["WorkerGroup"]["TargetGroupARNs"], ["TargetGroup"])

    def test_its_checks_end_no_instance(self) -> None:
        """A node that drains fails them."""
        for kind in ("none", "application", "network"):
            self.assertEqual(made(kind)["WorkerGroup"]["HealthCheckType"], "EC2")


class Parameters(unittest.TestCase):
    def test_each_is_described_shown_and_used(self) -> None:
        template = LOADED
        ours = {name for name in template["Parameters"] if name.startswith("Balancer")}
        self.assertEqual(len(ours), 6)
        shown = template["Metadata"]["AWS::CloudFormation::Interface"]
        group = next(g for g in shown["ParameterGroups"] if g["Label"]["default"] == "Load balancer")
        self.assertEqual(set(group["Parameters"]), ours)
        for name in ours:
            self.assertIn("Description", template["Parameters"][name], name)
            self.assertIn(name, shown["ParameterLabels"])

    def test_the_guide_names_each(self) -> None:
        guide = (ROOT / "docs/traffic.md").read_text()
        for name in LOADED["Parameters"]:
            if name.startswith("Balancer"):
                self.assertIn(f"`{name}`", guide)

    def test_one_that_nobody_reaches_is_refused(self) -> None:
        rule = LOADED["Rules"]["BalancerIsReached"]
        self.assertEqual(rule["RuleCondition"], {"Fn::Not": [{"Fn::Equals": [{"Ref": "Balancer"}, "none"]}]})
        asked = rule["Assertions"][0]["Assert"]
        self.assertEqual(asked, {"Fn::Not": [{"Fn::Equals": [{"Ref": "BalancerCidr"}, ""]}]})


class SecurityGroups(unittest.TestCase):
    def test_workers_let_in_the_balancer_alone_and_two_ports(self) -> None:
        for kind in ("application", "network"):
            rules = {name: made(kind)[name] for name in ("BalancerRequests", "BalancerChecks")}
            for rule in rules.values():
                self.assertEqual(rule["GroupId"], "WorkerSecurityGroup.GroupId")
                self.assertEqual(rule["SourceSecurityGroupId"], "BalancerSecurityGroup.GroupId")
                self.assertEqual((rule["IpProtocol"], rule["FromPort"]), ("tcp", rule["ToPort"]))
                self.assertNotIn("CidrIp", rule)
            self.assertEqual({rule["FromPort"] for rule in rules.values()}, {"BalancerPort", READY})

    def test_no_rule_lets_anybody_else_reach_the_health_check(self) -> None:
        ports = [
            name
            for name, resource in RESOURCES.items()
            if resource["Type"] == "AWS::EC2::SecurityGroupIngress" and resource["Properties"].get("FromPort") == READY
        ]
        self.assertEqual(ports, ["BalancerChecks"])

    def test_the_balancer_reaches_workers_and_nothing_else(self) -> None:
        group = made("network")["BalancerSecurityGroup"]
        reached = {(rule["DestinationSecurityGroupId"], rule["FromPort"]) for rule in group["SecurityGroupEgress"]}
        worker = "WorkerSecurityGroup.GroupId"
        self.assertEqual(reached, {(worker, "BalancerPort"), (worker, READY)})
        self.assertEqual(made("network")["LoadBalancer"]["SecurityGroups"], ["BalancerSecurityGroup.GroupId"])

    def test_it_is_reached_where_it_listens_by_whom_it_says(self) -> None:
        for kind, certificate in itertools.product(("application", "network"), (False, True)):
            stack = made(kind, certificate)
            rules = stack["BalancerSecurityGroup"]["SecurityGroupIngress"]
            self.assertEqual({rule["CidrIp"] for rule in rules}, {"BalancerCidr"})
            listens = [stack[name]["Port"] for name in ("BalancerListener", "RedirectListener") if name in stack]
            self.assertEqual([rule["FromPort"] for rule in rules], listens)
            self.assertEqual([rule["ToPort"] for rule in rules], listens)


class Listeners(unittest.TestCase):
    def test_speak_what_the_kind_and_the_certificate_make_of_them(self) -> None:
        told = {
            ("application", False): (80, "HTTP"),
            ("application", True): (443, "HTTPS"),
            ("network", False): ("BalancerPort", "TCP"),
            ("network", True): (443, "TLS"),
        }
        for (kind, certificate), (port, protocol) in told.items():
            listener = made(kind, certificate)["BalancerListener"]
            self.assertEqual((listener["Port"], listener["Protocol"]), (port, protocol))
            self.assertEqual("Certificates" in listener, certificate)
            policy = "ELBSecurityPolicy-TLS13-1-2-2021-06" if certificate else None
            self.assertEqual(listener.get("SslPolicy"), policy)
            self.assertEqual(listener["DefaultActions"], [{"Type": "forward", "TargetGroupArn": "TargetGroup"}])

    def test_plain_requests_are_redirected_where_there_is_a_certificate(self) -> None:
        self.assertEqual(made("application", True)["RedirectListener"]["DefaultActions"][0]["Type"], "redirect")
        self.assertNotIn("RedirectListener", made("network", True))


class Balancing(unittest.TestCase):
    def test_goes_over_all_zones(self) -> None:
        network = attributes(made("network")["LoadBalancer"]["LoadBalancerAttributes"])
        self.assertEqual(network["load_balancing.cross_zone.enabled"], "true")
        # An application balancer does, and refuses the attribute.
        application = attributes(made("application")["LoadBalancer"]["LoadBalancerAttributes"])
        self.assertNotIn("load_balancing.cross_zone.enabled", application)

    def test_keeps_connections_to_a_node_that_says_it_goes(self) -> None:
        network = attributes(made("network")["TargetGroup"]["TargetGroupAttributes"])
        self.assertEqual(network["target_health_state.unhealthy.connection_termination.enabled"], "false")
        self.assertEqual(network["preserve_client_ip.enabled"], "false")
        delay = "deregistration_delay.timeout_seconds"
        self.assertEqual(network["target_health_state.unhealthy.draining_interval_seconds"], network[delay])
        self.assertEqual(attributes(made("application")["TargetGroup"]["TargetGroupAttributes"]).keys(), {delay})

    def test_is_done_with_a_node_within_the_wait_of_the_agent(self) -> None:
        """By the formula of docs/traffic.md, and its default of departure.traffic_wait."""
        settings = (ROOT / "docs/configuration.md").read_text()
        wait = re.search(r"`departure.traffic_wait` \| not set: (\d+)s where ready.listen is set", settings)
        assert wait
        for kind in ("application", "network"):
            group = made(kind)["TargetGroup"]
            noticed = 5 + group["HealthCheckTimeoutSeconds"]
            noticed += group["HealthCheckIntervalSeconds"] * group["UnhealthyThresholdCount"]
            longest = int(attributes(group["TargetGroupAttributes"])["deregistration_delay.timeout_seconds"])
            self.assertLessEqual(noticed + longest, int(wait[1]))
            self.assertEqual((group["HealthCheckPath"], group["Matcher"]), ("/ready", {"HttpCode": "200"}))
            self.assertEqual(group["HealthCheckProtocol"], "HTTP")


class UserData(unittest.TestCase):
    def test_has_workers_listen_where_the_checks_come(self) -> None:
        (hook, _) = parts("network", "")
        self.assertEqual(hook.get_content_type(), "text/cloud-boothook")
        script = str(hook.get_payload())
        self.assertTrue(script.startswith("#!/bin/sh\n"), script)
        with tempfile.TemporaryDirectory() as root:
            inside = script.replace("/etc/", f"{root}/etc/")
            # It runs on each boot.
            for _ in range(2):
                subprocess.run(["sh", "-e", "-c", inside], check=True, timeout=10)
            files = list(Path(root, "etc/swarmlet/config.d").iterdir())
            self.assertEqual([file.name for file in files], ["40-balancer.toml"])
            settings = tomllib.loads(files[0].read_text())
        self.assertEqual(settings, {"ready": {"listen": f"0.0.0.0:{READY}"}})
        self.assertEqual(made("network")["TargetGroup"]["HealthCheckPort"], str(READY))

    def test_keeps_what_was_given_as_it_was(self) -> None:
        for given in ("#!/bin/sh\necho ${HOME}\n", "#cloud-config\nwrite_files:\n  - path: /a\n"):
            (_, other) = parts("application", given)
            # cloud-init looks at its first line for what it is.
            self.assertEqual((other.get_content_type(), other.get_payload()), ("text/plain", given))

    def test_of_managers_is_what_was_given(self) -> None:
        data = made("network", user_data="x")["ManagerTemplate"]["LaunchTemplateData"]["UserData"]
        self.assertEqual(data, {"Fn::Base64": "x"})


class Outputs(unittest.TestCase):
    def test_tell_the_name_and_the_target_group_only_with_one(self) -> None:
        outputs = LOADED["Outputs"]
        ours = {name for name, output in outputs.items() if output.get("Condition") == "HasBalancer"}
        names = {"NextSeeTargets", "BalancerDnsName", "BalancerZoneId", "BalancerSecurityGroupId", "TargetGroupArn"}
        self.assertEqual(ours, names)

    def test_the_pages_that_facts_are_from_are_named(self) -> None:
        for page in ("API_LoadBalancerAttribute", "API_TargetGroupAttribute", "load-balancer-security-groups"):
            self.assertIn(f"{page}.html", TEXT)


if __name__ == "__main__":
    unittest.main()
