//! A password that is made where a person has set none: new with each boot of the machine, and only root's to read.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, CredentialsError};
use host::{file, random};

/// In a folder that nobody else may enter.
const FILE: &str = "password";

/// The one that is in the folder, or a new one.
pub fn settle(folder: &Path) -> Result<Credentials, CredentialsError> {
    let path = folder.join(FILE);
    if let Ok(there) = Credentials::read(&path) {
        return Ok(there);
    }
    let made = SecretString::from(random::secret());
    let written = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| file::replace_unflushed(&path, made.expose_secret().as_bytes(), 0o600));
    match written {
        Ok(()) => Credentials::read(&path),
        Err(cause) => Err(CredentialsError::Unwritten { path, cause }),
    }
}

/// The one that is in the folder, for showing it to a person.
pub fn password(folder: &Path) -> Result<SecretString, CredentialsError> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.into()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(CredentialsError::Unmade),
        Err(cause) => Err(CredentialsError::Unread { path, cause }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use axum::http::HeaderValue;

    use super::*;

    fn admits(credentials: &Credentials, password: &SecretString) -> bool {
        let header = format!("Bearer {}", password.expose_secret());
        credentials.admit(&HeaderValue::from_str(&header).unwrap())
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_is_made_once_and_read_by_its_owner_alone() {
        let runtime = tempfile::tempdir().unwrap();
        let folder = runtime.path().join("dashboard");
        assert!(matches!(password(&folder), Err(CredentialsError::Unmade)));
        let first = settle(&folder).unwrap();
        let made = password(&folder).unwrap();
        assert!(admits(&first, &made));
        assert!(!admits(&first, &SecretString::from("0123456789abcdef")));
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        assert!(admits(&settle(&folder).unwrap(), &made), "the same again");
    }

    #[test]
    fn one_that_others_could_read_or_that_is_none_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        settle(folder.path()).unwrap();
        let (path, old) = (folder.path().join(FILE), password(folder.path()).unwrap());
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(!admits(&settle(folder.path()).unwrap(), &old));
        std::fs::write(&path, "").unwrap();
        let made = settle(folder.path()).unwrap();
        assert!(admits(&made, &password(folder.path()).unwrap()));
    }

    #[test]
    fn where_it_cannot_be_written_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("dashboard");
        std::fs::write(&taken, "").unwrap();
        let error = settle(&taken).unwrap_err();
        assert!(
            matches!(error, CredentialsError::Unwritten { .. }),
            "{error}"
        );
    }
}
