"""The life of a group's member: Pending, InService, Terminating, with its hooks in between.

Without hooks a member is Pending until its instance runs, and then InService at once, whatever runs inside of it
(Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle"); it ends as by TerminateInstances.
"""

from __future__ import annotations

import time
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from . import ACCOUNT, REGION, hooks

# What counts for a group's capacity: one on its way in does, one on its way out does not.
ACTIVE = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
_TARGETS = {"Pending": "InService", "InService": "InService", "Standby": "Standby", "Terminating": "Terminated"}


def members() -> dict[str, Any]:
    """The members of all groups, by instance id."""
    groups = autoscaling_backends[ACCOUNT][REGION].autoscaling_groups
    return {state.instance.id: state for group in groups.values() for state in group.instance_states}


def target_state(instance_id: str) -> str | None:
    """Where a member is going, as its metadata tells; None for an instance of no group."""
    state = members().get(instance_id)
    return _TARGETS.get(state.lifecycle_state.partition(":")[0]) if state else None


def is_leaving(state: Any) -> bool:
    """Whether a member is on its way out."""
    return str(state.lifecycle_state).startswith("Terminating")


def template_of(group: Any) -> dict[str, Any] | None:
    """The launch template that the group would launch from now, its version as a number."""
    template = group.ec2_launch_template
    if template is None:
        return None
    version = str(template.get_version(group.launch_template_version).number)
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": version}


def launched(group: Any, state: Any) -> None:
    """Takes a new instance into its group, which waits for its launching hooks."""

    def done(result: str) -> None:
        if result == "ABANDON":
            retire(group, state)
        else:
            state.lifecycle_state = "Pending:Proceed"

    hooks.begin(group, state, hooks.LAUNCHING, done)


def admit(group: Any) -> None:
    """Puts those in service that run and wait for no launching hook, at the next look after they do."""
    for state in group.instance_states:
        if state.lifecycle_state in ("Pending", "Pending:Proceed") and state.instance.state == "running":
            _put_in_service(state)


def retire(group: Any, state: Any) -> None:
    """Ends a member of a group: at once, or after its terminating hooks, also one that never was in service."""
    if is_leaving(state):
        return
    hooks.cancel(state.instance.id)
    running = state.instance.state == "running"
    if not running or not hooks.begin(group, state, hooks.TERMINATING, lambda _: finish(group, state)):
        finish(group, state)


def drop(group: Any, state: Any) -> None:
    """Takes an ended instance out of its group."""
    hooks.cancel(state.instance.id)
    group.instance_states = [s for s in group.instance_states if s is not state]


def finish(group: Any, state: Any) -> None:
    """Ends a member now."""
    drop(group, state)
    if state.instance.state != "terminated":
        group.ec2_backend.terminate_instances([state.instance.id])


def end(group: Any, state: Any) -> None:
    """Ends a member now, which stays in its group until Auto Scaling sees that it has ended."""
    state.lifecycle_state = "Terminating"
    if state.instance.state != "terminated":
        group.ec2_backend.terminate_instances([state.instance.id])


def _put_in_service(state: Any) -> None:
    state.lifecycle_state = "InService"
    state.in_service_since = time.monotonic()
