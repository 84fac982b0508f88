//! What all AWS clients share: region, credentials, one HTTP and TLS stack, time limits.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;

use super::credentials::InstanceCredentials;
use super::imds::Imds;
use crate::config::AwsSettings;

/// The means to build a client for one AWS service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    region: Region,
    endpoint_url: Option<String>,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
}

impl Aws {
    /// Signs with the instance's own role, in `region` unless the settings name another.
    pub fn new(imds: Arc<Imds>, region: &str, settings: &AwsSettings) -> Self {
        let region = settings.region.as_deref().unwrap_or(region).to_owned();
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        Self {
            region: Region::new(region),
            endpoint_url: settings.endpoint_url.clone(),
            credentials: SharedCredentialsProvider::new(InstanceCredentials::new(imds)),
            http,
        }
    }

    /// A client for Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        let mut config = aws_sdk_ssm::Config::builder()
            .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits());
        config.set_endpoint_url(self.endpoint_url.clone());
        aws_sdk_ssm::Client::from_conf(config.build())
    }

    /// A client for EC2.
    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        let mut config = aws_sdk_ec2::Config::builder()
            .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits());
        config.set_endpoint_url(self.endpoint_url.clone());
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// A client for Auto Scaling.
    pub fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        let mut config = aws_sdk_autoscaling::Config::builder()
            .behavior_version(aws_sdk_autoscaling::config::BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits());
        config.set_endpoint_url(self.endpoint_url.clone());
        aws_sdk_autoscaling::Client::from_conf(config.build())
    }
}

/// One call is one request: the agent's rounds repeat it, with growing and jittered gaps,
/// and a request rate that can be counted.
fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(10))
        .build()
}
