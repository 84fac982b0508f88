//! Other instances of the cluster with the same `Name`, by EC2's word.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, TagDescription};

use super::CloudError;
use super::fleet::Ec2;
use super::refusal::sort;

/// The IAM action.
const ACTION: &str = "ec2:DescribeTags";
/// Values of one filter.
const BATCH: usize = 200;

impl Ec2 {
    /// Whether another instance than `own` has one of these tags `Name` and the tag `key` with this value. Upper
    /// and lower case differ for EC2.
    pub async fn has_namesake(
        &self,
        own: &str,
        names: &[String],
        (key, value): (&str, &str),
    ) -> Result<bool, CloudError> {
        let found = self.tagged("Name", names, &[]).await?;
        let others: Vec<String> = found.into_iter().filter(|id| id != own).collect();
        for portion in others.chunks(BATCH) {
            let values = [value.to_owned()];
            if !self.tagged(key, &values, portion).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The instances that have a tag with one of these values, all of them or those among `ids`.
    async fn tagged(
        &self,
        key: &str,
        values: &[String],
        ids: &[String],
    ) -> Result<BTreeSet<String>, CloudError> {
        let filter = |name: &str, values: &[String]| {
            let values = Some(values.to_vec());
            Filter::builder().name(name).set_values(values).build()
        };
        let mut filters = vec![
            filter("resource-type", &["instance".to_owned()]),
            filter("key", &[key.to_owned()]),
            filter("value", values),
        ];
        if !ids.is_empty() {
            filters.push(filter("resource-id", ids));
        }
        let request = self.client.describe_tags().set_filters(Some(filters));
        let mut pages = request.into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sort(ACTION, "*", &error))?;
            let tags = page.tags.unwrap_or_default().into_iter();
            found.extend(tags.filter_map(|tag: TagDescription| tag.resource_id));
        }
        Ok(found)
    }
}
