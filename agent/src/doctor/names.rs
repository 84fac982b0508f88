//! The nodes' names: whether each has one of its own.

use std::time::Duration;

use super::engine::Facts as Engine;
use super::{Finding, Grade};
use crate::config::Settings;
use docker::api::Docker;
use docker::listing::ListedNode;
use view::namesakes::namesakes;

const CONCERN: &str = "names";

/// The nodes, where this is a manager that can tell.
pub(super) async fn gather(
    settings: &Settings,
    engine: &Engine,
    limit: Duration,
) -> Option<Vec<ListedNode>> {
    let setup = engine.setup.as_ref().ok()?;
    let socket = settings.host_path(&settings.engine.socket);
    let docker = Docker::new(&socket, &settings.runtime_dir);
    if setup.swarm != "active" {
        return None;
    }
    docker.listed_nodes(limit).await.ok()
}

pub(super) fn findings(nodes: Option<&[ListedNode]>) -> Vec<Finding> {
    let Some(nodes) = nodes else {
        // Only managers know the others.
        return Vec::new();
    };
    let shared = namesakes(nodes.iter().map(|node| {
        let whose = node.entry.instance_id.as_deref().unwrap_or(&node.entry.id);
        (node.hostname.as_str(), whose)
    }));
    let found = |grade, seen: String| Finding::new(CONCERN, "of nodes", grade, seen);
    if shared.is_empty() {
        return vec![found(
            Grade::Ok,
            "every node has a name of its own".to_owned(),
        )];
    }
    let told = shared.into_iter().map(|(name, nodes)| {
        let (count, nodes) = (nodes.len(), nodes.into_iter().collect::<Vec<_>>().join(", "));
        found(Grade::Warn, format!("{count} nodes are named {name}: {nodes}")).advise(
            "Docker takes neither by that name: use ids. Give one another name: write it into \
             /var/lib/swarmlet/hostname.json there, `systemctl restart swarmlet-prepare`, drain the node and \
             `systemctl restart docker`; or replace its instance",
        )
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use protocol::NodeEntry;
    use protocol::{Availability, Role};

    fn node(id: &str, hostname: &str, instance_id: Option<&str>) -> ListedNode {
        ListedNode {
            hostname: hostname.to_owned(),
            state: "ready".to_owned(),
            updated: None,
            engine: None,
            entry: NodeEntry {
                created: None,
                id: id.to_owned(),
                role: Role::Worker,
                availability: Availability::Active,
                labels: BTreeMap::new(),
                ready: true,
                down: false,
                instance_id: instance_id.map(str::to_owned),
                asks_to_leave: None,
                address: None,
                manager: None,
            },
        }
    }

    #[test]
    fn nodes_of_one_name_are_told_with_what_to_do() {
        let mut nodes = vec![
            node("n1", "web", Some("i-1")),
            node("n2", "db", Some("i-2")),
            node("n3", "db", Some("i-2")),
        ];
        assert_eq!(findings(None), []);
        assert_eq!(findings(Some(&nodes))[0].grade, Grade::Ok);
        nodes.push(node("n4", "web", None));
        let found = findings(Some(&nodes));
        assert_eq!((found.len(), found[0].grade), (1, Grade::Warn));
        assert_eq!(found[0].seen, "2 nodes are named web: i-1, n4");
        assert!(found[0].advice.as_ref().unwrap().contains("hostname.json"));
    }
}
