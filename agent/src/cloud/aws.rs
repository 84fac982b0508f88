//! What all AWS clients share: region, credentials, one HTTP and TLS stack, time limits.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;

use super::calls::Observer;
use super::credentials::InstanceCredentials;
use super::imds::Imds;
use super::{http, roots};
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
            http: http::client(roots::of_this_host()),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_credential_types::Credentials;
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const AUTHORITY: &str = include_str!("fixtures/authority.pem");

    /// A server that the authority has signed, and that answers one request. Its key is of no use elsewhere;
    /// the authority's was thrown away.
    async fn server() -> String {
        let chain = CertificateDer::from_pem_slice(include_bytes!("fixtures/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = b"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(answer).await;
                let _ = stream.flush().await;
            }
        });
        format!("https://localhost:{port}")
    }

    /// The status of an answer, if the server is believed.
    async fn asked(authorities: &str) -> Option<u16> {
        let aws = Aws {
            region: Region::new("us-east-1"),
            endpoint_url: Some(server().await),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "AKIA", "s3cret", None, None, "test",
            )),
            http: http::client(roots::store(authorities).unwrap()),
        };
        let answer = aws.ssm().get_parameter().name("p").send().await;
        let error = answer.unwrap_err();
        error.raw_response().map(|raw| raw.status().as_u16())
    }

    #[tokio::test]
    async fn only_who_an_authority_of_the_bundle_has_signed_is_asked() {
        let host = format!("# others too\n{}", include_str!("fixtures/other.pem"));
        assert_eq!(asked(&format!("{host}{AUTHORITY}")).await, Some(418));
        assert_eq!(asked(&host).await, None);
    }
}
