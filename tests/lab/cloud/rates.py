"""How many requests an account may make: token buckets, shared by everybody in the lab."""

from __future__ import annotations

import threading

from .faults import Bucket
from .request import ApiRequest

# "The token bucket size for a non-mutating API action is 100 tokens, and the refill rate 20 a second", each action by itself
# (EC2's developer guide, Request throttling).
_EC2_SIZE, _EC2_RATE = 100.0, 20.0
# Parameter Store's default throughput, shared by these (Systems Manager's quotas).
_SSM_RATE = 40.0
_SSM_ACTIONS = ("GetParameter", "GetParameters", "GetParametersByPath", "PutParameter")


class Rates:
    """The buckets of the account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def allow(self, request: ApiRequest) -> bool:
        """Takes a token for a request; False where there is none left."""
        if request.service == "ec2" and request.action.startswith("Describe"):
            name, rate, size = f"ec2 {request.action}", _EC2_RATE, _EC2_SIZE
        elif request.service == "ssm" and request.action in _SSM_ACTIONS:
            name, rate, size = "ssm", _SSM_RATE, _SSM_RATE
        else:
            return True
        with self._lock:
            return self._buckets.setdefault(name, Bucket(rate, size)).take()
