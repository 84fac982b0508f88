"""The CloudFormation template as data: what its resources need, and its roles' policies with their values in place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "scripts/cloudformation/cluster.yaml"
POOL = TEMPLATE.with_name("pool.yaml")
TEMPLATES = [TEMPLATE, POOL]
EXAMPLES = ROOT / "docs/examples/iam"
_VARIABLE = re.compile(r"\$\{([^}!]+)\}")
_NOTHING = object()


class _Loader(yaml.SafeLoader):
    """Short forms as what they stand for: ``!Ref X`` is ``{"Ref": "X"}``."""


def _intrinsic(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    return {f"Fn::{suffix}": value.split(".", 1) if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(file: Path = TEMPLATE) -> dict[str, Any]:
    """A template: the cluster's, if no other is named."""
    # A loader that knows its tags; it makes no objects.
    loaded: dict[str, Any] = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506
    return loaded


def references(value: Any) -> set[str]:
    """Every name that a part of the template refers to, whatever the conditions."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = references(list(value.values()))
    match value:
        case {"Ref": name}:
            found.add(name)
        case {"Fn::GetAtt": [name, *_]}:
            found.add(name)
        case {"Fn::Sub": text}:
            found |= {name.partition(".")[0] for name in _VARIABLE.findall(text if isinstance(text, str) else text[0])}
    return found


def needs(resources: dict[str, Any], name: str) -> set[str]:
    """Every resource that is there before this one, and goes after it."""
    found: set[str] = set()
    left = [name]
    while left:
        resource = resources[left.pop()]
        depends = resource.get("DependsOn", [])
        direct = references(resource) | set([depends] if isinstance(depends, str) else depends)
        new = (direct & resources.keys()) - found
        found |= new
        left += new
    return found


class Values:
    """What parameters and attributes stand for, and which conditions hold."""

    def __init__(self, names: dict[str, str], conditions: dict[str, bool]) -> None:
        self._names = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"} | names
        self._conditions = conditions

    def resolve(self, value: Any) -> Any:
        """A part of the template as CloudFormation makes it."""
        match value:
            case list():
                return [item for item in map(self.resolve, value) if item is not _NOTHING]
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": name}:
                return self._names[name]
            case {"Fn::GetAtt": [name, attribute]}:
                return self._names[f"{name}.{attribute}"]
            case {"Fn::Sub": [text, given]}:
                names = self._names | self.resolve(given)
                return _VARIABLE.sub(lambda found: names[found[1]], text)
            case {"Fn::Sub": text}:
                return _VARIABLE.sub(lambda found: self._names[found[1]], text)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.resolve(then if self._conditions[condition] else otherwise)
            case dict():
                made = {key: self.resolve(item) for key, item in value.items()}
                return {key: item for key, item in made.items() if item is not _NOTHING}
        return value

    def policies(self) -> dict[str, dict[str, Any]]:
        """The documents of the template, by resource and name."""
        found = {}
        for name, resource in load()["Resources"].items():
            properties = resource.get("Properties", {})
            for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
                found[f"{name} {policy['PolicyName']}"] = self.resolve(policy["PolicyDocument"])
            if resource["Type"] == "AWS::IAM::Policy":
                found[f"{name} {properties['PolicyName']}"] = self.resolve(properties["PolicyDocument"])
        return found


def as_in_examples() -> Values:
    """The placeholders of the examples, and every statement that there can be."""
    names = {
        "AWS::Region": "REGION",
        "AWS::AccountId": "ACCOUNT",
        "ClusterName": "CLUSTER",
        "StackBucket": "BUCKET",
        "Key.Arn": "arn:aws:kms:REGION:ACCOUNT:key/KEY",
        "LogGroup.Arn": "arn:aws:logs:REGION:ACCOUNT:log-group:/swarmlet/CLUSTER:*",
    }
    return Values(names, dict.fromkeys(load()["Conditions"], True))


def documents() -> dict[str, dict[str, Any]]:
    """All policies of template and examples, with values that could be an account's."""
    all_of_them = as_in_examples().policies()
    all_of_them |= {f"{path.name}": json.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*.json"))}
    values = {
        "REGION": "us-east-1",
        "ACCOUNT": "123456789012",
        "CLUSTER": "demo",
        "BUCKET": "demo-stacks",
        "KEY": "12345678-90ab-cdef-1234-567890abcdef",
    }
    placeholder = re.compile(r"\b(" + "|".join(values) + r")\b")
    return {
        name: json.loads(placeholder.sub(lambda found: values[found[1]], json.dumps(document)))
        for name, document in all_of_them.items()
    }
