//! The health check of load balancers, `GET /ready`: 200 or 503 and one word.
//!
//! The agent writes the word into a file that everybody may read (`word`). Another process, which can do nothing but read
//! that file, answers from it (`serve`), whoever asks and however.

mod serve;
mod start;
mod teller;
mod word;

pub use serve::serve;
pub use start::{ReadyError, start};
pub use teller::Teller;
pub use word::{FILE, Word, WordError, told};

#[cfg(test)]
mod tests;
