use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use protocol::Role;

const ID: &str = "i-0a1b2c3d4e5f60718";

fn node(name: Option<&str>, cluster: &str, role: Role) -> InstanceIdentity {
    InstanceIdentity {
        name: name.map(str::to_owned),
        cluster: cluster.parse().expect("a cluster"),
        role,
        ..super::super::tests::node(ID)
    }
}

fn named(name: &str) -> InstanceIdentity {
    node(Some(name), "demo", Role::Manager)
}

/// The name where nobody else is called so.
fn alone(node: &InstanceIdentity) -> String {
    match choose(node) {
        Choice::Settled(name) | Choice::Shared(name, _) => name,
    }
}

#[test]
fn a_name_that_fits_is_the_hosts_unless_another_has_it() {
    for (name, host) in [("web-1", "web-1"), ("Web", "web"), ("a", "a"), ("1a", "1a")] {
        let expected = Choice::Shared(host.to_owned(), format!("{host}-0a1b2c3d"));
        assert_eq!(choose(&named(name)), expected);
    }
    let long = "x".repeat(LONGEST);
    let other = format!("{}-0a1b2c3d", &long[..54]);
    assert_eq!(choose(&named(&long)), Choice::Shared(long, other));
}

#[test]
fn a_groups_name_gets_digits() {
    for (name, host) in [
        ("web", "web-0a1b2c3d"),
        ("Web Server", "web-server-0a1b2c3d"),
        // It is told apart already.
        ("web-0a1b2c3d", "web-0a1b2c3d"),
        ("web-i-0a1b2c3d4e5f60718", "web-i-0a1b2c3d4e5f60718"),
    ] {
        let node = InstanceIdentity {
            group: Some("group".to_owned()),
            ..named(name)
        };
        assert_eq!(choose(&node), Choice::Settled(host.to_owned()));
    }
}

#[test]
fn a_name_that_had_to_be_changed_gets_digits() {
    for (name, host) in [
        ("web_1", "web-1-0a1b2c3d"),
        ("Web Server #1 (blue)", "web-server-1-blue-0a1b2c3d"),
        ("db.example.com", "db-example-com-0a1b2c3d"),
        ("--x--", "x-0a1b2c3d"),
        (" web ", "web-0a1b2c3d"),
        ("web -- blue", "web-blue-0a1b2c3d"),
        ("web \u{2013} blue", "web-blue-0a1b2c3d"),
        ("\u{1f680}web", "web-0a1b2c3d"),
        ("localhost-1 (mine)", "localhost-1-mine-0a1b2c3d"),
    ] {
        assert_eq!(choose(&named(name)), Choice::Settled(host.to_owned()));
    }
    let (one, two) = (
        format!("{}1", "x".repeat(69)),
        format!("{}2", "x".repeat(69)),
    );
    for name in [one, two, "y".repeat(200)] {
        let host = alone(&named(&name));
        assert_eq!(host, format!("{}-0a1b2c3d", &name[..54]));
        assert_eq!(host.len(), LONGEST);
    }
}

#[test]
fn a_name_that_no_host_can_have_is_not_used() {
    for name in [
        "",
        "___",
        "1",
        "123",
        "10.0.0.7",
        "1-2",
        "0x7f000001",
        "0X1f",
        "сервер-1",
        "Узел 2",
        "数据库",
        "Grün",
        "web-é",
        "१२३",
        "localhost",
        "LocalHost",
        "localhost.localdomain",
        "localhost.example.com",
        "localhost4",
        "localhost6",
        "ip6-localhost",
        "ip6-loopback",
        "ip6-allnodes",
        "ip6-allrouters",
        "broadcasthost",
        "loopback",
        " localhost ",
    ] {
        for group in [None, Some("group".to_owned())] {
            let node = InstanceIdentity {
                group,
                ..named(name)
            };
            assert_eq!(
                choose(&node),
                Choice::Settled("demo-manager-0a1b2c3d".to_owned()),
                "{name:?}"
            );
        }
    }
    assert_eq!(alone(&named("localhost-1")), "localhost-1");
    assert_eq!(alone(&named("0xyz")), "0xyz");
}

#[test]
fn without_a_name_cluster_and_role_make_one() {
    let long = "a-very-long-cluster-name_that-nobody-would-type-twice"[..48].to_owned();
    for (cluster, role, host) in [
        ("Demo_2", Role::Manager, "demo-2-manager-0a1b2c3d"),
        ("demo", Role::Worker, "demo-worker-0a1b2c3d"),
        (
            &long,
            Role::Manager,
            "a-very-long-cluster-name-that-nobody-would-typ-manager-0a1b2c3d",
        ),
    ] {
        let node = node(None, cluster, role);
        assert_eq!(choose(&node), Choice::Settled(host.to_owned()));
    }
}

#[test]
fn earlier_versions_gave_these() {
    for (name, host) in [
        (Some("web-1"), "web-1"),
        (Some("Web Server #1 (blue)"), "web-server-1-blue"),
        (Some("сервер-1"), "1"),
        (Some("数据库"), "demo-manager-0a1b2c3d"),
        (Some("Grün"), "gr-n"),
        (Some("localhost"), "localhost"),
        (None, "demo-manager-0a1b2c3d"),
    ] {
        assert_eq!(earlier(&node(name, "demo", Role::Manager)), host);
    }
    assert_eq!(earlier(&named(&"x".repeat(80))).len(), LONGEST);
}

proptest! {
    #[test]
    fn every_name_is_a_hosts_and_differs_between_instances(
        name in "\\PC{0,90}",
        cluster in "[A-Za-z0-9][A-Za-z0-9_-]{0,47}",
        grouped: bool,
    ) {
        let group = grouped.then(|| "group".to_owned());
        let one = InstanceIdentity { group, ..node(Some(&name), &cluster, Role::Worker) };
        let two = InstanceIdentity { instance_id: "i-0fffffffffffffff1".to_owned(), ..one.clone() };
        let mut settled = BTreeSet::new();
        for node in [one, two] {
            let names = match choose(&node) {
                Choice::Settled(name) => vec![name],
                Choice::Shared(plain, other) => vec![plain, other],
            };
            for name in &names {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST, "{name}");
                let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                prop_assert!(name.chars().all(inside), "{name}");
                prop_assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
                prop_assert!(name.contains(|c: char| c.is_ascii_lowercase()), "{name}");
            }
            prop_assert!(settled.insert(names.last().cloned()), "the same: {names:?}");
        }
    }
}
