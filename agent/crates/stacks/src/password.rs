//! The password of one registry, as an operator has written it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tracing::{info, warn};

use aws::parameter_store::Parameter;
use docker::EngineError;
use docker::stacks::{Credential, HUB, Secret};

/// A parameter's.
#[derive(Debug)]
pub(super) struct Password {
    parameter: String,
    pub(super) version: u64,
    /// What it says, or why it cannot be used.
    pub(super) credential: Result<Credential, String>,
    /// Whether the registry takes it; none where it has not been asked, or did not answer.
    pub(super) accepted: Option<bool>,
    pub(super) error: Option<String>,
    pub(super) since: u64,
}

impl Password {
    pub(super) fn new(path: &str, host: &str, parameter: &Parameter, now: u64) -> Self {
        let name = format!("{path}/{}", parameter.name);
        let credential = parse(&parameter.value).map(|secret| Credential {
            host: host.to_owned(),
            secret,
        });
        let credential = credential.ok_or_else(|| {
            format!(
                r#"cannot use {name}: write {{"username": "…", "password": "…"}} or USER:PASSWORD"#
            )
        });
        Self {
            parameter: name,
            version: parameter.version,
            error: credential
                .as_ref()
                .err()
                .inspect(|error| warn!("{error}"))
                .cloned(),
            accepted: credential.is_err().then_some(false),
            credential,
            since: now,
        }
    }

    /// Notes what the registry says.
    pub(super) fn answered(&mut self, host: &str, answer: Result<(), EngineError>, now: u64) {
        let (accepted, error) = match answer {
            Ok(()) => (Some(true), None),
            Err(error) if error.is_of_password() => {
                let name = &self.parameter;
                let text = format!("{host} refuses the user and password in {name}: {error}");
                (Some(false), Some(text))
            }
            Err(error) => (None, Some(format!("cannot ask {host}: {error}"))),
        };
        if (accepted, &error) != (self.accepted, &self.error) {
            if let Some(error) = &error {
                warn!(registry = host, "registry password not accepted: {error}");
            } else {
                info!(registry = host, "registry password accepted by {host}");
            }
            self.since = now;
        }
        (self.accepted, self.error) = (accepted, error);
    }
}

#[derive(Deserialize)]
struct Written {
    username: String,
    password: SecretString,
}

fn parse(value: &SecretString) -> Option<Secret> {
    let text = value.expose_secret().trim();
    let (user, password) = if text.starts_with('{') {
        let written: Written = serde_json::from_str(text).ok()?;
        (written.username, written.password)
    } else {
        let (user, password) = text.split_once(':')?;
        (user.to_owned(), password.to_owned().into())
    };
    let is_good = !user.is_empty() && !password.expose_secret().is_empty();
    is_good.then_some(Secret::Password { user, password })
}

/// A parameter's name has no colon: `registry.example.com_5000` is port 5000 of that host.
pub(super) fn host(name: &str) -> String {
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match name.rsplit_once('_') {
        Some((host, number)) if port(number) => format!("{host}:{number}"),
        _ if name == "index.docker.io" => HUB.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_written_in_two_ways() {
        for good in [r#"{"username": "u", "password": "p:q"}"#, "u:p:q\n"] {
            let parsed = parse(&good.to_owned().into());
            let Some(Secret::Password { user, password }) = parsed else {
                panic!("{good}");
            };
            assert_eq!((user.as_str(), password.expose_secret()), ("u", "p:q"));
        }
        for bad in ["", "u", "u:", ":p", "{}", r#"{"username": "u"}"#] {
            assert!(parse(&bad.to_owned().into()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_port_is_behind_an_underscore() {
        assert_eq!(
            host("registry.example.com_5000"),
            "registry.example.com:5000"
        );
        assert_eq!(host("registry.example.com"), "registry.example.com");
        assert_eq!(host("index.docker.io"), HUB);
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_password() {
        let parameter = Parameter {
            name: "r".into(),
            value: "s3cret".to_owned().into(),
            version: 1,
        };
        let password = Password::new("/p/registries", "r", &parameter, 0);
        let error = password.error.unwrap();
        assert!(
            error.contains("/p/registries/r") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
