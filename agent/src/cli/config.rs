//! `swarmlet config`

use clap::Subcommand;

use super::options::Options;
use super::{Exit, fail, print};
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List everything that is wrong with the settings
    Check,
    /// Print the merged settings and where each comes from, credentials hidden
    Show,
}

pub(super) fn run(verb: &Verb, options: &Options) -> Exit {
    let flags = options.flags();
    let said = match verb {
        Verb::Check => Settings::load(&flags).map(|_| "the settings are valid".to_owned()),
        Verb::Show => Settings::show(&flags).map(|shown| shown.to_string().trim_end().to_owned()),
    };
    match said {
        Ok(text) => print(&text),
        Err(errors) => fail(Exit::Terminal, &errors),
    }
}
