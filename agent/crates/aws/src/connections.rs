//! The connections to AWS that all clients share: one TLS policy, one set of authorities, and the way that each address
//! is reached by, directly or through a proxy.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Uri;
use secrecy::ExposeSecret;

use super::proxies::{Proxies, Proxy};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Clones share everything.
#[derive(Clone)]
pub(super) struct Connections(Arc<Ways>);

/// Each is made when it is first used. The SDK's own client has each client of a service build a connector
/// that it throws away.
struct Ways {
    authorities: TrustStore,
    proxies: Proxies,
    direct: OnceLock<Connector>,
    http: OnceLock<Connector>,
    https: OnceLock<Connector>,
}

impl Connections {
    /// Nothing is opened yet.
    pub(super) fn new(authorities: TrustStore, proxies: Proxies) -> Self {
        Self(Arc::new(Ways {
            authorities,
            proxies,
            direct: OnceLock::new(),
            http: OnceLock::new(),
            https: OnceLock::new(),
        }))
    }

    /// The proxy to an address; none if it is reached directly.
    pub(super) fn proxy(&self, address: &str) -> Option<&Proxy> {
        let address: Uri = address.parse().ok()?;
        self.0.proxies.for_address(&address)
    }
}

impl Ways {
    fn connector(&self, address: &str) -> &Connector {
        let address: Option<Uri> = address.parse().ok();
        let proxy = address
            .as_ref()
            .and_then(|uri| self.proxies.for_address(uri));
        let Some(proxy) = proxy else {
            return self.direct.get_or_init(|| self.connect(None));
        };
        let is_plain = address.is_some_and(|uri| uri.scheme_str() == Some("http"));
        let way = if is_plain { &self.http } else { &self.https };
        way.get_or_init(|| self.connect(Some(proxy)))
    }

    fn connect(&self, proxy: Option<&Proxy>) -> Connector {
        let context = TlsContext::builder().with_trust_store(self.authorities.clone());
        let context = context.build().expect("a trust store is all it holds");
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT);
        let mut builder = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .connector_settings(settings.build());
        // The settings take no other ones than this takes; whom it is not for is decided before.
        let config = proxy.map(|proxy| ProxyConfig::all(proxy.url().expose_secret()));
        builder.set_proxy_config(config.and_then(Result::ok));
        builder.build()
    }
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.connector(request.uri()).call(request)
    }
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connections").field(&self.0.proxies).finish()
    }
}
