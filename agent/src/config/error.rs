//! What is wrong with the settings: all of it at once.

use std::fmt;

use super::redact::redact;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    /// The file, variable or flag it comes from.
    pub source: String,
    /// The setting, where it is about one.
    pub key: Option<String>,
    /// What is wrong.
    pub cause: String,
}

impl ConfigError {
    /// An error whose cause shows no credentials.
    pub(super) fn new(source: &str, key: Option<&str>, cause: &str) -> Self {
        Self {
            source: source.to_owned(),
            key: key.map(str::to_owned),
            cause: redact(cause),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {key}: {}", self.source, self.cause),
            None => write!(f, "{}: {}", self.source, self.cause),
        }
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the settings:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
