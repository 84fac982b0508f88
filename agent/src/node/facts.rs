//! What instance metadata says about the instance itself.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

use super::IdentifyError;
use aws::imds::{Metadata, MetadataError};

const DOCUMENT: &str = "dynamic/instance-identity/document";
const MAC: &str = "meta-data/mac";
const BLOCKS: &str = "meta-data/network/interfaces/macs/<mac>/vpc-ipv4-cidr-blocks";

/// What no tag and no setting can change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    pub(super) instance_id: String,
    pub(super) account: Option<String>,
    pub(super) region: String,
    pub(super) zone: String,
    pub(super) instance_type: String,
    pub(super) private_ip: Ipv4Addr,
}

pub(super) async fn read(metadata: &impl Metadata) -> Result<Facts, IdentifyError> {
    let text = shown(DOCUMENT, metadata.get(DOCUMENT).await)?;
    // What is no JSON may be anybody's answer, and another one comes.
    let document: Map<String, Value> =
        serde_json::from_str(&text).map_err(|cause| not_understood(DOCUMENT, &cause))?;
    let instance_id = member(&document, "instanceId")?;
    let private_ip = private_ip(&instance_id, &document)?;
    Ok(Facts {
        private_ip,
        account: member(&document, "accountId").ok(),
        region: member(&document, "region")?,
        zone: member(&document, "availabilityZone")?,
        instance_type: member(&document, "instanceType")?,
        instance_id,
    })
}

/// Something that EC2 writes into every instance's document: one without it is not EC2's, and stays so.
fn member(document: &Map<String, Value>, key: &'static str) -> Result<String, IdentifyError> {
    let text = document.get(key).and_then(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or(IdentifyError::Incomplete(key))
}

/// Missing, or null, where the instance's subnet has no IPv4 addresses: that is so for its whole life.
fn private_ip(instance_id: &str, document: &Map<String, Value>) -> Result<Ipv4Addr, IdentifyError> {
    let found = document.get("privateIp").and_then(Value::as_str);
    found
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| IdentifyError::NoIpv4(instance_id.to_owned()))
}

/// The VPC's address blocks, from the primary network interface.
pub(super) async fn blocks(metadata: &impl Metadata) -> Result<Vec<Ipv4Net>, IdentifyError> {
    let mac = shown(MAC, metadata.get(MAC).await)?;
    let path = BLOCKS.replace("<mac>", mac.trim());
    let text = shown(BLOCKS, metadata.get(&path).await)?;
    text.split_whitespace()
        .map(|block| {
            block
                .parse()
                .map_err(|_| not_understood(BLOCKS, &format!("{block:?} is no address block")))
        })
        .collect()
}

fn shown(
    path: &'static str,
    answer: Result<Option<String>, MetadataError>,
) -> Result<String, IdentifyError> {
    answer?.ok_or(IdentifyError::NotShown(path))
}

fn not_understood(path: &'static str, cause: &impl ToString) -> IdentifyError {
    IdentifyError::NotUnderstood {
        path,
        cause: cause.to_string(),
    }
}
