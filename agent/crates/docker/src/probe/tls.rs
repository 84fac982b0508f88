//! TLS to a manager whose root certificate is not known yet.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The name in every manager's certificate (swarmkit `ca/certificates.go`).
const NAME: &str = "swarm-manager";

pub(super) type Chain = Vec<CertificateDer<'static>>;

/// Connects and returns the certificates shown. The peer has proved that it holds their
/// key, but nobody has vouched for them yet: see [`vouches`].
pub(super) async fn connect(address: SocketAddr) -> Result<(TlsStream<TcpStream>, Chain), String> {
    let tcp = TcpStream::connect(address)
        .await
        .map_err(|error| format!("cannot be reached: {error}"))?;
    // Small messages in turn: held back by Nagle's algorithm each question takes 40 ms.
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(NAME).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|error| format!("is no swarm manager: {error}"))?;
    let chain = stream
        .get_ref()
        .1
        .peer_certificates()
        .unwrap_or_default()
        .to_vec();
    Ok((
        stream,
        chain.into_iter().map(CertificateDer::into_owned).collect(),
    ))
}

/// Whether the root certificate vouches for the chain that was shown: without this, anybody
/// could show a certificate of his own and pass on another's root.
pub(super) fn vouches(root_pem: &[u8], chain: &Chain) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("is not vouched for: {error}");
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(root_pem) {
        let root = root.map_err(|e| broken(&e))?;
        roots.add(root).map_err(|e| broken(&e))?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| broken(&e))?;
    let name = ServerName::try_from(NAME).map_err(|e| broken(&e))?;
    let (leaf, rest) = chain.split_first().ok_or("showed no certificate")?;
    verifier
        .verify_server_cert(leaf, rest, &name, &[], UnixTime::now())
        .map(|_| ())
        .map_err(|e| broken(&e))
}

/// Takes any certificate for the moment; the handshake's signature is still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
