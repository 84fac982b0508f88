//! The lab's name: the prefix of all that it makes, so that two labs can be on one host.

use std::sync::OnceLock;
use std::{env, fs};

use crate::cgroup::Cgroup;

const USUAL: &str = "swl";

/// `LAB_NAME`, or `swl`.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let given = env::var("LAB_NAME").unwrap_or_default();
        let kept: String = given.chars().filter(char::is_ascii_alphanumeric).collect();
        if kept.is_empty() {
            USUAL.to_owned()
        } else {
            kept
        }
    })
}

/// The state folder of a lab of this name.
pub(crate) fn state_folder() -> String {
    match name() {
        USUAL => "/var/lib/swarmlet-lab".to_owned(),
        other => format!("/var/lib/swarmlet-lab-{other}"),
    }
}

/// The name of the lab's control group.
pub(crate) fn group() -> String {
    format!("{}{GROUP}", name())
}

const GROUP: &str = "-swarmlet-lab";

/// Whether another lab is on this host: it uses image layers and the raised limit too.
pub(crate) fn others() -> bool {
    let Ok(own) = Cgroup::lab() else { return false };
    let beside = own.path().parent().and_then(|root| fs::read_dir(root).ok());
    beside.into_iter().flatten().flatten().any(|entry| {
        let found = entry.file_name().to_string_lossy().into_owned();
        found.ends_with(GROUP) && found != group()
    })
}
