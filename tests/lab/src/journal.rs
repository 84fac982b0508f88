//! The control plane's journal of requests.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// One request to an AWS service or to the metadata service.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Request {
    /// When, in seconds since 1970.
    #[serde(rename = "t")]
    pub time: f64,
    /// `ssm`, `ec2`, `imds` and so on.
    pub service: String,
    /// The API's action; for IMDS `GET` or `PUT`.
    pub action: String,
    /// What it was about: a parameter's name, a metadata path, instance ids.
    #[serde(default)]
    pub target: String,
    /// The instance it came from, by its address.
    #[serde(default)]
    pub instance: Option<String>,
    /// The IAM role it was signed for.
    #[serde(default)]
    pub role: Option<String>,
    /// HTTP status of the answer; none where no answer was given.
    pub status: Option<u16>,
    /// Error code of the answer.
    #[serde(default)]
    pub error: Option<String>,
    /// Milliseconds until the answer.
    #[serde(default)]
    pub ms: f64,
}

impl Request {
    /// Whether it went to AWS proper: the metadata service is the instance's own.
    pub fn is_aws(&self) -> bool {
        self.service != "imds"
    }
}

/// Which requests are wanted; those of all services at first.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    service: Option<String>,
    action: Option<String>,
    instance: Option<String>,
    target: Option<String>,
}

impl Requests {
    /// Only those to this service.
    pub fn to(service: &str) -> Self {
        Self {
            service: Some(service.to_owned()),
            ..Self::default()
        }
    }

    /// Only this action.
    #[must_use]
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// Only those from this instance.
    #[must_use]
    pub fn instance(mut self, id: &str) -> Self {
        self.instance = Some(id.to_owned());
        self
    }

    /// Only those about this name, id or hook's result.
    #[must_use]
    pub fn target(mut self, name: &str) -> Self {
        self.target = Some(name.to_owned());
        self
    }

    pub(crate) fn want(&self, request: &Request) -> bool {
        let is = |wanted: &Option<String>, have: &str| wanted.as_ref().is_none_or(|w| w == have);
        let about = |wanted: &str| request.target.split(',').any(|name| name == wanted);
        is(&self.service, &request.service)
            && is(&self.action, &request.action)
            && is(
                &self.instance,
                request.instance.as_deref().unwrap_or_default(),
            )
            && self.target.as_deref().is_none_or(about)
    }
}

/// All requests so far, oldest first.
pub(crate) fn read(file: &Path) -> Result<Vec<Request>> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the journal {}", file.display()))?;
    parse(&text).with_context(|| format!("cannot read the journal {}", file.display()))
}

/// A last line without its end is still being written.
fn parse(text: &str) -> Result<Vec<Request>> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("bad line: {line}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"t":1700000000.5,"service":"ssm","action":"GetParameter","target":"/swarmlet/a/ticket","instance":"i-1","role":"a-worker","status":200,"error":null,"ms":3}"#;

    #[test]
    fn reads_lines_and_leaves_a_half_written_one() {
        let requests = parse(&format!("{LINE}\n{}", &LINE[..40])).expect("readable");
        assert_eq!(requests.len(), 1);
        assert!(requests[0].is_aws());
        assert_eq!(requests[0].target, "/swarmlet/a/ticket");
    }

    #[test]
    fn requests_are_found_by_what_is_known_of_them() {
        let request = &parse(&format!("{LINE}\n")).expect("readable")[0];
        assert!(Requests::default().want(request));
        let reads = Requests::to("ssm").action("GetParameter");
        assert!(reads.clone().instance("i-1").want(request));
        assert!(reads.clone().target("/swarmlet/a/ticket").want(request));
        assert!(!reads.instance("i-2").want(request));
        assert!(!Requests::to("ec2").want(request));
    }

    #[test]
    fn a_broken_line_is_an_error() {
        assert!(parse("{}\n").is_err());
    }
}
