//! The lab: EC2 on one machine.
