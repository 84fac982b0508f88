//! The host as the agent uses it: commands, whole files, systemd's environment files, and gaps between attempts.

pub mod backoff;
pub mod command;
pub mod environment_file;
pub mod file;
pub mod journal;
