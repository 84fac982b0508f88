//! By which way each of AWS's services is reached, and whether something answers there.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tokio::time::timeout;

use super::Aws;
use super::refusal::whole;

const LIMIT: Duration = Duration::from_secs(5);
/// What a proxy says of itself: it wants to know who asks, or it reaches nobody.
const FROM_PROXY: [u16; 4] = [407, 502, 503, 504];

/// The way to a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// The service's name in IAM's actions.
    pub service: &'static str,
    /// Where it is asked, or why that is not known.
    pub address: Result<String, String>,
    /// The proxy's address, where it goes through one.
    pub proxy: Option<String>,
}

impl Aws {
    /// The ways to all services that a node may ask.
    pub async fn ways(&self) -> Vec<Way> {
        let addresses = self.addresses().await;
        let way = |(service, address): (&'static str, Result<String, String>)| Way {
            service,
            proxy: address
                .as_ref()
                .ok()
                .and_then(|address| self.connections.proxy(address))
                .map(ToString::to_string),
            address,
        };
        addresses.into_iter().map(way).collect()
    }

    /// Asks for nothing, without a signature: any answer shows that the way is there. An error is the cause.
    pub async fn knock(&self, way: &Way) -> Result<(), String> {
        let address = way.address.clone()?;
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(address).map_err(|error| whole(&error))?;
        let answer = timeout(LIMIT, self.connections.call(request)).await;
        let answer = answer.map_err(|_| format!("no answer in {} s", LIMIT.as_secs()))?;
        let status = answer.map_err(|error| whole(&error))?.status().as_u16();
        if way.proxy.is_some() && FROM_PROXY.contains(&status) {
            return Err(format!("the proxy answers {status}"));
        }
        Ok(())
    }
}
