//! The one HTTP and TLS stack that all clients of AWS share.

use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The SDK's own client has each client of a service build a connector that it throws away, to find
/// out early that there are no roots. This one builds the one that is used, when it is used.
#[derive(Debug)]
struct Once(SharedHttpClient);

/// A client that trusts these authorities; clones share its connections.
pub(super) fn client(authorities: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(authorities);
    let context = context.build().expect("a trust store is all it holds");
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https();
    SharedHttpClient::new(Once(client))
}

impl HttpClient for Once {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
