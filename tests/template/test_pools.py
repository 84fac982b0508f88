"""What the templates of cluster and pool share is the same in both; where they differ, it is said here why."""

from __future__ import annotations

import copy
import re
import unittest
from typing import Any

from template import POOL, as_in_examples, load

# Conditions of the cluster's workers that never hold for a pool.
NOT_OF_A_POOL = {"HasBalancer": "the cluster's workers take what a load balancer sends, and pass it on to a pool's tasks"}
# What a pool has by parameters of these names it takes from outputs of the cluster's stack.
FROM_OUTPUTS = {"WorkerProfileArn", "WorkerSecurityGroupId"}
_GONE = object()


def without(value: Any) -> Any:
    """A part of the cluster's template as it is where those conditions do not hold."""
    match value:
        case {"Fn::If": [condition, _, otherwise]} if condition in NOT_OF_A_POOL:
            return _GONE if otherwise == {"Ref": "AWS::NoValue"} else without(otherwise)
        case dict():
            kept = {key: without(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item is not _GONE}
        case list():
            return [item for item in map(without, value) if item is not _GONE]
    return value


class Shared(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.cluster, self.pool = copy.deepcopy(load()), copy.deepcopy(load(POOL))

    def both(self, name: str) -> tuple[Any, Any]:
        return without(self.cluster["Resources"][name]), self.pool["Resources"][name]

    def test_parameters_of_one_name_are_the_same_but_for_their_words(self) -> None:
        shared = self.cluster["Parameters"].keys() & self.pool["Parameters"].keys()
        for name in shared:
            forms = [dict(template["Parameters"][name], Description="") for template in (self.cluster, self.pool)]
            self.assertEqual(forms[0], forms[1], name)
        own = {"PoolName", *FROM_OUTPUTS} | {f"Label{n}" for n in range(1, 5)}
        self.assertEqual(self.pool["Parameters"].keys() - shared, own)

    def test_conditions_of_one_name_are_the_same(self) -> None:
        for name, condition in self.pool["Conditions"].items():
            if not name.startswith("HasLabel"):
                self.assertEqual(condition, self.cluster["Conditions"][name], name)

    def test_what_a_pool_takes_is_told_by_the_cluster(self) -> None:
        self.assertEqual(FROM_OUTPUTS - self.cluster["Outputs"].keys(), set())

    def test_the_group_is_the_workers_with_hooks_policies_and_update(self) -> None:
        theirs, ours = self.both("WorkerGroup")
        self.assertEqual(theirs.pop("DependsOn"), "ManagerGroup")
        for group, name in ((theirs, "${ClusterName}-worker"), (ours, "${ClusterName}-worker.${PoolName}")):
            self.assertEqual(group["Properties"].pop("AutoScalingGroupName"), {"Fn::Sub": name})
        self.assertEqual(ours, theirs)
        self.assertEqual(len(ours["Properties"]["LifecycleHookSpecificationList"]), 2)

    def test_the_launch_template_is_the_workers_but_for_labels(self) -> None:
        theirs, ours = self.both("WorkerTemplate")
        for part in (theirs, ours):
            del part["Properties"]["LaunchTemplateName"]
            del part["Properties"]["LaunchTemplateData"]["IamInstanceProfile"]
            del part["Properties"]["LaunchTemplateData"]["SecurityGroupIds"]
        tags = ours["Properties"]["LaunchTemplateData"]["TagSpecifications"][0]["Tags"]
        labels, tags[:] = tags[2:], tags[:2]
        self.assertEqual(ours, theirs)
        self.assertEqual(labels[0], {"Key": "swarm:label:pool", "Value": {"Ref": "PoolName"}})
        self.assertEqual([label["Fn::If"][0] for label in labels[1:]], [f"HasLabel{n}" for n in range(1, 5)])

    def test_only_what_never_holds_for_a_pool_is_left_out(self) -> None:
        nothing = {"Ref": "AWS::NoValue"}
        part = {"A": {"Fn::If": ["HasBalancer", 1, nothing]}, "B": [{"Fn::If": ["HasBalancer", 1, 2]}]}
        self.assertEqual(without(part), {"B": [2]})
        other = {"C": {"Fn::If": ["HasSpot", 1, nothing]}}
        self.assertEqual(without(other), other)


class Role(unittest.TestCase):
    def test_the_workers_role_knows_the_pools_groups_and_no_other_clusters(self) -> None:
        statements = as_in_examples().policies()["WorkerRole swarmlet"]["Statement"]
        resources = next(s["Resource"] for s in statements if s["Sid"] == "Lifecycle")
        names = [resource.rpartition("/")[2] for resource in resources]
        self.assertEqual(names, ["CLUSTER-worker", "CLUSTER-worker.*"])
        name = load(POOL)["Resources"]["WorkerGroup"]["Properties"]["AutoScalingGroupName"]["Fn::Sub"]
        self.assertEqual(name.replace("${ClusterName}", "CLUSTER").replace("${PoolName}", "*"), names[1])
        # No group of another cluster has a name with a dot before its pool's.
        self.assertIsNone(re.fullmatch(load()["Parameters"]["ClusterName"]["AllowedPattern"], "demo-worker.x"))


class Labels(unittest.TestCase):
    def test_a_label_is_a_key_and_a_value(self) -> None:
        pattern = load(POOL)["Parameters"]["Label1"]["AllowedPattern"]
        for good in ("", "tier=front", "a.b-c_d=x y:/@+-.", "pools=1"):
            self.assertIsNotNone(re.fullmatch(pattern, good), good)
        for bad in ("tier", "=front", "tier=", "pool=gpu", "a=b=c", "a b=c", ".a=b"):
            self.assertIsNone(re.fullmatch(pattern, bad), bad)


if __name__ == "__main__":
    unittest.main()
