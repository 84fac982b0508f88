//! The picture as text: aligned, and coloured where it is for a terminal. Pure.

mod age;
mod node;
mod swarm;
pub(crate) mod table;

use super::report::Report;
use table::Paint;

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
