//! What reaches AWS and the instance metadata service.

use std::time::Duration;

use aws::ClientSettings;

use super::url::{URL_RULE, is_url};
use super::{Report, check, ways};
use crate::config::fragment::{Aws, Metadata};
use crate::config::{AwsSettings, MetadataSettings, is_kms_key};

const PREFIX_RULE: &str = "is no parameter path: start it with \"/\", end it with a name of letters, digits, \
                           \"-\", \"_\" and \".\", and not with /aws or /ssm first";

pub(super) fn aws(from: Aws, report: &mut Report) -> Option<AwsSettings> {
    let parameter_prefix = from.parameter_prefix.clone()?;
    check(
        is_prefix(&parameter_prefix),
        "aws.parameter_prefix",
        PREFIX_RULE,
        report,
    );
    if let Some(region) = &from.region {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_region = !region.is_empty() && region.chars().all(allowed);
        check(
            is_region,
            "aws.region",
            "is no region name: write it like \"us-east-1\"",
            report,
        );
    }
    let (use_fips, use_dualstack) = (from.use_fips?, from.use_dualstack?);
    let endpoints = ways::endpoints(&from, report)?;
    let proxies = ways::proxies(&from, report);
    ways::bundle(from.ca_bundle.as_deref(), report);
    if let Some(key) = &from.kms_key {
        check(
            is_kms_key(&key.replace("{cluster}", "c")),
            "aws.kms_key",
            "is no key id, alias or ARN; only {cluster} is replaced in it",
            report,
        );
    }
    Some(AwsSettings {
        client: ClientSettings {
            region: from.region,
            endpoints,
            use_fips,
            use_dualstack,
            ca_bundle: from.ca_bundle,
            proxies,
        },
        parameter_prefix,
        kms_key: from.kms_key,
    })
}

fn is_prefix(prefix: &str) -> bool {
    let is_word = |word: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !word.is_empty() && word.chars().all(allowed)
    };
    let Some(names) = prefix.strip_prefix('/') else {
        return false;
    };
    names.split('/').all(is_word) && !names.starts_with("aws") && !names.starts_with("ssm")
}

pub(super) fn metadata(from: Metadata, report: &mut Report) -> Option<MetadataSettings> {
    let (request_timeout, budget) = (from.request_timeout?, from.budget?);
    check(
        request_timeout > Duration::ZERO,
        "metadata.request_timeout",
        "must be longer than nothing",
        report,
    );
    check(
        budget >= request_timeout,
        "metadata.budget",
        "must not be shorter than metadata.request_timeout",
        report,
    );
    if let Some(url) = &from.endpoint {
        check(
            is_url(url, &["http://"]),
            "metadata.endpoint",
            URL_RULE,
            report,
        );
    }
    Some(MetadataSettings {
        endpoint: from.endpoint,
        endpoint_mode: from.endpoint_mode?,
        request_timeout,
        budget,
    })
}
