"""Network interfaces: the prefixes that moto does not know, and all addresses that are an instance's own."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from .patching import add, replace

_assign_four = ElasticNetworkInterfaces.assign_private_ip_addresses
_assign_six = ElasticNetworkInterfaces.assign_ipv6_addresses
# By the interface's id: moto's own record has no place for them.
_prefixes: dict[str, list[str]] = {}


def install() -> None:
    """Puts the changes into moto."""
    replace(
        ElasticNetworkInterfaces,
        assign_private_ip_addresses=_assign_private_ip_addresses,
        assign_ipv6_addresses=_assign_ipv6_addresses,
    )
    add(
        NetworkInterface,
        ipv4_prefixes=property(lambda self: [{"Ipv4Prefix": prefix} for prefix in prefixes(self, 4)]),
        ipv6_prefixes=property(lambda self: [{"Ipv6Prefix": prefix} for prefix in prefixes(self, 6)]),
    )


def prefixes(interface: Any, version: int) -> list[str]:
    """The prefixes of one version of IP that are delegated to an interface."""
    return [p for p in _prefixes.get(interface.id, []) if ipaddress.ip_network(p).version == version]


def addresses(interface: Any) -> list[str]:
    """An interface's private IPv4 addresses, the primary one first."""
    others = [item["PrivateIpAddress"] for item in interface.private_ip_addresses]
    return list(dict.fromkeys([interface.private_ip_address, *others]))


def has_address(instance: Any, address: str) -> bool:
    """Whether an address is the instance's own, on whichever interface."""
    found = ipaddress.ip_address(address)
    return any(
        address in addresses(nic)
        or address in nic.ipv6_addresses
        or any(found in ipaddress.ip_network(prefix) for prefix in prefixes(nic, found.version))
        for nic in instance.nics.values()
    )


def _assign_private_ip_addresses(self: Any) -> Any:
    _delegate(self, self._get_param("Ipv4Prefixes", []))
    return _assign_four(self)


def _assign_ipv6_addresses(self: Any) -> Any:
    _delegate(self, self._get_param("Ipv6Prefixes", []))
    return _assign_six(self)


def _delegate(response: Any, wanted: list[str]) -> None:
    interface = response.ec2_backend.get_network_interface(response._get_param("NetworkInterfaceId"))
    own = _prefixes.setdefault(interface.id, [])
    own.extend(str(ipaddress.ip_network(prefix)) for prefix in wanted if prefix not in own)
