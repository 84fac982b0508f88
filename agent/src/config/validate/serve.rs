//! What is served to people and programs.

use std::net::SocketAddr;
use std::path::Path;

use super::{Report, absolute, check};
use crate::config::fragment::{Dashboard, Metrics, Ready};
use crate::config::{MetricsSettings, ReadySettings};
use view::dashboard::Listen;

pub(super) fn metrics(from: &Metrics, report: &mut Report) -> MetricsSettings {
    let here = |address: &SocketAddr| address.ip().is_loopback() && address.port() > 0;
    check(
        from.listen.as_ref().is_none_or(here),
        "metrics.listen",
        "must be a port of this host alone, like \"127.0.0.1:9477\": the numbers are not protected",
        report,
    );
    MetricsSettings {
        listen: from.listen,
    }
}

pub(super) fn ready(from: &Ready, report: &mut Report) -> ReadySettings {
    // Its process has no right to a port below.
    let free = |address: &SocketAddr| address.port() >= 1024;
    check(
        from.listen.as_ref().is_none_or(free),
        "ready.listen",
        "must be an address and a port from 1024 on, like \"0.0.0.0:8378\"",
        report,
    );
    ReadySettings {
        listen: from.listen,
    }
}

pub(super) fn dashboard(from: Dashboard, root: &Path, report: &mut Report) -> Option<Listen> {
    let listen = from.listen?;
    check(
        listen.ip().is_loopback() || from.credentials.is_some(),
        "dashboard.credentials",
        "must name a file where dashboard.listen is no loopback address: the password that it makes is for this host",
        report,
    );
    let is_name = |name: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !name.is_empty() && name.chars().all(allowed)
    };
    check(
        from.hosts.iter().all(is_name),
        "dashboard.hosts",
        "must be names of hosts, without ports",
        report,
    );
    let path = from.credentials.as_deref();
    Some(Listen {
        address: listen,
        credentials: path.map(|path| absolute("dashboard.credentials", path, root, report)),
        hosts: from.hosts,
    })
}
