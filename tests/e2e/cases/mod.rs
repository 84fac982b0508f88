//! The cases, a file per subject.

use crate::Case;

mod addresses;
mod autolock;
mod cloud_init;
mod disks;
mod dnf_image;
mod engine_settings;
mod engines;
mod firewall;
mod fleet;
mod forming;
mod healing;
mod identity;
mod image;
mod image_packer;
mod image_pulled;
mod late_tags;
mod machines;
mod names;
mod newest;
mod packages;
mod parameter_store;
mod plain_image;
mod proof;
mod restarts;
mod rogues;
mod rpm_package;
mod scale_out;
mod secrets;
mod seen;
mod stacks;
pub(crate) mod support;
mod units;
mod unread;
mod upgrade;
mod vm;
mod ways;

/// Those that run alone, in this order: those that share a cluster one after the other.
pub(crate) fn alone() -> impl Iterator<Item = &'static Case> {
    [
        machines::CASES,
        scale_out::CASES,
        restarts::CASES,
        healing::crashes::CASES,
        secrets::CASES,
        units::CASES,
        firewall::CASES,
        seen::whole::CASES,
        seen::faults::CASES,
        seen::strangers::CASES,
        parameter_store::CASES,
        plain_image::CASES,
        image::CASES,
        image_packer::CASES,
        dnf_image::CASES,
        forming::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Those that run beside each other, on clusters of their own: they wait most of the time. The
/// longest are first.
pub(crate) fn beside() -> impl Iterator<Item = &'static Case> {
    [
        rpm_package::CASES,
        packages::CASES,
        fleet::refresh::CASES,
        engines::CASES,
        late_tags::CASES,
        identity::CASES,
        parameter_store::BESIDE,
        autolock::CASES,
        image_pulled::CASES,
        names::CASES,
        addresses::CASES,
        engine_settings::CASES,
        disks::CASES,
        stacks::three_tiers::CASES,
        stacks::registry::CASES,
        stacks::kept::CASES,
        stacks::refused::CASES,
        stacks::changes::CASES,
        stacks::leaders::CASES,
        fleet::crashes::CASES,
        fleet::stack::CASES,
        fleet::scale_in::CASES,
        fleet::spot::CASES,
        fleet::announced::CASES,
        fleet::labels::CASES,
        fleet::traffic::CASES,
        fleet::launching::CASES,
        fleet::operator::CASES,
        fleet::mixed::CASES,
        fleet::notices::CASES,
        fleet::tokens::CASES,
        healing::managers::CASES,
        healing::removed::CASES,
        healing::restarted::CASES,
        healing::raft_log::CASES,
        healing::claims::CASES,
        healing::clock::CASES,
        healing::tickets::CASES,
        healing::strangers::CASES,
        healing::boot::CASES,
        rogues::CASES,
        cloud_init::CASES,
        unread::CASES,
        ways::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Those that take minutes each, because what they show takes that long.
pub(crate) fn slow() -> impl Iterator<Item = &'static Case> {
    [
        fleet::many::CASES,
        fleet::unhooked::CASES,
        fleet::stack::SLOW,
        stacks::leaders::SLOW,
        stacks::silent::SLOW,
        stacks::held_up::SLOW,
        healing::majority::CASES,
        healing::cut_off::CASES,
        healing::managers::SLOW,
        healing::raft_log::SLOW,
        healing::strangers::SLOW,
        healing::outage::CASES,
        newest::SLOW,
        fleet::mixed::SLOW,
        rogues::SLOW,
        proof::SLOW,
        vm::clocks::SLOW,
        vm::limits::SLOW,
        vm::mesh::SLOW,
    ]
    .into_iter()
    .flatten()
}

/// Those that need what a script makes first: alone, and only where they are asked for.
pub(crate) fn prepared() -> impl Iterator<Item = &'static Case> {
    upgrade::CASES.iter()
}
