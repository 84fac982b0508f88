//! Settings from the command line.

use std::path::PathBuf;

use figment::value::{Dict, Value};

use super::leaves;
use super::settings::Forced;

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The folder that stands for `/`.
    pub root: Option<PathBuf>,
    /// What it says about the node.
    pub node: Forced,
    /// What to log.
    pub log_level: Option<String>,
}

impl Flags {
    /// The flags as the topmost layer of settings.
    pub(super) fn says(&self) -> Dict {
        let mut says = Dict::new();
        let mut put = |path: &[&str], value: &str| {
            let path: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
            leaves::put(&mut says, &path, Value::from(value));
        };
        if let Some(role) = self.node.role {
            put(&["node", "role"], role.as_str());
        }
        if let Some(cluster) = &self.node.cluster {
            put(&["node", "cluster"], cluster.as_str());
        }
        for (key, value) in &self.node.labels {
            put(&["node", "labels", key], value);
        }
        if let Some(level) = &self.log_level {
            put(&["log", "level"], level);
        }
        says
    }
}
