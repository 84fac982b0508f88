//! Who may ask: one user with a password, or whoever has a token, from a file that only root reads.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

/// Shorter ones can be guessed over a network.
const SHORTEST: usize = 12;

type Hash = [u8; 32];

/// What a request has to carry. Only hashes are kept: they are of one length, so that comparing
/// them takes the same time whatever was sent.
#[derive(Clone)]
pub struct Credentials {
    /// Anybody, if none: the password is a token.
    user: Option<Hash>,
    secret: Hash,
}

/// Why there are none.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A new one cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// None was made yet.
    #[error(
        "cannot show a password: no dashboard was started here since this machine booted: systemctl start swarmlet-dashboard"
    )]
    Unmade,
    /// Others than its owner may read it, or write it.
    #[error("cannot use {}: others than its owner can read it: chmod 600 it, and write new credentials into it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold what it should.
    #[error("cannot use {}: it must be one line, user:password or a token, the secret {SHORTEST} characters or longer", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl Credentials {
    /// Reads `user:password`, or a token (a line without a colon).
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let path = path.to_owned();
        let mode = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.permissions().mode(),
            Err(cause) => return Err(CredentialsError::Unread { path, cause }),
        };
        if mode & 0o077 != 0 {
            return Err(CredentialsError::Open { path });
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Self::parse(&SecretString::from(text)).ok_or(CredentialsError::Malformed { path })
            }
            Err(cause) => Err(CredentialsError::Unread { path, cause }),
        }
    }

    fn parse(text: &SecretString) -> Option<Self> {
        let line = text.expose_secret();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let (user, secret) = match line.split_once(':') {
            Some(("", _)) => return None,
            Some((user, secret)) => (Some(user), secret),
            None => (None, line),
        };
        let whole = !line.contains(char::is_control) && secret.chars().count() >= SHORTEST;
        whole.then(|| Self {
            user: user.map(hash),
            secret: hash(secret),
        })
    }

    /// Whether a request with this `Authorization` header may pass.
    pub(super) fn admit(&self, header: &HeaderValue) -> bool {
        let Some((scheme, rest)) = header.to_str().ok().and_then(|text| text.split_once(' '))
        else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.user.is_none() && self.is_secret(rest).into();
        }
        let decoded = STANDARD
            .decode(rest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = SecretString::from(decoded.unwrap_or_default());
        match decoded.expose_secret().split_once(':') {
            Some((user, secret)) if scheme.eq_ignore_ascii_case("basic") => {
                (self.is_user(user) & self.is_secret(secret)).into()
            }
            _ => false,
        }
    }

    fn is_user(&self, user: &str) -> Choice {
        self.user
            .map_or(Choice::from(1), |wanted| wanted.ct_eq(&hash(user)))
    }

    fn is_secret(&self, secret: &str) -> Choice {
        self.secret.ct_eq(&hash(secret))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials([hidden])")
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(content: &str, mode: u32) -> Result<Credentials, CredentialsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Credentials::read(&path)
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn admits(credentials: &Credentials, header: &str) -> bool {
        credentials.admit(&HeaderValue::from_str(header).unwrap())
    }

    #[test]
    fn a_user_needs_his_name_and_password() {
        let held = file("ann:correct horse:battery\n", 0o600).unwrap();
        assert!(admits(&held, &basic("ann:correct horse:battery")));
        for wrong in [
            &basic("ann:correct horse"),
            &basic("bob:correct horse:battery"),
            &basic("ann"),
            &basic(""),
            "Bearer correct horse:battery",
            "Basic ???",
            "Digest x",
            "",
        ] {
            assert!(!admits(&held, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_a_bearer_or_anybodys_password() {
        let held = file("0123456789abcdef", 0o400).unwrap();
        for right in ["Bearer 0123456789abcdef", &basic("me:0123456789abcdef")] {
            assert!(admits(&held, right), "{right}");
        }
        for wrong in [
            "Bearer 0123456789abcdeF",
            "Bearer ",
            &basic("0123456789abcdef:"),
        ] {
            assert!(!admits(&held, wrong), "{wrong}");
        }
    }

    #[test]
    fn files_that_others_read_or_that_are_no_secret_are_refused() {
        for mode in [0o644, 0o640, 0o620, 0o601] {
            let error = file("0123456789abcdef", mode).unwrap_err();
            assert!(matches!(error, CredentialsError::Open { .. }), "{mode:o}");
        }
        for content in [
            "",
            "short",
            "ann:short",
            ":0123456789abcdef",
            "0123456789abcdef\n\n",
            "a\u{0}0123456789abcdef",
        ] {
            let error = file(content, 0o600).unwrap_err();
            assert!(
                matches!(error, CredentialsError::Malformed { .. }),
                "{content:?}"
            );
            assert!(content.is_empty() || !error.to_string().contains(content));
        }
        let missing = Credentials::read(Path::new("/nonexistent")).unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("cannot read /nonexistent: ")
        );
    }

    #[test]
    fn what_is_shown_of_them_is_nothing() {
        let held = file("ann:0123456789abcdef", 0o600).unwrap();
        assert_eq!(format!("{held:?}"), "Credentials([hidden])");
    }
}
