//! What all AWS clients share: region, credentials, one HTTP and TLS stack, time limits.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;

use super::calls::Observer;
use super::credentials::InstanceCredentials;
use super::http;
use super::imds::Imds;
use crate::config::AwsSettings;

/// The means to build a client for one AWS service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) region: Region,
    pub(super) endpoint_url: Option<String>,
    pub(super) credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
}

/// A service's client. Each crate of the SDK has types of its own for the same settings.
macro_rules! client {
    ($aws:expr, $sdk:ident) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($aws.region.clone())
            .credentials_provider($aws.credentials.clone())
            .http_client($aws.http.clone())
            .retry_config(RetryConfig::disabled())
            .interceptor(Observer)
            .timeout_config(limits());
        config.set_endpoint_url($aws.endpoint_url.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

/// What needs no region: connections and credentials. It can be had while the region is asked for.
#[derive(Clone, Debug)]
pub struct Access {
    credentials: InstanceCredentials,
    http: SharedHttpClient,
}

impl Access {
    /// As the instance's own role.
    pub fn new(imds: &Imds) -> Self {
        Self {
            credentials: InstanceCredentials::new(imds.clone()),
            http: http::client(),
        }
    }

    /// The same, which starts to read the role's credentials now. Needs a runtime.
    #[must_use]
    pub fn ahead(self) -> Self {
        self.credentials.read_ahead();
        self
    }

    /// AWS in `region`, unless the settings name another.
    pub fn within(&self, region: &str, settings: &AwsSettings) -> Aws {
        let region = settings.region.as_deref().unwrap_or(region).to_owned();
        Aws {
            region: Region::new(region),
            endpoint_url: settings.endpoint_url.clone(),
            credentials: SharedCredentialsProvider::new(self.credentials.clone()),
            http: self.http.clone(),
        }
    }
}

impl Aws {
    /// Signs with the instance's own role, in `region` unless the settings name another.
    pub fn new(imds: &Imds, region: &str, settings: &AwsSettings) -> Self {
        Access::new(imds).within(region, settings)
    }

    /// A client for Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        client!(self, aws_sdk_ssm)
    }

    /// A client for EC2.
    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        client!(self, aws_sdk_ec2)
    }

    /// A client for Auto Scaling.
    pub fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        client!(self, aws_sdk_autoscaling)
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
