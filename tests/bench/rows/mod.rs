//! What is measured, a file per subject. Contenders take turns within each round.

pub(crate) mod boot;
pub(crate) mod heal;
pub(crate) mod idle;
pub(crate) mod join;
pub(crate) mod managers;
pub(crate) mod scale;
