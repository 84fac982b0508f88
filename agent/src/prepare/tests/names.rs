//! Host names: decided once, and then kept.

use super::*;

/// A worker with that `Name`, in no group.
fn named(name: &str) -> InstanceIdentity {
    InstanceIdentity {
        name: Some(name.to_owned()),
        ..node(ID)
    }
}

impl HostFiles {
    /// Readies it; the host's name then, and whether EC2 was asked about it.
    async fn named(&self, node: &InstanceIdentity, shared: bool) -> (String, bool) {
        let mut asked = false;
        let is_shared = async |_: &InstanceIdentity| {
            asked = true;
            shared
        };
        let done = self.prepare_as(node, &idle(), is_shared).await;
        done.expect("prepared");
        let name = self.read("etc/hostname").trim().to_owned();
        assert_eq!(self.read("proc/sys/kernel/hostname").trim(), name);
        (name, asked)
    }

    fn record(&self) -> Value {
        serde_json::from_str(&self.read("var/lib/swarmlet/hostname.json")).expect("JSON")
    }
}

#[tokio::test]
async fn a_name_is_shared_or_not_once_and_for_all() {
    for (shared, name) in [(false, "web"), (true, "web-01234567")] {
        let host = HostFiles::new();
        assert_eq!(host.named(&named("web"), shared).await, (name.into(), true));
        assert_eq!(host.record(), json!({"instance_id": ID, "name": name}));
        // Others come and go, and so do tags.
        for node in [named("web"), named("db"), node(ID)] {
            assert_eq!(host.named(&node, !shared).await, (name.into(), false));
        }
    }
}

#[tokio::test]
async fn who_is_in_a_group_or_has_a_name_of_his_own_asks_nobody() {
    let grouped = InstanceIdentity {
        group: Some("demo-worker".into()),
        ..named("web")
    };
    for (node, name) in [
        (grouped, "web-01234567"),
        (named("web_1"), "web-1-01234567"),
        (named("сервер-1"), "demo-worker-01234567"),
        (node(ID), "demo-worker-01234567"),
    ] {
        let host = HostFiles::new();
        assert_eq!(host.named(&node, true).await, (name.into(), false));
    }
}

/// It was in a swarm under the name that an earlier version gave it.
fn upgraded(name: &str, member: &str) -> HostFiles {
    HostFiles::new()
        .with("etc/hostname", &format!("{name}\n"))
        .with(
            "var/lib/swarmlet/membership.json",
            &format!("{{\"instance_id\": \"{member}\"}}"),
        )
        .with("var/lib/docker/swarm/certificates/swarm-node.crt", "x")
}

#[tokio::test]
async fn an_upgrade_renames_nobody() {
    let grouped = |name| InstanceIdentity {
        group: Some("demo-worker".into()),
        ..named(name)
    };
    for (node, name) in [
        (grouped("web"), "web"),
        (named("сервер-1"), "1"),
        (named("localhost"), "localhost"),
        (named("web_1"), "web-1"),
    ] {
        let host = upgraded(name, ID);
        assert_eq!(host.named(&node, true).await, (name.into(), false));
        // And stays so when it has left.
        let host = host.without("var/lib/swarmlet/membership.json");
        assert_eq!(host.named(&node, true).await, (name.into(), false));
    }
}

#[tokio::test]
async fn a_copied_disk_is_no_upgrade() {
    for host in [
        upgraded("web", "i-other"),
        // One that was in no swarm has nothing to keep.
        HostFiles::new().with("etc/hostname", "web\n"),
        // A name that no earlier version gave.
        upgraded("ip-10-98-16-4", ID),
        HostFiles::new().with(
            "var/lib/swarmlet/hostname.json",
            "{\"instance_id\": \"i-other\", \"name\": \"web\"}",
        ),
        HostFiles::new().with("var/lib/swarmlet/hostname.json", "damaged"),
        HostFiles::new().with(
            "var/lib/swarmlet/hostname.json",
            &format!("{{\"instance_id\": \"{ID}\", \"name\": \"no name\"}}"),
        ),
    ] {
        let grouped = InstanceIdentity {
            group: Some("demo-worker".into()),
            ..named("web")
        };
        let named = host.named(&grouped, true).await;
        assert_eq!(named, ("web-01234567".into(), false));
        assert_eq!(host.record()["instance_id"], ID);
    }
}

#[tokio::test]
async fn a_person_may_write_down_another_name() {
    let host = upgraded("web", ID);
    host.named(&named("web"), true).await;
    let other = json!({"instance_id": ID, "name": "web-2"}).to_string();
    let host = host.with("var/lib/swarmlet/hostname.json", &other);
    assert_eq!(
        host.named(&named("web"), true).await,
        ("web-2".into(), false)
    );
}
