//! Nodes that have one name: Docker then takes none of them by it. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// The names that more than one node has, each with whose they are. `nodes` are names of hosts, and of each
/// whose it is: an entry that an instance has left behind is no other node.
pub fn namesakes<'a>(
    nodes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, whose) in nodes {
        names.entry(name).or_default().insert(whose);
    }
    // A node that has not described itself yet has no name.
    names.retain(|name, nodes| !name.is_empty() && nodes.len() > 1);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_nodes_are_namesakes() {
        let nodes = [
            ("web", "i-1"),
            ("web", "i-2"),
            ("db", "i-3"),
            ("db", "i-3"),
            ("", "n-4"),
            ("", "n-5"),
        ];
        let expected = BTreeMap::from([("web", BTreeSet::from(["i-1", "i-2"]))]);
        assert_eq!(namesakes(nodes), expected);
    }
}
