//! Whether the scheduler gives a node tasks.

use serde::Deserialize;
use strum::IntoStaticStr;

/// Docker's own words (`docker node update --availability`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Availability {
    /// It is given tasks.
    #[default]
    Active,
    /// It keeps the tasks it has, and is given no others.
    Pause,
    /// It is given none, and those it has move elsewhere.
    Drain,
}

impl Availability {
    /// Docker's word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
