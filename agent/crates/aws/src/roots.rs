//! The certificate authorities that AWS is checked against: those that the host trusts.

use std::path::Path;

use aws_smithy_http_client::tls::TrustStore;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Where distributions keep all of them in one file (Debian, RHEL and its kin, SUSE, Alpine).
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Who sets one of these (OpenSSL's names) means other authorities.
const CHOSEN: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
const END: &str = "-----END CERTIFICATE-----";

/// The host's bundle, as curl reads it. What the SDK would read by itself is the bundle and, once
/// more, each of its authorities' own files: 150 files, on a disk that is fetched while it is read.
pub(super) fn of_this_host() -> TrustStore {
    let chosen = CHOSEN.iter().any(|name| std::env::var_os(name).is_some());
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists());
    bundle
        .filter(|_| !chosen)
        .and_then(|path| std::fs::read_to_string(path).ok())
        .and_then(|text| store(&text))
        .unwrap_or_default()
}

/// The authorities of a file that was chosen for AWS: there are some, or the cause why not.
pub fn authorities(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let usable = usable(&text);
    if usable.is_empty() {
        let path = path.display();
        return Err(format!(
            "cannot use {path}: it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"
        ));
    }
    Ok(usable)
}

/// Those and no others. A file that has gone since the settings were checked trusts nobody.
pub(super) fn chosen(path: &Path) -> TrustStore {
    let usable = authorities(path).unwrap_or_else(|cause| {
        tracing::warn!("{cause}; AWS is not believed");
        String::new()
    });
    TrustStore::empty().with_pem_certificate(usable)
}

/// None if it holds no authority.
pub(super) fn store(bundle: &str) -> Option<TrustStore> {
    let usable = usable(bundle);
    (!usable.is_empty()).then(|| TrustStore::empty().with_pem_certificate(usable))
}

/// The SDK panics at a certificate that it cannot use: those are left out.
fn usable(bundle: &str) -> String {
    let parts = bundle.split_inclusive(END);
    parts.filter(|part| is_usable(part)).collect()
}

fn is_usable(pem: &str) -> bool {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
    certificate.is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = include_str!("fixtures/authority.pem");

    #[test]
    fn what_cannot_be_used_is_left_out() {
        let lines: Vec<&str> = AUTHORITY.lines().collect();
        let no_certificate = AUTHORITY.replace(lines[2], "");
        let no_base64 = AUTHORITY.replace(lines[1], "?");
        let bundle = format!("# authorities\n{AUTHORITY}{no_certificate}{no_base64}{AUTHORITY}");
        let once = AUTHORITY.trim_end();
        assert_eq!(usable(&bundle), format!("# authorities\n{once}\n{once}"));
        assert!(store(&bundle).is_some());
    }

    #[test]
    fn a_chosen_file_has_authorities_or_a_cause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.pem");
        let cause = || authorities(&path).unwrap_err();
        assert!(cause().starts_with("cannot read /"), "{}", cause());
        std::fs::write(&path, "# none\n").unwrap();
        assert!(cause().contains("holds no certificate"), "{}", cause());
        std::fs::write(&path, AUTHORITY).unwrap();
        assert!(authorities(&path).is_ok());
    }

    #[test]
    fn without_any_the_sdk_looks_by_itself() {
        for bundle in ["", "# none\n", END] {
            assert!(store(bundle).is_none(), "{bundle:?}");
        }
    }
}
