//! The life of a fleet: scale-in, spot, replacement, labels, roles, tokens.

pub(super) mod announced;
pub(super) mod crashes;
pub(super) mod labels;
pub(super) mod launching;
pub(super) mod many;
pub(super) mod mixed;
pub(super) mod notices;
pub(super) mod operator;
pub(super) mod refresh;
pub(super) mod scale_in;
pub(super) mod seen;
pub(super) mod spot;
pub(super) mod stack;
pub(super) mod tokens;
pub(super) mod traffic;
pub(super) mod unhooked;
