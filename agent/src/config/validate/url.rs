//! Addresses.

use crate::config::redact::has_credentials;

pub(super) const URL_RULE: &str =
    "is no address this can be: write http://host:port, without user, password or spaces";

pub(super) fn is_url(url: &str, schemes: &[&str]) -> bool {
    let host = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    host.is_some_and(|host| {
        !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace)
    }) && !has_credentials(url)
}
