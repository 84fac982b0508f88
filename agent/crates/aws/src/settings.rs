//! Where AWS's services are, and by which ways they are reached: plain values, from whoever has settings.

use std::path::PathBuf;

use serde::Deserialize;

use super::Proxies;

/// How AWS is reached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientSettings {
    /// The region; the instance's own if not set.
    pub region: Option<String>,
    /// Where services are asked that are not asked at AWS's own addresses.
    pub endpoints: Endpoints,
    /// Whether AWS's addresses with FIPS 140 cryptography are asked.
    pub use_fips: bool,
    /// Whether AWS's addresses for IPv4 and IPv6 are asked.
    pub use_dualstack: bool,
    /// A file of certificate authorities that AWS is checked against, in place of the host's.
    pub ca_bundle: Option<PathBuf>,
    /// By which proxies AWS is reached.
    pub proxies: Proxies,
}

/// Addresses of AWS's services, as `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` give them. The names of the
/// fields are those of AWS's own tools, in small letters.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Systems Manager's (Parameter Store).
    pub ssm: Option<String>,
    /// EC2's.
    pub ec2: Option<String>,
    /// Auto Scaling's.
    pub auto_scaling: Option<String>,
    /// S3's.
    pub s3: Option<String>,
    /// ECR's.
    pub ecr: Option<String>,
}

impl Endpoints {
    /// One for all services.
    pub fn all(url: &str) -> Self {
        Self::default().or(Some(url))
    }

    /// With this one for the services that have none of their own.
    #[must_use]
    pub fn or(self, url: Option<&str>) -> Self {
        let or = |own: Option<String>| own.or_else(|| url.map(str::to_owned));
        Self {
            ssm: or(self.ssm),
            ec2: or(self.ec2),
            auto_scaling: or(self.auto_scaling),
            s3: or(self.s3),
            ecr: or(self.ecr),
        }
    }

    /// Those that are set, with their names.
    pub fn set(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("ssm", &self.ssm),
            ("ec2", &self.ec2),
            ("auto_scaling", &self.auto_scaling),
            ("s3", &self.s3),
            ("ecr", &self.ecr),
        ];
        all.into_iter()
            .filter_map(|(name, url)| Some((name, url.as_deref()?)))
    }
}
