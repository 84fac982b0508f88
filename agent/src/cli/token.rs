//! `swarmlet token`

use clap::{Subcommand, ValueEnum};

use super::{Exit, fail, print};
use crate::config::Settings;
use crate::run;
use protocol::TokenKind;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Draw new join tokens: the old ones are refused from then on (on a manager)
    Rotate {
        /// Which of them; only the worker token is ever published
        #[arg(default_value = "worker")]
        tokens: Tokens,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Tokens {
    Worker,
    Manager,
    All,
}

impl From<Tokens> for TokenKind {
    fn from(tokens: Tokens) -> Self {
        match tokens {
            Tokens::Worker => Self::Worker,
            Tokens::Manager => Self::Manager,
            Tokens::All => Self::All,
        }
    }
}

pub(super) async fn run(verb: &Verb, settings: Settings) -> Exit {
    let Verb::Rotate { tokens } = *verb;
    match run::rotate_tokens(settings, tokens.into()).await {
        Ok(()) => print(match tokens {
            Tokens::Worker => "the worker token is a new one; the ticket with it is published",
            Tokens::Manager => "the manager token is a new one; nobody is given it",
            Tokens::All => {
                "both join tokens are new ones; the ticket with the worker's is published"
            }
        }),
        Err(error) => fail(Exit::after(error.is_terminal()), &error),
    }
}
