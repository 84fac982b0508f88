//! Where what runs on the swarm comes from: files in S3, and passwords of ECR.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_ecr::types::AuthorizationData;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_smithy_types::byte_stream::ByteStream;
use secrecy::SecretString;
use tokio::time::timeout;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::refusal::{sort, whole};
use super::{Aws, CloudError};

/// No stack's file is larger.
pub const LARGEST: usize = 256 * 1024;
/// The SDK's own limit ends when an object begins to come.
const LIMIT: Duration = Duration::from_secs(10);
const GET_OBJECT: &str = "s3:GetObject";
const GET_TOKEN: &str = "ecr:GetAuthorizationToken";
/// S3's word on where a bucket is, in its refusals.
const REGION: &str = "x-amz-bucket-region";

/// Where an object is: `s3://bucket/key`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    bucket: String,
    key: String,
}

impl Address {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The object's key in it.
    pub fn key(&self) -> &str {
        &self.key
    }
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
    /// There is none. Who may not list the bucket is told instead that access is denied.
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
    /// Whose buckets are believed: a name that was given up can be anybody's.
    owner: Option<String>,
}

impl AwsDepot {
    /// Signs with the instance's role; nothing is opened yet. `owner` is the account that buckets have to belong to,
    /// where it is known.
    pub fn new(aws: &Aws, owner: Option<&str>) -> Self {
        let (aws, owner) = (aws.clone(), owner.map(str::to_owned));
        Self { aws, owner }
    }

    async fn get(
        &self,
        address: &Address,
        known: Option<&str>,
        region: &str,
    ) -> Result<GetObjectOutput, SdkError<GetObjectError>> {
        let request = self.aws.s3(region).get_object();
        let request = request.bucket(&address.bucket).key(&address.key);
        let request = request.set_if_none_match(known.map(str::to_owned));
        request
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await
    }

    async fn fetch(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError> {
        let own = self.aws.region();
        let mut answer = self.get(address, known, own).await;
        let elsewhere = answer
            .as_ref()
            .err()
            .and_then(|error| elsewhere(error, own));
        if let Some(region) = &elsewhere {
            answer = self.get(address, known, region).await;
        }
        match answer {
            Ok(object) => read(address, object).await,
            Err(error) => refused(address, elsewhere.as_deref(), &error),
        }
    }
}

impl Depot for AwsDepot {
    async fn object(&self, address: &Address, known: Option<&str>) -> Result<Fetched, CloudError> {
        let late = || failed(address, &format!("no answer in {} s", LIMIT.as_secs()));
        timeout(LIMIT, self.fetch(address, known))
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    async fn role_login(&self, region: &str) -> Result<RoleLogin, CloudError> {
        // At the level "trace" the SDK logs what comes, and does not know that this is a password.
        let call = self.aws.ecr(region).get_authorization_token().send();
        let answer = call.with_subscriber(NoSubscriber::new()).await;
        let answer = answer.map_err(|error| sort(GET_TOKEN, "*", &error))?;
        login(answer.authorization_data()).ok_or_else(|| CloudError::Failed {
            action: GET_TOKEN,
            cause: "the answer has no token".into(),
        })
    }
}

fn failed(address: &Address, cause: &str) -> CloudError {
    CloudError::Failed {
        action: GET_OBJECT,
        cause: format!("{address}: {cause}"),
    }
}

/// The region in which S3 says that the bucket is, if it is another one.
fn elsewhere(error: &SdkError<GetObjectError>, own: &str) -> Option<String> {
    let answer = error.raw_response()?;
    let moved = matches!(answer.status().as_u16(), 300..=303 | 307 | 308 | 400);
    let region = answer.headers().get(REGION).filter(|region| *region != own);
    region.filter(|_| moved).map(str::to_owned)
}

fn refused(
    address: &Address,
    elsewhere: Option<&str>,
    error: &SdkError<GetObjectError>,
) -> Result<Fetched, CloudError> {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    if status == Some(304) {
        return Ok(Fetched::Same);
    }
    if error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
    {
        return Ok(Fetched::Missing);
    }
    match (sort(GET_OBJECT, &address.to_string(), error), elsewhere) {
        (CloudError::Refused { cause, .. } | CloudError::Failed { cause, .. }, Some(region)) => {
            Err(failed(
                address,
                &format!("the bucket is in {region}: {cause}"),
            ))
        }
        (CloudError::Refused { cause, .. } | CloudError::Failed { cause, .. }, None) => {
            Err(failed(address, &cause))
        }
        (other, _) => Err(other),
    }
}

async fn read(address: &Address, object: GetObjectOutput) -> Result<Fetched, CloudError> {
    let mark = object.e_tag().unwrap_or_default().to_owned();
    let announced = object.content_length();
    let announced = announced.and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(too_large(address));
    }
    let text = String::from_utf8(received(address, object.body).await?);
    let text = text.map_err(|_| failed(address, "it is no text"))?;
    Ok(Fetched::New { text, mark })
}

/// What comes may be more than was announced, or come without an end.
async fn received(address: &Address, mut body: ByteStream) -> Result<Vec<u8>, CloudError> {
    let mut all = Vec::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| failed(address, &whole(&error)))?;
        if all.len() + part.len() > LARGEST {
            return Err(too_large(address));
        }
        all.extend_from_slice(&part);
    }
    Ok(all)
}

fn too_large(address: &Address) -> CloudError {
    failed(
        address,
        &format!("it is larger than {} KiB", LARGEST / 1024),
    )
}

fn login(tokens: &[AuthorizationData]) -> Option<RoleLogin> {
    let token = tokens.first()?;
    let expires = token
        .expires_at()
        .map_or(0, aws_smithy_types::DateTime::secs);
    Some(RoleLogin {
        encoded: token.authorization_token()?.into(),
        expires: expires.try_into().unwrap_or(0),
    })
}

#[cfg(test)]
#[path = "depot_tests.rs"]
mod tests;
