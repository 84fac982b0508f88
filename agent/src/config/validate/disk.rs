//! When the engine's disk is cleaned, and what stays.

use std::time::Duration;

use super::{Report, check};
use crate::config::DiskSettings;
use crate::config::fragment::Disk;
use protocol::cleaning::{Rules, Share};

pub(super) fn disk(from: Disk, report: &mut Report) -> Option<DiskSettings> {
    let (high, low, min_age) = (from.high?, from.low?, from.min_age?);
    check(
        (1..=100).contains(&high),
        "disk.high",
        "must be a share of the disk, from 1 to 100",
        report,
    );
    check(
        low < high,
        "disk.low",
        "must be lower than disk.high: removing goes on until then",
        report,
    );
    check(
        min_age >= Duration::from_secs(10),
        "disk.min_age",
        "must be 10 s or longer: an image is pulled a moment before its task starts",
        report,
    );
    let is_name = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
    check(
        from.keep.iter().all(is_name),
        "disk.keep",
        "must be names of images, as \"nginx:1.27\"",
        report,
    );
    Some(DiskSettings {
        clean: from.clean?,
        rules: Rules {
            high: Share::percent(high),
            low: Share::percent(low),
            min_age,
        },
        keep: from.keep,
    })
}
