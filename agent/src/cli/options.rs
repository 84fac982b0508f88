//! Options that all verbs share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Flags, Forced};
use protocol::{ClusterName, Role};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder that stands for /
    #[arg(long, global = true, value_name = "DIR", env = "SWARMLET_ROOT")]
    root: Option<PathBuf>,
    /// manager or worker, whatever the tags say
    #[arg(long, global = true)]
    role: Option<Role>,
    /// The cluster, whatever the tags say
    #[arg(long, global = true, value_name = "NAME")]
    cluster: Option<ClusterName>,
    /// An engine label, whatever the tags say; may be given several times
    #[arg(long = "label", global = true, value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// error, warn, info, debug or trace, or filter directives
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Options {
    /// The options as settings.
    pub(super) fn flags(&self) -> Flags {
        let labels: BTreeMap<_, _> = self.labels.iter().cloned().collect();
        Flags {
            root: self.root.clone(),
            node: Forced {
                role: self.role,
                cluster: self.cluster.clone(),
                labels,
            },
            log_level: self.log_level.clone(),
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_key_and_a_value() {
        for (text, key, value) in [("a=b", "a", "b"), ("a=", "a", ""), ("a=b=c", "a", "b=c")] {
            assert_eq!(label(text), Ok((key.to_owned(), value.to_owned())));
        }
        for text in ["", "a", "=b"] {
            assert_eq!(label(text), Err("a label is KEY=VALUE".to_owned()));
        }
    }
}
