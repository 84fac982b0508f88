//! By which ways AWS is reached: addresses, proxies, authorities.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::url::{URL_RULE, is_url};
use super::{Report, check};
use crate::config::fragment::Aws;
use aws::authorities;
use aws::{Endpoints, Exceptions, Proxies, Proxy};

const OWN_RULE: &str = "cannot be used with an address of your own, here for %, as in AWS's own tools: name such an \
                        address there and leave this out, or set aws.ignore_endpoint_urls";
const PROXY_RULE: &str = "is no proxy that can be used: write http://host:port or https://host:port, or with \
                          user:password@ before the host and what is special in them escaped as %40";

/// The address of each service; none where AWS's own is asked.
pub(super) fn endpoints(from: &Aws, report: &mut Report) -> Option<Endpoints> {
    let schemes = ["http://", "https://"];
    if let Some(url) = &from.endpoint_url {
        check(is_url(url, &schemes), "aws.endpoint_url", URL_RULE, report);
    }
    for (name, url) in from.endpoints.set() {
        let key = format!("aws.endpoints.{name}");
        check(is_url(url, &schemes), &key, URL_RULE, report);
    }
    if from.ignore_endpoint_urls? {
        return Some(Endpoints::default());
    }
    let endpoints = from.endpoints.clone().or(from.endpoint_url.as_deref());
    let own = endpoints.set().next().map(|(name, _)| name);
    for (key, is_on) in [
        ("aws.use_fips", from.use_fips?),
        ("aws.use_dualstack", from.use_dualstack?),
    ] {
        if let (Some(name), true) = (own, is_on) {
            report(key, &OWN_RULE.replace('%', name));
        }
    }
    Some(endpoints)
}

pub(super) fn proxies(from: &Aws, report: &mut Report) -> Proxies {
    let mut proxy = |key: &str, text: &Option<SecretString>| -> Option<Proxy> {
        let proxy = text.as_ref()?.expose_secret().trim().parse().ok();
        check(proxy.is_some(), key, PROXY_RULE, report);
        proxy
    };
    let http = proxy("aws.http_proxy", &from.http_proxy);
    let https = proxy("aws.https_proxy", &from.https_proxy);
    let exceptions = from.no_proxy.as_deref().unwrap_or_default();
    let exceptions = exceptions.parse::<Exceptions>().unwrap_or_else(|entry| {
        let cause = format!(
            "{entry:?} is no host: write names, addresses and blocks like 10.0.0.0/8, with commas between them"
        );
        report("aws.no_proxy", &cause);
        Exceptions::default()
    });
    Proxies {
        http,
        https,
        exceptions,
    }
}

/// A file that cannot be used must not end as "nobody is trusted", at the first call.
pub(super) fn bundle(path: Option<&Path>, report: &mut Report) {
    let Some(path) = path else { return };
    if !path.is_absolute() {
        return report("aws.ca_bundle", "is no absolute path: start it with \"/\"");
    }
    if let Err(cause) = authorities(path) {
        report("aws.ca_bundle", &cause);
    }
}
