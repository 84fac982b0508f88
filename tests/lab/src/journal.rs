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
    fn a_broken_line_is_an_error() {
        assert!(parse("{}\n").is_err());
    }
}
