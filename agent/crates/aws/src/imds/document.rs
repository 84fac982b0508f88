//! What instance metadata says about the instance itself.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Metadata, MetadataError};

const DOCUMENT: &str = "dynamic/instance-identity/document";
const INSTANCE_ID: &str = "meta-data/instance-id";
const REGION: &str = "meta-data/placement/region";
const LAUNCH_INDEX: &str = "meta-data/ami-launch-index";
const MAC: &str = "meta-data/mac";
const BLOCKS: &str = "meta-data/network/interfaces/macs/<mac>/vpc-ipv4-cidr-blocks";

/// Why something that every instance has could not be read.
#[derive(Debug, Clone, Eq, PartialEq, Error)]
pub enum FactError {
    /// Metadata does not answer.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Metadata answers, but without something that every instance has.
    #[error(
        "cannot read {0} from instance metadata: it is not there (404); is this an EC2 instance?"
    )]
    NotShown(&'static str),
    /// The identity document lacks something that EC2 writes into every one.
    #[error(
        "cannot read who this instance is: the identity document of instance metadata has no {0:?}; is this an EC2 \
         instance, and does metadata.endpoint name its metadata service?"
    )]
    Incomplete(&'static str),
    /// Its subnet has no IPv4 addresses.
    #[error(
        "cannot take instance {0} into a swarm: swarm needs an IPv4 address, this subnet has none; launch it in a \
         subnet with IPv4 addresses"
    )]
    NoIpv4(String),
    /// Metadata answers with something that cannot be understood.
    #[error("cannot read {path} from instance metadata: {cause}")]
    NotUnderstood {
        /// What was read.
        path: &'static str,
        /// What is wrong with it.
        cause: String,
    },
}

/// The instance identity document: what no tag and no setting can change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// `i-…`
    pub instance_id: String,
    /// The account that it runs in, where the document says so.
    pub account: Option<String>,
    /// Its region.
    pub region: String,
    /// Its availability zone.
    pub zone: String,
    /// Its instance type.
    pub instance_type: String,
    /// Its primary private address.
    pub private_ip: Ipv4Addr,
}

/// The instance identity document.
///
/// # Errors
/// Metadata does not answer, or with something else than EC2 writes into every document.
pub async fn document(metadata: &impl Metadata) -> Result<Document, FactError> {
    let text = shown(DOCUMENT, metadata.get(DOCUMENT).await)?;
    // What is no JSON may be anybody's answer, and another one comes.
    let document: Map<String, Value> =
        serde_json::from_str(&text).map_err(|cause| not_understood(DOCUMENT, &cause))?;
    let instance_id = member(&document, "instanceId")?;
    let private_ip = private_ip(&instance_id, &document)?;
    Ok(Document {
        private_ip,
        account: member(&document, "accountId").ok(),
        region: member(&document, "region")?,
        zone: member(&document, "availabilityZone")?,
        instance_type: member(&document, "instanceType")?,
        instance_id,
    })
}

/// Something that EC2 writes into every instance's document: one without it is not EC2's, and stays so.
fn member(document: &Map<String, Value>, key: &'static str) -> Result<String, FactError> {
    let text = document.get(key).and_then(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or(FactError::Incomplete(key))
}

/// Missing, or null, where the instance's subnet has no IPv4 addresses: that is so for its whole life.
fn private_ip(instance_id: &str, document: &Map<String, Value>) -> Result<Ipv4Addr, FactError> {
    let found = document.get("privateIp").and_then(Value::as_str);
    found
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| FactError::NoIpv4(instance_id.to_owned()))
}

/// The VPC's address blocks, from the primary network interface.
///
/// # Errors
/// Metadata does not answer, or with something else than address blocks.
pub async fn vpc_blocks(metadata: &impl Metadata) -> Result<Vec<Ipv4Net>, FactError> {
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

/// The instance's region, without the rest of its document.
///
/// # Errors
/// Metadata does not answer, or has none.
pub async fn region(metadata: &impl Metadata) -> Result<String, FactError> {
    shown(REGION, metadata.get(REGION).await)
}

/// The instance's id, without the rest of its document; `None` where metadata has none.
///
/// # Errors
/// Metadata does not answer.
pub async fn instance_id(metadata: &impl Metadata) -> Result<Option<String>, MetadataError> {
    let id = metadata.get(INSTANCE_ID).await?;
    Ok(id.map(|id| id.trim().to_owned()))
}

/// How many were launched before it by the same request; `None` where metadata does not say a number.
///
/// # Errors
/// Metadata does not answer.
pub async fn launch_index(metadata: &impl Metadata) -> Result<Option<u32>, MetadataError> {
    let index = metadata.get(LAUNCH_INDEX).await?;
    Ok(index.and_then(|index| index.trim().parse().ok()))
}

fn shown(
    path: &'static str,
    answer: Result<Option<String>, MetadataError>,
) -> Result<String, FactError> {
    answer?.ok_or(FactError::NotShown(path))
}

fn not_understood(path: &'static str, cause: &impl ToString) -> FactError {
    FactError::NotUnderstood {
        path,
        cause: cause.to_string(),
    }
}
