"""cloud-init's own EC2 datasource, told that it is on AWS.

It would read that from firmware tables, which a container has not, and then ask without a session token, which the
metadata service refuses. Everything else is the original's.
"""

from __future__ import annotations

from typing import Any

from cloudinit import sources
from cloudinit.sources import DataSourceEc2 as original


class DataSourceEc2(original.DataSourceEc2):
    """With the platform's name given."""

    def _get_cloud_name(self) -> str:
        return original.CloudNames.AWS


def get_datasource_list(depends: Any) -> Any:
    """Only the one that finds a network: the machine has its address before it boots."""
    needs = (sources.DEP_FILESYSTEM, sources.DEP_NETWORK)
    return sources.list_from_depends(depends, [(DataSourceEc2, needs)])
