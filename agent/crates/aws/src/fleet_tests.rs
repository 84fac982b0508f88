use aws_sdk_ec2::types::{
    InstanceIpv4Prefix, InstanceIpv6Address, InstanceIpv6Prefix,
    InstanceNetworkInterfaceAttachment, InstancePrivateIpAddress,
};

use super::*;

fn interface(primary: &str, status: AttachmentStatus) -> InstanceNetworkInterface {
    let attachment = InstanceNetworkInterfaceAttachment::builder().status(status);
    let address = |ip: &str| {
        InstancePrivateIpAddress::builder()
            .private_ip_address(ip)
            .build()
    };
    InstanceNetworkInterface::builder()
        .attachment(attachment.build())
        .private_ip_address(primary)
        .private_ip_addresses(address(primary))
        .private_ip_addresses(address("10.0.2.9"))
        .ipv6_addresses(
            InstanceIpv6Address::builder()
                .ipv6_address("fd00::9")
                .build(),
        )
        .ipv4_prefixes(
            InstanceIpv4Prefix::builder()
                .ipv4_prefix("10.0.4.16/28")
                .build(),
        )
        .ipv6_prefixes(
            InstanceIpv6Prefix::builder()
                .ipv6_prefix("fd00:0:0:1::/80")
                .build(),
        )
        .build()
}

#[test]
fn addresses_are_those_of_all_attached_interfaces_each_once() {
    let described = Described::builder()
        .private_ip_address("10.0.0.4")
        .network_interfaces(interface("10.0.0.4", AttachmentStatus::Attached))
        .network_interfaces(interface("10.0.1.4", AttachmentStatus::Attaching))
        .network_interfaces(interface("10.0.5.4", AttachmentStatus::Detaching))
        .build();
    let told: Vec<String> = addresses(&described)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "10.0.0.4/32",
            "10.0.2.9/32",
            "fd00::9/128",
            "10.0.4.16/28",
            "fd00:0:0:1::/80",
            "10.0.1.4/32"
        ]
    );
    assert!(addresses(&Described::builder().build()).is_empty());
}
