"""Spot interruptions that somebody asks for: the one way that AWS has is its Fault Injection Service.

Of its actions only this one does anything here. The instance is told of it at once: of a rebalance recommendation too, as "the
target Spot Instance receives an instance rebalance recommendation" (FIS user guide, aws:ec2:send-spot-instance-interruptions).
"""

from __future__ import annotations

import re
from typing import Any

from moto.fis.exceptions import ResourceNotFoundException
from moto.fis.models import FISBackend

from . import notices
from .patching import replace
from .world import LOCK, ec2

_ACTION = "aws:ec2:send-spot-instance-interruptions"
# Two to fifteen minutes (the same guide).
_DURATION = re.compile(r"PT(\d+)M")
_start = FISBackend.start_experiment


def install() -> None:
    """Puts the change into moto, whose experiments do nothing."""
    replace(FISBackend, start_experiment=_start_experiment)


def _start_experiment(self: Any, client_token: str | None, experiment_template_id: str, *rest: Any, **kw: Any) -> Any:
    template = self.experiment_templates.get(experiment_template_id)
    if template is None:
        raise ResourceNotFoundException(f"Experiment template {experiment_template_id} does not exist")
    with LOCK:
        for action in template.actions.values():
            if action["actionId"] == _ACTION:
                _interrupt(template.targets[action["targets"]["SpotInstances"]], action["parameters"])
    return _start(self, client_token, experiment_template_id, *rest, **kw)


def _interrupt(target: dict[str, Any], parameters: dict[str, str]) -> None:
    minutes = _DURATION.fullmatch(parameters.get("durationBeforeInterruption", ""))
    if minutes is None:
        raise ValueError(f"cannot read the duration of {parameters}")
    for arn in target.get("resourceArns", []):
        instance = ec2().get_instance(arn.rpartition("/")[2])
        # On AWS the experiment fails for these: the target's type is a spot instance.
        if instance.lifecycle != "spot" or instance.state != "running":
            raise ValueError(f"{instance.id} is no spot instance that runs")
        notices.give({"instance": instance.id, "kind": "rebalance"})
        notices.give({"instance": instance.id, "kind": "spot", "seconds": int(minutes[1]) * 60})
