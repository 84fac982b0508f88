//! Who the swarm is to its registries: passwords from Parameter Store, and those of the role.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use tracing::{info, warn};

use super::password::{Password, host};
use super::{Keeper, Outside};
use aws::CloudError;
use aws::depot::Depot;
use aws::parameter_store::ParameterStore;
use docker::stacks::{Credential, HUB, Secret, Stacks as _, role_region};
use host::clock::Clock;
use protocol::stacks::{Login, Want};
use protocol::{Moment, Stamp};
use view::status::stacks::Registry;

/// Passwords of the role are renewed no sooner than after this many seconds.
const SHORTEST: u64 = 600;

/// All passwords, as last read.
#[derive(Debug, Default)]
pub(super) struct Logins {
    passwords: BTreeMap<String, Password>,
    roles: BTreeMap<String, Role>,
    read: Option<Stamp>,
    /// Why they cannot be read.
    pub(super) trouble: Option<String>,
}

/// A region's.
#[derive(Debug)]
struct Role {
    encoded: SecretString,
    /// Half of its life is over then.
    renewal: u64,
}

impl Logins {
    /// They were never read.
    pub(super) fn is_unread(&self) -> bool {
        self.read.is_none()
    }

    pub(super) fn older_than(&self, age: Duration, now: Moment) -> bool {
        self.read.is_none_or(|at| at.age(now) >= age)
    }

    /// Those of these registries that there is a password for.
    pub(super) fn for_hosts(&self, hosts: &BTreeSet<String>) -> BTreeMap<String, Login> {
        let login = |host: &String| match self.passwords.get(host) {
            // Most images there are public: those need no password.
            Some(password) if host == HUB && password.accepted == Some(false) => None,
            Some(password) => Some(Login::Password(password.version)),
            None => role_region(host).map(|_| Login::Role),
        };
        hosts
            .iter()
            .filter_map(|host| Some((host.clone(), login(host)?)))
            .collect()
    }

    /// What is shown of them.
    pub(super) fn shown(&self) -> Vec<Registry> {
        let shown = self.passwords.iter().map(|(host, password)| Registry {
            host: host.clone(),
            accepted: password.accepted,
            since: password.since,
            error: password.error.clone(),
        });
        shown.collect()
    }
}

/// When half of a password's life is over. A clock that is wrong must not make one deployment follow
/// the other.
fn renewal(now: u64, expires: u64) -> u64 {
    now + (expires.saturating_sub(now) / 2).max(SHORTEST)
}

impl<O: Outside> Keeper<O> {
    /// Reads the passwords of all registries, and has those that are new tried.
    pub(super) async fn read_registries(&mut self) {
        let path = self.rules.registries.clone();
        let now = self.edges.now();
        let read = self.edges.store.read_below(&path).await;
        let logins = &mut self.logins;
        match read {
            Ok(parameters) => {
                let mut old = std::mem::take(&mut logins.passwords);
                for parameter in parameters {
                    let host = host(&parameter.name);
                    let known = old.remove(&host);
                    let known = known.filter(|known| known.version == parameter.version);
                    let fresh = || Password::new(&path, &host, &parameter, now.unix);
                    let password = known.unwrap_or_else(fresh);
                    logins.passwords.insert(host, password);
                }
                (logins.read, logins.trouble) = (Some(now.stamp()), None);
            }
            // A role that may not read them has none.
            Err(error) => {
                let text = format!("cannot read {path}: {error}");
                if logins.trouble.as_ref() != Some(&text) {
                    warn!("{text}; registry passwords stay as they were");
                }
                let is_denied = matches!(error, CloudError::Denied { .. });
                logins.read = logins.read.or(is_denied.then(|| now.stamp()));
                logins.trouble = Some(text);
            }
        }
        self.try_passwords().await;
    }

    /// Asks the registries whose answer is not known, or was no, whether they take the password.
    async fn try_passwords(&mut self) {
        let now = self.edges.clock.unix();
        for (host, password) in &mut self.logins.passwords {
            if let Ok(credential) = &password.credential
                && password.accepted != Some(true)
            {
                let answer = self.edges.docker.login(credential).await;
                password.answered(host, answer, now);
            }
        }
    }

    /// What a stack's registries want to see, with the marks for its note.
    pub(super) async fn credentials(
        &mut self,
        want: &Want,
    ) -> Result<(Vec<Credential>, BTreeMap<String, u64>), String> {
        let (mut credentials, mut marks) = (Vec::new(), BTreeMap::new());
        for (host, login) in &want.logins {
            let (credential, mark) = match login {
                Login::Role => self.role_credential(host).await?,
                Login::Password(version) => (self.password(host)?, *version),
            };
            credentials.push(credential);
            marks.insert(host.clone(), mark);
        }
        Ok((credentials, marks))
    }

    fn password(&self, host: &str) -> Result<Credential, String> {
        let passwords = &self.logins.passwords;
        let password = passwords.get(host).ok_or("its password is gone")?;
        match (password.accepted, &password.error) {
            (Some(false), Some(error)) => Err(error.clone()),
            _ => password.credential.clone(),
        }
    }

    /// From ECR, once for all registries of a region, until half of its life is over.
    async fn role_credential(&mut self, host: &str) -> Result<(Credential, u64), String> {
        let region = role_region(host).ok_or("it is no registry of ECR")?;
        let now = self.edges.clock.unix();
        let roles = &mut self.logins.roles;
        if roles.get(region).is_none_or(|role| role.renewal <= now) {
            let login = self.edges.depot.role_login(region).await;
            let login = login.map_err(|error| format!("cannot log in to {host}: {error}"))?;
            let role = Role {
                encoded: login.encoded,
                renewal: renewal(now, login.expires),
            };
            info!(region, renewal = role.renewal, "password for ECR renewed");
            roles.insert(region.to_owned(), role);
        }
        let role = roles.get(region).ok_or("there is no password")?;
        let secret = Secret::Encoded(role.encoded.clone());
        let host = host.to_owned();
        Ok((Credential { host, secret }, role.renewal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_life_is_never_short() {
        assert_eq!(renewal(1_000, 1_000 + 43_200), 1_000 + 21_600);
        assert_eq!(renewal(1_000, 1_060), 1_600);
        assert_eq!(renewal(1_000, 7), 1_600);
    }
}
