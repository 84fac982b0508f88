//! What all AWS clients share: region, credentials, connections, time limits, and where services are asked.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ssm::config::{IdentityCache, SharedIdentityCache};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;

use super::connections::Connections;
use super::credentials::InstanceCredentials;
use super::imds::Imds;
use super::roots;
use super::settings::{ClientSettings, Endpoints};

/// The means to build a client for one AWS service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) region: Region,
    pub(super) endpoints: Endpoints,
    pub(super) use_fips: bool,
    pub(super) use_dualstack: bool,
    pub(super) credentials: SharedCredentialsProvider,
    /// Of all clients: the role's credentials are read once, until they end.
    pub(super) identities: SharedIdentityCache,
    pub(super) connections: Connections,
}

/// What needs no region: connections and credentials. It can be had while the region is asked for.
#[derive(Clone, Debug)]
pub struct Access {
    ahead: InstanceCredentials,
    credentials: SharedCredentialsProvider,
    identities: SharedIdentityCache,
    connections: Connections,
}

impl Access {
    /// As the instance's own role, by the ways that the settings name.
    pub fn new(imds: &Imds, settings: &ClientSettings) -> Self {
        let bundle = settings.ca_bundle.as_deref();
        let authorities = bundle.map_or_else(roots::of_this_host, roots::chosen);
        let credentials = InstanceCredentials::new(imds.clone());
        Self {
            credentials: SharedCredentialsProvider::new(credentials.clone()),
            ahead: credentials,
            identities: IdentityCache::lazy().build(),
            connections: Connections::new(authorities, settings.proxies.clone()),
        }
    }

    /// The same, which starts to read the role's credentials now. Needs a runtime.
    #[must_use]
    pub fn ahead(self) -> Self {
        self.ahead.read_ahead();
        self
    }

    /// AWS in `region`, unless the settings name another.
    pub fn within(&self, region: &str, settings: &ClientSettings) -> Aws {
        let region = settings.region.as_deref().unwrap_or(region).to_owned();
        Aws {
            region: Region::new(region),
            endpoints: settings.endpoints.clone(),
            use_fips: settings.use_fips,
            use_dualstack: settings.use_dualstack,
            credentials: self.credentials.clone(),
            identities: self.identities.clone(),
            connections: self.connections.clone(),
        }
    }
}

impl Aws {
    /// Signs with the instance's own role, in `region` unless the settings name another.
    pub fn new(imds: &Imds, region: &str, settings: &ClientSettings) -> Self {
        Access::new(imds, settings).within(region, settings)
    }

    pub(super) fn region(&self) -> &str {
        self.region.as_ref()
    }
}

/// One call is one request: the agent's rounds repeat it, with growing and jittered gaps,
/// and a request rate that can be counted. Credentials are read within the same time.
pub(super) fn limits() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_timeout(Duration::from_secs(10))
        .build()
}

#[cfg(test)]
#[path = "aws_tests.rs"]
mod tests;
