//! The lab: EC2 on one machine.
//!
//! Machines are booted by systemd-nspawn from images that the provisioning scripts of `packer/`
//! built; a control plane (`tests/lab/cloud`) decides which of them exist. Everything the lab
//! makes is found again by its name or place, so `down` needs no memory of what `up` did:
//! namespaces named `swl-…`, a cgroup, and the state folder. `LAB_NAME` puts another
//! name in place of `swl`, for a second lab beside the first.
//!
//! Tests start from [`Lab::attach`].
// It panics where nobody reads.
#![warn(clippy::print_stderr)]

mod admin;
mod api;
pub mod aws;
pub mod browser;
mod cgroup;
mod cluster;
mod dhcp;
pub mod down;
mod fault;
mod group;
pub mod hypervisor;
pub mod image;
mod journal;
mod launch;
pub mod machine;
mod name;
mod net;
mod notice;
mod packer;
mod paths;
mod process;
mod refresh;
mod seed;
mod sh;
mod stray;
mod swarm;
mod sysctl;
pub mod terminal;
mod up;
mod visitor;
mod wait;

pub use admin::{Admin, Health, Images, Instance};
pub use api::{Lab, Output, Unplugged};
pub use cgroup::Cgroup;
pub use cluster::{Cluster, ClusterSpec, Role};
pub use fault::{Effect, Fault, FaultGuard};
pub use group::{HookResult, LAUNCHING_HOOK, TERMINATING_HOOK, Transition};
pub use image::{Extras, Image};
pub use journal::{Request, Requests};
pub use launch::Launch;
pub use notice::{Notice, SpotAction};
pub use packer::Packed;
pub use paths::Paths;
pub use refresh::{ProtectedInstances, Refresh, RefreshSpec};
pub use stray::Strays;
pub use swarm::Node;
pub use terminal::say;
pub use up::{UpOptions, up};
pub use wait::{phase, wait_until};
