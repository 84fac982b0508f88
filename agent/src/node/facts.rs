//! What instance metadata says about the instance itself.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::IdentifyError;
use crate::cloud::imds::{Metadata, MetadataError};

const DOCUMENT: &str = "dynamic/instance-identity/document";
const MAC: &str = "meta-data/mac";
const BLOCKS: &str = "meta-data/network/interfaces/macs/<mac>/vpc-ipv4-cidr-blocks";

/// What no tag and no setting can change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    pub(super) instance_id: String,
    pub(super) region: String,
    pub(super) zone: String,
    pub(super) instance_type: String,
    pub(super) private_ip: Ipv4Addr,
}

/// The instance identity document, as far as it is of use here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    instance_id: String,
    region: String,
    availability_zone: String,
    instance_type: String,
    private_ip: Ipv4Addr,
}

pub(super) async fn read(metadata: &impl Metadata) -> Result<Facts, IdentifyError> {
    let document = document(metadata).await?;
    Ok(Facts {
        instance_id: document.instance_id,
        region: document.region,
        zone: document.availability_zone,
        instance_type: document.instance_type,
        private_ip: document.private_ip,
    })
}

async fn document(metadata: &impl Metadata) -> Result<Document, IdentifyError> {
    let text = shown(DOCUMENT, metadata.get(DOCUMENT).await)?;
    serde_json::from_str(&text).map_err(|cause| not_understood(DOCUMENT, &cause))
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
