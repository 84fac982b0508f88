//! The agent's AWS clients against the lab's control plane on loopback: real signatures, real
//! policies, real answers of an emulated AWS. No lab has to run.

mod aws;
mod control_plane;
mod depot;
mod zones;
