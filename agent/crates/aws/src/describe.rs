//! `DescribeInstances`, all of its pages, and in a way that the failure of one zone does not take EC2's word away.
//!
//! The API reference: while a zone is disrupted the call fails where ids of that zone are given, or no ids at all, and a
//! filter is no id; with ids of other zones only it works. So the usual call is one with a filter, which an unknown id
//! does not fail; and where that fails, each zone is asked about on its own, with ids.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use aws_sdk_ec2::operation::describe_instances::builders::DescribeInstancesFluentBuilder;
use aws_sdk_ec2::types::Filter;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::join_all;

use super::CloudError;
use super::fleet::{Ec2, Word, instance};
use super::refusal::sort;
use protocol::{Told, is_instance_id};

const ACTION: &str = "ec2:DescribeInstances";
/// EC2 names all ids that it does not know at once; more often it is not asked again.
const MOST_TRIES: usize = 3;

impl Ec2 {
    pub(super) async fn described(&self, asker: &str, ids: &[String]) -> Result<Word, CloudError> {
        let (mut wanted, malformed): (BTreeSet<String>, BTreeSet<String>) =
            ids.iter().cloned().partition(|id| is_instance_id(id));
        wanted.insert(asker.to_owned());
        let wanted: Vec<String> = wanted.into_iter().collect();
        let mut word = match self.filtered(&wanted).await {
            Ok(known) => Word::from(known),
            Err(error @ (CloudError::Refused { .. } | CloudError::Failed { .. })) => {
                self.zone_by_zone(asker, &wanted, error).await?
            }
            Err(error) => return Err(error),
        };
        self.zones
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .learn(&word.known);
        word.silent.extend(malformed);
        Ok(word)
    }

    async fn filtered(&self, ids: &[String]) -> Result<Vec<Told>, CloudError> {
        let filter = Filter::builder().name("instance-id");
        let filter = filter.set_values(Some(ids.to_vec())).build();
        let request = self.client.describe_instances().filters(filter);
        let answer = pages(request.max_results(1000), ids).await;
        answer.map_err(|(error, _)| error)
    }

    /// Each portion holds the asker. Whose call fails, says nothing; where all fail, `cause` is why.
    async fn zone_by_zone(
        &self,
        asker: &str,
        ids: &[String],
        cause: CloudError,
    ) -> Result<Word, CloudError> {
        let others: Vec<String> = ids.iter().filter(|id| *id != asker).cloned().collect();
        let mut portions = self
            .zones
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .portions(&others);
        if portions.is_empty() {
            portions.push(Vec::new());
        }
        let answers = join_all(portions.iter().map(|portion| self.by_ids(asker, portion))).await;
        let mut word = Word {
            known: Vec::new(),
            silent: others.into_iter().collect(),
        };
        for (portion, answer) in portions.iter().zip(answers) {
            let Ok(known) = answer else { continue };
            word.silent.retain(|id| !portion.contains(id));
            let news = known.into_iter().filter(|i| !word.knows(&i.id));
            let news: Vec<_> = news.collect();
            word.known.extend(news);
        }
        if word.knows(asker) {
            return Ok(word);
        }
        Err(cause)
    }

    /// One call with ids. Those that EC2 does not know it names, and refuses the call: it is made again without them.
    async fn by_ids(&self, asker: &str, ids: &[String]) -> Result<Vec<Told>, CloudError> {
        let mut wanted: Vec<String> = ids.to_vec();
        wanted.push(asker.to_owned());
        for _ in 1..MOST_TRIES {
            match self.with_ids(&wanted).await {
                Err((_, unknown)) if wanted.iter().any(|id| unknown.contains(id)) => {
                    wanted.retain(|id| !unknown.contains(id));
                }
                answer => return answer.map_err(|(error, _)| error),
            }
        }
        self.with_ids(&wanted).await.map_err(|(error, _)| error)
    }

    async fn with_ids(&self, ids: &[String]) -> Result<Vec<Told>, Refused> {
        let request = self.client.describe_instances();
        pages(request.set_instance_ids(Some(ids.to_vec())), ids).await
    }
}

/// An error, and the ids that EC2 does not know.
type Refused = (CloudError, BTreeSet<String>);

/// All of an answer, or none of it.
async fn pages(
    request: DescribeInstancesFluentBuilder,
    ids: &[String],
) -> Result<Vec<Told>, Refused> {
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            let refusal = error.as_service_error();
            let unknown = refusal.map(|refusal| named(refusal.code(), refusal.message()));
            let error = sort(ACTION, &ids.join(", "), &error);
            (error, unknown.unwrap_or_default())
        })?;
        let reservations = page.reservations.unwrap_or_default().into_iter();
        let instances = reservations.flat_map(|r| r.instances.unwrap_or_default());
        found.extend(instances.filter_map(instance));
    }
    Ok(found)
}

/// The ids in "The instance IDs 'i-…, i-…' do not exist".
fn named(code: Option<&str>, message: Option<&str>) -> BTreeSet<String> {
    if code != Some("InvalidInstanceID.NotFound") {
        return BTreeSet::new();
    }
    let message = message.unwrap_or_default();
    let words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let ids = words.filter(|word| is_instance_id(word));
    ids.map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
