//! By which proxy a request leaves the host, and which hosts are reached without one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

/// A proxy for HTTP. What logs in to it is shown nowhere.
#[derive(Clone, Debug)]
pub struct Proxy {
    address: String,
    url: SecretString,
}

impl Proxy {
    /// As the HTTP client wants it: with user and password, if it has them.
    pub fn url(&self) -> &SecretString {
        &self.url
    }
}

impl FromStr for Proxy {
    type Err = ();

    /// `http://host:port`, `https://host:port`, either with `user:password@`, or `host:port`, which is the first.
    fn from_str(text: &str) -> Result<Self, ()> {
        let has_scheme = text.contains("://");
        let url = if has_scheme {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = url.parse().map_err(drop)?;
        let scheme = uri.scheme_str().ok_or(())?;
        let authority = uri.authority().ok_or(())?.as_str();
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let has_login = host != authority;
        let port = host
            .rsplit_once(':')
            .filter(|(_, port)| !port.contains(']'));
        let port_is_good =
            port.is_none_or(|(_, port)| port.parse().is_ok_and(|port: u16| port > 0));
        let is_good = matches!(scheme, "http" | "https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
            && port_is_good
            // Without a scheme nobody would see that it has something to hide.
            && (has_scheme || !has_login);
        let address = format!("{scheme}://{host}");
        is_good
            .then(|| Self {
                address,
                url: url.into(),
            })
            .ok_or(())
    }
}

/// The address, without what logs in to it.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
    }
}

impl Eq for Proxy {}

/// The proxies to AWS; never used for instance metadata, the engine or other nodes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proxies {
    /// For addresses that begin with `http://`.
    pub http: Option<Proxy>,
    /// For addresses that begin with `https://`.
    pub https: Option<Proxy>,
    /// Who is reached without.
    pub exceptions: Exceptions,
}

impl Proxies {
    /// The one for an address; none where it is reached directly.
    pub fn for_address(&self, address: &Uri) -> Option<&Proxy> {
        let (proxy, usual) = match address.scheme_str()? {
            "http" => (&self.http, 80),
            _ => (&self.https, 443),
        };
        let port = address.port_u16().unwrap_or(usual);
        let is_excepted = self.exceptions.has(address.host()?, port);
        proxy.as_ref().filter(|_| !is_excepted)
    }
}

/// What `NO_PROXY` says: a list of names, addresses and blocks of addresses.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Exception {
    All,
    Block(IpNet),
    Address(IpAddr, Option<u16>),
    /// In small letters: this name and all below it.
    Domain(String, Option<u16>),
}

impl Exceptions {
    /// Whether this host is reached without a proxy. Names are not resolved, as in AWS's own tools.
    pub fn has(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let here = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        self.0.iter().any(|exception| match (exception, address) {
            (Exception::All, _) => true,
            (Exception::Block(block), Some(address)) => block.contains(&address),
            (Exception::Address(wanted, port), Some(address)) => *wanted == address && here(port),
            (Exception::Domain(name, port), None) => is_within(&host, name) && here(port),
            _ => false,
        })
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl FromStr for Exceptions {
    /// The entry that is none.
    type Err = String;

    /// Entries between commas or blanks: `*`, `10.0.0.0/8`, `10.1.2.3`, `example.com` (and all below it, also
    /// written `.example.com` or `*.example.com`); the last two with `:port` or without.
    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty());
        entries.map(exception).collect::<Result<_, _>>().map(Self)
    }
}

fn exception(entry: &str) -> Result<Exception, String> {
    if entry == "*" {
        return Ok(Exception::All);
    }
    if let Ok(block) = entry.parse() {
        return Ok(Exception::Block(block));
    }
    if let Ok(address) = entry.trim_matches(['[', ']']).parse() {
        return Ok(Exception::Address(address, None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().map_err(|_| entry.to_owned())?)),
        None => (entry, None),
    };
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Ok(Exception::Address(address, port));
    }
    let name = host.strip_prefix('*').unwrap_or(host);
    let name = name.trim_matches('.').to_ascii_lowercase();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(entry.to_owned());
    }
    Ok(Exception::Domain(name, port))
}

#[cfg(test)]
#[path = "proxies_tests.rs"]
mod tests;
