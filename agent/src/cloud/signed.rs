//! One signed request to a service that the agent asks for one thing: an SDK for each would weigh
//! more than all of this.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

use super::refusal::{whole, without_credentials};
use super::{Aws, CloudError};

const LIMIT: Duration = Duration::from_secs(10);

/// A request to be signed.
pub(super) struct Call<'a> {
    /// The IAM action, for error messages.
    pub(super) action: &'static str,
    /// What it is asked on, for error messages.
    pub(super) resource: &'a str,
    /// The service's name in signatures.
    pub(super) service: &'static str,
    /// Where the service is asked.
    pub(super) region: &'a str,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'static str,
}

impl Call<'_> {
    fn failed(&self, cause: impl Into<String>) -> CloudError {
        CloudError::Failed {
            action: self.action,
            cause: cause.into(),
        }
    }
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The same TLS as the SDK's clients, for bare requests.
pub(super) fn connector() -> Connector {
    let builder = Connector::builder();
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    builder.build()
}

/// Signs and sends it. An answer may not be longer than `most` bytes.
pub(super) async fn send(
    aws: &Aws,
    connector: &Connector,
    call: &Call<'_>,
    most: usize,
) -> Result<Answer, CloudError> {
    let request = signed(aws, call).await?;
    let exchange = async {
        let response = connector.call(request).await;
        let response = response.map_err(|error| call.failed(whole(&error)))?;
        received(call, response, most).await
    };
    timeout(LIMIT, exchange)
        .await
        .unwrap_or_else(|_| Err(call.failed(format!("no answer in {} s", LIMIT.as_secs()))))
}

async fn signed(aws: &Aws, call: &Call<'_>) -> Result<HttpRequest, CloudError> {
    let credentials = aws.credentials.provide_credentials().await;
    let credentials = credentials.map_err(|error| without_credentials(&error))?;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(call.region)
        .name(call.service)
        .time(SystemTime::now())
        .settings(settings(call.service))
        .build()
        .map_err(|error| call.failed(error.to_string()))?
        .into();
    let headers = call.headers.iter().map(|(k, v)| (*k, v.as_str()));
    let body = SignableBody::Bytes(call.body.as_bytes());
    let signable = SignableRequest::new(call.method, call.url.as_str(), headers, body);
    let signable = signable.map_err(|error| call.failed(whole(&error)))?;
    let (instructions, _) = sign(signable, &params)
        .map_err(|error| call.failed(whole(&error)))?
        .into_parts();
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    let malformed = |error: &dyn std::error::Error| call.failed(error.to_string());
    request.set_method(call.method).map_err(|e| malformed(&e))?;
    request
        .set_uri(call.url.as_str())
        .map_err(|e| malformed(&e))?;
    for (name, value) in &call.headers {
        request.headers_mut().insert(*name, value.clone());
    }
    for (name, value) in instructions.headers() {
        request
            .headers_mut()
            .insert(name.to_owned(), value.to_owned());
    }
    Ok(request)
}

/// S3 signs its paths as they are, and wants to see the body's digest.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

async fn received(
    call: &Call<'_>,
    response: HttpResponse,
    most: usize,
) -> Result<Answer, CloudError> {
    let headers = response.headers().iter();
    let headers: Vec<_> = headers.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let answer = Answer {
        status: response.status().as_u16(),
        headers,
        body: Vec::new(),
    };
    let length = answer.header("content-length");
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(call.failed(format!(
            "{} is larger than {} KiB",
            call.resource,
            most / 1024
        )));
    }
    let body = ByteStream::new(response.into_body()).collect().await;
    let body = body.map_err(|error| call.failed(whole(&error)))?;
    Ok(Answer {
        body: body.to_vec(),
        ..answer
    })
}
