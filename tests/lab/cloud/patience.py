"""How long what waits for a person waits here: a refresh, and a stack's deletion, for protection to be taken back."""

from __future__ import annotations

# Auto Scaling User Guide, "Understand the default values for an instance refresh": Wait waits one hour. CloudFormation
# gives a group's deletion about as long, by the reports of stacks that were held up.
_HOUR = 3600.0

seconds = _HOUR


def limit(given: float) -> None:
    """Gives all of them another time; for tests."""
    global seconds
    seconds = given
