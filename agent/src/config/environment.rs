//! Settings from environment variables.

use figment::value::{Dict, Value};

use super::error::ConfigError;
use super::fragment::SECTIONS;
use super::layer::{Layer, check};
use super::leaves;

const PREFIX: &str = "SWARMLET_";
/// Says where `/` is, before any setting is read.
pub(super) const ROOT: &str = "SWARMLET_ROOT";

/// The names that all AWS tools share (the AWS SDKs and Tools reference guide, "Settings reference"), and those of
/// proxies, which curl and Python know as well: small letters win. Later ones win; our own names override them.
const STANDARD: [(&str, &[&str]); 21] = [
    ("AWS_REGION", &["aws", "region"]),
    ("AWS_ENDPOINT_URL", &["aws", "endpoint_url"]),
    ("AWS_ENDPOINT_URL_SSM", &["aws", "endpoints", "ssm"]),
    ("AWS_ENDPOINT_URL_EC2", &["aws", "endpoints", "ec2"]),
    (
        "AWS_ENDPOINT_URL_AUTO_SCALING",
        &["aws", "endpoints", "auto_scaling"],
    ),
    ("AWS_ENDPOINT_URL_S3", &["aws", "endpoints", "s3"]),
    ("AWS_ENDPOINT_URL_ECR", &["aws", "endpoints", "ecr"]),
    (
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        &["aws", "ignore_endpoint_urls"],
    ),
    ("AWS_USE_FIPS_ENDPOINT", &["aws", "use_fips"]),
    ("AWS_USE_DUALSTACK_ENDPOINT", &["aws", "use_dualstack"]),
    ("AWS_CA_BUNDLE", &["aws", "ca_bundle"]),
    ("ALL_PROXY", &["aws", "http_proxy"]),
    ("ALL_PROXY", &["aws", "https_proxy"]),
    ("all_proxy", &["aws", "http_proxy"]),
    ("all_proxy", &["aws", "https_proxy"]),
    ("HTTP_PROXY", &["aws", "http_proxy"]),
    ("http_proxy", &["aws", "http_proxy"]),
    ("HTTPS_PROXY", &["aws", "https_proxy"]),
    ("https_proxy", &["aws", "https_proxy"]),
    ("NO_PROXY", &["aws", "no_proxy"]),
    ("no_proxy", &["aws", "no_proxy"]),
];

/// The same, for instance metadata.
const METADATA: [(&str, &[&str]); 2] = [
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        &["metadata", "endpoint"],
    ),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        &["metadata", "endpoint_mode"],
    ),
];

/// One layer for each variable that is a setting; an empty one counts as not set.
pub(super) fn layers(variables: &[(String, String)], errors: &mut Vec<ConfigError>) -> Vec<Layer> {
    let set = || variables.iter().filter(|(_, text)| !text.is_empty());
    let known = STANDARD.iter().chain(&METADATA);
    let standard = known.flat_map(|(name, path)| {
        let same = set().filter(move |(variable, _)| variable == name);
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        same.map(move |(variable, text)| (variable, path.clone(), text))
    });
    let own = set()
        .filter(|(variable, _)| variable != ROOT)
        .filter_map(|(variable, text)| {
            Some((variable, path(variable.strip_prefix(PREFIX)?), text))
        });
    standard
        .chain(own)
        .filter_map(|(variable, path, text)| layer(variable, &path, text, errors))
        .collect()
}

/// `NODE_ROLE` is `node.role`, `STATE_DIR` is `state_dir`.
fn path(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let inside = name
        .split_once('_')
        .filter(|(section, _)| SECTIONS.contains(section));
    match inside {
        Some((section, key)) => vec![section.to_owned(), key.to_owned()],
        None => vec![name],
    }
}

fn layer(
    variable: &str,
    path: &[String],
    text: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<Layer> {
    let source = format!("environment variable {variable}");
    match typed(path, text) {
        Ok(value) => {
            let mut says = Dict::new();
            leaves::put(&mut says, path, value);
            Some(Layer { source, says })
        }
        Err(cause) => {
            errors.push(ConfigError::new(&source, Some(&path.join(".")), &cause));
            None
        }
    }
}

/// The text as number, list or table where the setting is one; else as it stands.
fn typed(path: &[String], text: &str) -> Result<Value, String> {
    let plain = Value::from(text.to_owned());
    // As AWS's own tools read them.
    let truth = ["true", "false"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(text));
    let parsed: Value = truth
        .unwrap_or(text)
        .parse()
        .unwrap_or_else(|never| match never {});
    match check(path, &parsed) {
        Ok(()) => Ok(parsed),
        Err(cause) => check(path, &plain).map(|()| plain).map_err(|_| cause),
    }
}
