//! What a manager's own agent writes down about its node: `nodes/<instance-id>` in Parameter Store.
//!
//! Only the managers' role may write it. A node of the swarm that says that it is this instance is believed to be a manager
//! only where it is the node that is named here.

use serde::Deserialize;

/// The one form that there is yet.
const VERSION: u32 = 1;

/// Which node an instance is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct NodeRecord {
    version: u32,
    node_id: String,
}

impl NodeRecord {
    /// Of the node with this id, which is Docker's.
    pub fn new(node_id: String) -> Self {
        Self {
            version: VERSION,
            node_id,
        }
    }

    /// As it is stored.
    pub fn to_value(&self) -> String {
        serde_json::json!({ "node_id": self.node_id, "version": self.version }).to_string()
    }

    /// The node that a stored value names. Of a later form, or of none, nothing is taken for granted.
    pub fn node_id(value: &str) -> Option<String> {
        let record: Self = serde_json::from_str(value).ok()?;
        (record.version == VERSION).then_some(record.node_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_it_was_written_and_nothing_else_does() {
        let value = NodeRecord::new("n1".to_owned()).to_value();
        assert_eq!(value, r#"{"node_id":"n1","version":1}"#);
        assert_eq!(NodeRecord::node_id(&value).as_deref(), Some("n1"));
        for other in [
            "",
            "n1",
            r#"{"node_id":"n1"}"#,
            r#"{"node_id":"n1","version":2}"#,
        ] {
            assert_eq!(NodeRecord::node_id(other), None, "{other}");
        }
    }
}
