"""The template's policies are the examples', word for word; what is needed by instances is there before and after them."""

from __future__ import annotations

import json
import unittest
from typing import Any

from template import EXAMPLES, TEMPLATE, as_in_examples, load, needs

# What nodes need that no property of a group leads to.
NEEDED = {"AWS::EC2::SecurityGroupIngress", "AWS::IAM::Policy", "AWS::KMS::Alias"}


def listed(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Statements with lists where one word may stand for a list of it."""
    wide = [dict(statement) for statement in document["Statement"]]
    for statement in wide:
        for element in ("Action", "Resource"):
            value = statement[element]
            statement[element] = value if isinstance(value, list) else [value]
    return wide


class Policies(unittest.TestCase):
    maxDiff = None

    def test_the_examples_are_those_of_the_template(self) -> None:
        made = as_in_examples().policies()
        for role in ("Manager", "Worker"):
            example = json.loads((EXAMPLES / f"{role.lower()}.json").read_text())
            self.assertEqual(listed(made[f"{role}Role swarmlet"]), listed(example), role)

    def test_only_a_manager_writes_and_only_the_agents_own_records(self) -> None:
        for name, document in as_in_examples().policies().items():
            for statement in listed(document):
                if statement["Effect"] == "Deny" or "ssm:PutParameter" not in statement["Action"]:
                    continue
                self.assertEqual((name, statement["Sid"]), ("ManagerRole swarmlet", "Records"))
                records = {resource.partition("/CLUSTER/")[2] for resource in statement["Resource"]}
                self.assertEqual(records, {"ticket", "unlock-key", "epochs/*", "nodes/*"})


class Size(unittest.TestCase):
    def test_is_small_enough_to_be_sent_as_it_is(self) -> None:
        # A larger one needs a bucket.
        self.assertLess(TEMPLATE.stat().st_size, 51_200)


class Order(unittest.TestCase):
    def test_what_instances_need_is_there_before_them_and_goes_after_them(self) -> None:
        resources = load()["Resources"]
        needed = {name for name, resource in resources.items() if resource["Type"] in NEEDED}
        self.assertGreater(len(needed), 20)
        for group in ("ManagerGroup", "WorkerGroup"):
            self.assertEqual(needed - needs(resources, group), set(), group)

    def test_managers_are_there_before_the_workers(self) -> None:
        self.assertIn("ManagerGroup", needs(load()["Resources"], "WorkerGroup"))

    def test_what_a_condition_takes_away_is_referred_to_under_that_condition(self) -> None:
        """CloudFormation refuses DependsOn of a resource that is not made."""
        resources = load()["Resources"]
        sometimes = {name for name, resource in resources.items() if "Condition" in resource}
        for name, resource in resources.items():
            depends = resource.get("DependsOn", [])
            self.assertEqual(sometimes & set([depends] if isinstance(depends, str) else depends), set(), name)


if __name__ == "__main__":
    unittest.main()
