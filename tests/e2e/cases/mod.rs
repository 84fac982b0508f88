//! The cases, a file per subject.

use crate::Case;

mod autolock;
mod engine_20_10;
mod forming;
mod identity;
mod machines;
mod parameter_store;
mod plain_image;
mod restarts;
mod scale_out;
mod secrets;
pub(crate) mod support;
mod units;

/// All of them, in the order in which they run: those that share a cluster one after the other.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [
        machines::CASES,
        scale_out::CASES,
        restarts::CASES,
        secrets::CASES,
        units::CASES,
        identity::CASES,
        parameter_store::CASES,
        autolock::CASES,
        plain_image::CASES,
        engine_20_10::CASES,
        forming::CASES,
    ]
    .into_iter()
    .flatten()
}
