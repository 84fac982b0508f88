//! What a swarm certificate says: `O=` is the swarm's id, `CN=` the node's
//! (swarmkit `ca/certificates.go`).

use std::path::Path;

use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::digest;

/// Where swarmkit keeps them, below the engine's data folder (`DockerRootDir`).
const FOLDER: &str = "swarm/certificates";

/// How an encrypted key begins; another begins with something as long as this, or longer.
const ENCRYPTED: &[u8; 37] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// The subject of a swarm certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// Docker's id of the swarm.
    pub swarm_id: String,
    /// Docker's id of the node.
    pub node_id: String,
}

/// Why a certificate tells nothing.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
#[error("cannot read the swarm certificate: {0}")]
pub struct CertificateError(String);

/// The engine's own certificate: the truth on any node, also on workers, whose `/info` has no
/// swarm id. `None` before the first join.
pub async fn of_this_node(data: &Path) -> Result<Option<Subject>, CertificateError> {
    let path = data.join(FOLDER).join("swarm-node.crt");
    match tokio::fs::read(&path).await {
        Ok(pem) => subject_of_pem(&pem).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CertificateError(format!("{}: {error}", path.display()))),
    }
}

/// Digest of the root certificate that the engine trusts, in the form of join tokens. `None`
/// where there is none that can be read: whoever compares it then finds nothing equal.
pub async fn root_digest(data: &Path) -> Option<String> {
    let pem = tokio::fs::read(data.join(FOLDER).join("swarm-root-ca.crt")).await;
    pem.ok().map(|pem| digest::of(&pem))
}

/// Whether the engine's own key is encrypted, as it is on managers that lock.
pub async fn is_locking(data: &Path) -> std::io::Result<bool> {
    let mut first = [0; ENCRYPTED.len()];
    let mut key = File::open(data.join(FOLDER).join("swarm-node.key")).await?;
    key.read_exact(&mut first).await?;
    Ok(first == *ENCRYPTED)
}

fn subject_of_pem(pem: &[u8]) -> Result<Subject, CertificateError> {
    let (_, pem) = parse_x509_pem(pem).map_err(|e| CertificateError(e.to_string()))?;
    subject(&pem.contents)
}

/// The subject of a certificate in DER.
pub fn subject(der: &[u8]) -> Result<Subject, CertificateError> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|e| CertificateError(e.to_string()))?;
    let name = certificate.subject();
    let swarm_id = text(name, "O", name.iter_organization().next())?;
    let node_id = text(name, "CN", name.iter_common_name().next())?;
    Ok(Subject { swarm_id, node_id })
}

fn text(
    name: &X509Name<'_>,
    field: &str,
    value: Option<&x509_parser::prelude::AttributeTypeAndValue<'_>>,
) -> Result<String, CertificateError> {
    value
        .and_then(|value| value.as_str().ok())
        .map(str::to_owned)
        .ok_or_else(|| CertificateError(format!("its subject {name} has no {field}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_never_joined_has_no_certificate() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_this_node(folder.path()).await, Ok(None));
        assert_eq!(root_digest(folder.path()).await, None);
    }

    #[tokio::test]
    async fn the_root_certificates_digest_is_that_of_join_tokens() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join(FOLDER)).unwrap();
        std::fs::write(data.path().join(FOLDER).join("swarm-root-ca.crt"), "abc").unwrap();
        let digest = root_digest(data.path()).await.unwrap();
        assert_eq!(digest, "4nb7oofka9ml8nasnokxxc1unhmtpr1wxsuwhpd9km3vt5as31");
    }

    #[tokio::test]
    async fn a_manager_that_locks_has_an_encrypted_key() {
        let data = tempfile::tempdir().unwrap();
        assert!(is_locking(data.path()).await.is_err());
        std::fs::create_dir_all(data.path().join(FOLDER)).unwrap();
        for (kind, locks) in [("ENCRYPTED PRIVATE", true), ("PRIVATE", false)] {
            let key = format!("-----BEGIN {kind} KEY-----\nkek-version: 103\nraft-dek: EiBi\n\nMI");
            std::fs::write(data.path().join(FOLDER).join("swarm-node.key"), key).unwrap();
            assert_eq!(is_locking(data.path()).await.ok(), Some(locks));
        }
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        for pem in [
            &b""[..],
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(subject_of_pem(pem).is_err());
        }
    }
}
