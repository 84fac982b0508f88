//! Control groups: the engine limits and counts with them.

use super::{Finding, Grade};
use crate::config::Settings;

const CONCERN: &str = "cgroup";
/// Without these a service's limits are not enforced.
const NEEDED: [&str; 3] = ["cpu", "memory", "pids"];

/// The controllers of version 2, if it is the one in use.
pub(super) fn gather(settings: &Settings) -> Option<String> {
    let path = settings.host_path("/sys/fs/cgroup/cgroup.controllers");
    std::fs::read_to_string(path).ok()
}

pub(super) fn findings(controllers: Option<&str>) -> Vec<Finding> {
    let found = |grade, seen: &str| Finding::new(CONCERN, "version", grade, seen);
    let Some(controllers) = controllers else {
        let seen = "not version 2: the engine works, but its next releases will not";
        let advice = "boot without systemd.unified_cgroup_hierarchy=0, or use a newer image";
        return vec![found(Grade::Warn, seen).advise(advice)];
    };
    let has = |name: &&str| controllers.split_whitespace().any(|word| word == *name);
    let missing: Vec<&str> = NEEDED.into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return vec![found(Grade::Ok, "version 2, with cpu, memory and pids")];
    }
    let seen = format!(
        "version 2, without {}: limits of services are not enforced",
        missing.join(", ")
    );
    vec![
        found(Grade::Warn, &seen)
            .advise("see the kernel's command line (cgroup_disable=) and configuration"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_controllers_matter() {
        for (controllers, grade, part) in [
            (Some("cpuset cpu io memory pids"), Grade::Ok, "version 2"),
            (Some("cpuset cpu"), Grade::Warn, "without memory, pids"),
            (None, Grade::Warn, "not version 2"),
        ] {
            let found = &findings(controllers)[0];
            assert_eq!(found.grade, grade, "{found:?}");
            assert!(found.seen.contains(part), "{found:?}");
        }
    }
}
