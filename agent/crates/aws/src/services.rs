//! A client for each of AWS's services that the agent asks, and where each is asked.

use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;

use super::Aws;
use super::aws::limits;
use super::calls::Observer;

/// A service's settings. Each crate of the SDK has types of its own for the same.
macro_rules! config {
    ($aws:expr, $sdk:ident, $service:ident, $region:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region(Region::new($region.to_owned()))
            .credentials_provider($aws.credentials.clone())
            .identity_cache($aws.identities.clone())
            .http_client($aws.connections.clone())
            .retry_config(RetryConfig::disabled())
            .interceptor(Observer)
            .use_fips($aws.use_fips)
            .use_dual_stack($aws.use_dualstack)
            .timeout_config(limits());
        config.set_endpoint_url($aws.endpoints.$service.clone());
        config
    }};
}

/// Where the SDK would ask a service.
macro_rules! address {
    ($aws:expr, $sdk:ident, $service:ident) => {{
        use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
        let params = Params::builder()
            .region($aws.region.as_ref())
            .use_fips($aws.use_fips)
            .use_dual_stack($aws.use_dualstack)
            .set_endpoint($aws.endpoints.$service.clone());
        let params = params.build().map_err(|error| error.to_string());
        match params {
            Ok(params) => DefaultResolver::new()
                .resolve_endpoint(&params)
                .await
                .map(|endpoint| endpoint.url().to_owned())
                .map_err(|error| error.to_string()),
            Err(cause) => Err(cause),
        }
    }};
}

impl Aws {
    /// A client for Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        let config = config!(self, aws_sdk_ssm, ssm, self.region());
        aws_sdk_ssm::Client::from_conf(config.build())
    }

    /// A client for EC2.
    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        let config = config!(self, aws_sdk_ec2, ec2, self.region());
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// A client for Auto Scaling.
    pub fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        let config = config!(self, aws_sdk_autoscaling, auto_scaling, self.region());
        aws_sdk_autoscaling::Client::from_conf(config.build())
    }

    /// A client for S3 in a region. Where the address is one of your own it has one name for all buckets, as AWS's
    /// own tools take it.
    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = config!(self, aws_sdk_s3, s3, region);
        let config = config.force_path_style(self.endpoints.s3.is_some());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Where each service is asked, by its name in IAM's actions; an error is the cause.
    pub(super) async fn addresses(&self) -> [(&'static str, Result<String, String>); 5] {
        [
            ("ssm", address!(self, aws_sdk_ssm, ssm)),
            ("ec2", address!(self, aws_sdk_ec2, ec2)),
            (
                "autoscaling",
                address!(self, aws_sdk_autoscaling, auto_scaling),
            ),
            ("s3", address!(self, aws_sdk_s3, s3)),
            ("ecr", address!(self, aws_sdk_ecr, ecr)),
        ]
    }

    /// A client for ECR in a region.
    pub(super) fn ecr(&self, region: &str) -> aws_sdk_ecr::Client {
        let config = config!(self, aws_sdk_ecr, ecr, region);
        aws_sdk_ecr::Client::from_conf(config.build())
    }
}
