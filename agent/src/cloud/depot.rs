//! Where what runs on the swarm comes from: files in S3, and passwords of ECR.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;

use aws_smithy_http_client::Connector;
use secrecy::SecretString;
use serde::Deserialize;

use super::refusal::by_code;
use super::signed::{Answer, Call, connector, send};
use super::{Aws, CloudError};

/// No stack's file is larger.
pub const LARGEST: usize = 256 * 1024;
const GET_OBJECT: &str = "s3:GetObject";
const GET_TOKEN: &str = "ecr:GetAuthorizationToken";

/// Where an object is: `s3://bucket/key`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    bucket: String,
    key: String,
}

impl FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (bucket, key) = text
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(())?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let is_good = !bucket.is_empty() && bucket.chars().all(allowed) && !key.is_empty();
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        is_good.then_some(Self { bucket, key }).ok_or(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What became of a look at an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fetched {
    /// What is in it, and S3's mark of this content.
    New {
        /// The text.
        text: String,
        /// The mark (`ETag`).
        mark: String,
    },
    /// The same as when it was marked so.
    Same,
    /// There is none.
    Missing,
}

/// A password of all registries of a region that the role may pull from.
#[derive(Clone, Debug)]
pub struct RoleLogin {
    /// User and password in base64.
    pub encoded: SecretString,
    /// Until when it is good, in seconds since the Unix epoch.
    pub expires: u64,
}

/// S3 and ECR as the agent needs them.
pub trait Depot {
    /// An object, if it is another one than `known` marks (`s3:GetObject`).
    async fn object(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError>;

    /// A password for the registries of a region (`ecr:GetAuthorizationToken`).
    async fn role_login(&self, region: &str) -> Result<RoleLogin, CloudError>;
}

/// The real ones.
#[derive(Debug)]
pub struct AwsDepot {
    aws: Aws,
    connector: OnceCell<Connector>,
}

impl AwsDepot {
    /// Signs with the instance's role; nothing is opened yet.
    pub fn new(aws: &Aws) -> Self {
        Self {
            aws: aws.clone(),
            connector: OnceCell::new(),
        }
    }

    async fn send(&self, call: &Call<'_>) -> Result<Answer, CloudError> {
        let connector = self.connector.get_or_init(connector);
        send(&self.aws, connector, call, LARGEST).await
    }

    fn base(&self, service: &str, region: &str) -> String {
        let set = self.aws.endpoint_url.as_deref();
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        set.map_or_else(
            || format!("https://{service}.{region}.{domain}"),
            |set| set.trim_end_matches('/').to_owned(),
        )
    }

    async fn get(
        &self,
        address: &Address,
        known: Option<&str>,
        region: &str,
    ) -> Result<Answer, CloudError> {
        let (base, key) = (self.base("s3", region), escaped(&address.key));
        let known = known.map(|mark| ("if-none-match", mark.to_owned()));
        self.send(&Call {
            action: GET_OBJECT,
            resource: &address.to_string(),
            service: "s3",
            region,
            method: "GET",
            url: format!("{base}/{}/{key}", address.bucket),
            headers: known.into_iter().collect(),
            body: "",
        })
        .await
    }
}

impl Depot for AwsDepot {
    async fn object(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError> {
        let own = self.aws.region.as_ref().to_owned();
        let mut answer = self.get(address, known, &own).await?;
        // S3 says where the bucket really is.
        if let (300..=399, Some(region)) = (answer.status, answer.header("x-amz-bucket-region"))
            && answer.status != 304
            && region != own
        {
            let region = region.to_owned();
            answer = self.get(address, known, &region).await?;
        }
        fetched(address, answer)
    }

    async fn role_login(&self, region: &str) -> Result<RoleLogin, CloudError> {
        let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
        let call = Call {
            action: GET_TOKEN,
            resource: "*",
            service: "ecr",
            region,
            method: "POST",
            url: format!("{}/", self.base("api.ecr", region)),
            headers: vec![
                ("x-amz-target", target.to_owned()),
                ("content-type", "application/x-amz-json-1.1".to_owned()),
            ],
            body: "{}",
        };
        role_login(&self.send(&call).await?)
    }
}

fn fetched(address: &Address, answer: Answer) -> Result<Fetched, CloudError> {
    let mark = answer.header("etag").unwrap_or_default().to_owned();
    let text = String::from_utf8(answer.body).map_err(|_| CloudError::Failed {
        action: GET_OBJECT,
        cause: format!("{address} is no text"),
    })?;
    match answer.status {
        200 => Ok(Fetched::New { text, mark }),
        304 => Ok(Fetched::Same),
        404 => Ok(Fetched::Missing),
        status => {
            let code = within(&text, "Code").map_or_else(|| status.to_string(), str::to_owned);
            let message = within(&text, "Message").unwrap_or_default();
            Err(by_code(GET_OBJECT, &address.to_string(), &code, message))
        }
    }
}

/// The text of one element of S3's answers.
fn within<'a>(text: &'a str, element: &str) -> Option<&'a str> {
    let rest = text.split_once(&format!("<{element}>"))?.1;
    Some(rest.split_once(&format!("</{element}>"))?.0)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    authorization_data: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    authorization_token: SecretString,
    expires_at: f64,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

fn role_login(answer: &Answer) -> Result<RoleLogin, CloudError> {
    if answer.status != 200 {
        let refused = serde_json::from_slice::<Refused>(&answer.body);
        let (kind, message) = refused.map_or_else(
            |_| (answer.status.to_string(), String::new()),
            |refused| (refused.kind, refused.message),
        );
        let code = kind.rsplit('#').next().unwrap_or_default();
        return Err(by_code(GET_TOKEN, "*", code, &message));
    }
    // The parser's own message could quote the password.
    let tokens: Option<Tokens> = serde_json::from_slice(&answer.body).ok();
    let token = tokens.and_then(|tokens| tokens.authorization_data.into_iter().next());
    let token = token.ok_or_else(|| CloudError::Failed {
        action: GET_TOKEN,
        cause: "the answer has no token".into(),
    })?;
    Ok(RoleLogin {
        encoded: token.authorization_token,
        expires: seconds(token.expires_at),
    })
}

/// A time as JSON has it, in whole seconds.
fn seconds(time: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(time).map_or(0, |time| time.as_secs())
}

/// A key in a URL: all but slashes and what needs no escape.
fn escaped(key: &str) -> String {
    use fmt::Write;
    key.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            other => drop(write!(text, "%{other:02X}")),
        }
        text
    })
}

#[cfg(test)]
#[path = "depot_tests.rs"]
mod tests;
