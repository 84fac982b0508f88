//! The host as the agent uses it: its clock and random numbers, commands, whole files, what is put into a folder, systemd's environment files, the
//! journal, the state folder, and gaps between attempts.

pub mod backoff;
pub mod clock;
pub mod command;
pub mod environment_file;
pub mod file;
pub mod folder_watch;
pub mod journal;
pub mod random;
pub mod state_folder;
