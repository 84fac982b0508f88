"""Addresses of instances: secondary ones, those of further interfaces, delegated prefixes."""

from __future__ import annotations

import unittest
from typing import Any

from .harness import BAKED, Cloud, Metadata

cloud: Cloud


def setUpModule() -> None:
    global cloud
    cloud = Cloud()


def tearDownModule() -> None:
    cloud.stop()


class Addresses(unittest.TestCase):
    def setUp(self) -> None:
        self.ec2 = cloud.client("ec2")
        launched = self.ec2.run_instances(ImageId=BAKED, MinCount=1, MaxCount=1)["Instances"][0]
        self.id = launched["InstanceId"]
        self.interface = launched["NetworkInterfaces"][0]
        self.eni = self.interface["NetworkInterfaceId"]
        self.net = self.interface["PrivateIpAddress"].rsplit(".", 2)[0]

    def interfaces(self) -> list[dict[str, Any]]:
        told = self.ec2.describe_instances(InstanceIds=[self.id])
        return list(told["Reservations"][0]["Instances"][0]["NetworkInterfaces"])

    def test_are_told_of_all_interfaces_as_by_aws(self) -> None:
        second, third = f"{self.net}.20.9", f"{self.net}.20.10"
        assign = {"NetworkInterfaceId": self.eni}
        self.ec2.assign_private_ip_addresses(**assign, PrivateIpAddresses=[second])
        self.ec2.assign_private_ip_addresses(**assign, Ipv4Prefixes=[f"{self.net}.20.16/28"])
        self.ec2.assign_ipv6_addresses(**assign, Ipv6Addresses=["fd00::9"], Ipv6Prefixes=["fd00:0:0:1::/80"])
        made = self.ec2.create_network_interface(SubnetId=self.interface["SubnetId"], PrivateIpAddress=third)
        other = made["NetworkInterface"]["NetworkInterfaceId"]
        self.ec2.attach_network_interface(NetworkInterfaceId=other, InstanceId=self.id, DeviceIndex=1)

        one, two = self.interfaces()
        primary = self.interface["PrivateIpAddress"]
        told = [(item["PrivateIpAddress"], item["Primary"]) for item in one["PrivateIpAddresses"]]
        self.assertEqual(told, [(primary, True), (second, False)])
        self.assertEqual(one["Ipv4Prefixes"], [{"Ipv4Prefix": f"{self.net}.20.16/28"}])
        self.assertEqual([item["Ipv6Address"] for item in one["Ipv6Addresses"]], ["fd00::9"])
        self.assertEqual(one["Ipv6Prefixes"], [{"Ipv6Prefix": "fd00:0:0:1::/80"}])
        self.assertEqual((two["PrivateIpAddress"], two["Attachment"]["Status"]), (third, "attached"))

        metadata = Metadata(cloud, self.id)
        self.addCleanup(metadata.connection.close)
        macs = f"network/interfaces/macs/{one['MacAddress']}"
        self.assertEqual(metadata.read(f"{macs}/local-ipv4s"), f"{primary}\n{second}")
        self.assertEqual(metadata.read(f"{macs}/ipv4-prefix"), f"{self.net}.20.16/28")
        self.assertEqual(metadata.read(f"{macs}/ipv6s"), "fd00::9")
        self.assertEqual(metadata.read(f"network/interfaces/macs/{two['MacAddress']}/local-ipv4s"), third)
        self.assertEqual(metadata.read(f"network/interfaces/macs/{two['MacAddress']}/device-number"), "1")
        self.assertEqual(metadata.read("mac"), one["MacAddress"])


if __name__ == "__main__":
    unittest.main()
