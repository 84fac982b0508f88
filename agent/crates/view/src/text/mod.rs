//! The picture as text: aligned, and coloured where it is for a terminal. Pure.

mod age;
mod boot;
mod node;
mod swarm;
pub mod table;

use super::report::Report;
use crate::status::boot::Boot;
use table::Paint;

/// How the agent came into its swarm.
pub fn boot(boot: &Boot, colour: bool) -> String {
    boot::render(boot, Paint(colour))
}

/// The whole report, at its own time.
pub fn render(report: &Report, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = node::render(report, paint);
    if let Some(view) = &report.swarm {
        text.push_str(&swarm::render(view, paint));
    }
    text
}

#[cfg(test)]
mod tests;
