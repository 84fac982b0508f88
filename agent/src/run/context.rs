//! What every step finds as it is, and its ways outside: none of it changes by a step.

use std::net::SocketAddr;
use std::rc::Rc;

use ipnet::Ipv4Net;

use super::edges::{Edges, Outside};
use super::lanes::Lanes;
use super::names::Names;
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use protocol::SWARM_PORT;
use protocol::node::launch::LaunchRules;
use protocol::node::{Own, Policy};

/// Who this node is, what it was set to, and everything outside of it.
pub(super) struct Context<O: Outside> {
    pub(super) identity: InstanceIdentity,
    pub(super) settings: Settings,
    pub(super) names: Names,
    /// The address blocks of its VPC: a manager may have to choose a swarm's pool clear of them.
    pub(super) vpc_cidrs: Vec<Ipv4Net>,
    pub(super) edges: Edges<O>,
    /// What AWS is being asked beside the rounds.
    pub(super) lanes: Rc<Lanes>,
}

impl<O: Outside> Context<O> {
    pub(super) fn new(identity: InstanceIdentity, settings: Settings, edges: Edges<O>) -> Self {
        let names = Names::new(&settings.aws.parameter_prefix, &identity.cluster);
        Self {
            identity,
            settings,
            names,
            vpc_cidrs: Vec::new(),
            edges,
            lanes: Rc::default(),
        }
    }

    /// Where this node's manager listens, if it is one.
    pub(super) fn address(&self) -> SocketAddr {
        (self.identity.private_ip, SWARM_PORT).into()
    }
}

/// Who the node is, for its decisions.
pub(super) fn own(identity: &InstanceIdentity, boot: String) -> Own {
    Own {
        instance_id: identity.instance_id.clone(),
        role: identity.role,
        address: (identity.private_ip, SWARM_PORT).into(),
        group: identity.group.clone(),
        boot,
    }
}

/// What its settings say of them.
pub(super) fn policy(settings: &Settings) -> Policy {
    Policy {
        claim_patience: settings.swarm.claim_patience,
        recovery: settings.swarm.recovery,
        departure: settings.departure.rules,
        manager_availability: settings.swarm.manager_availability,
        launch: settings.launch.hook.then_some(LaunchRules {
            budget: settings.launch.budget,
            on_failure: settings.launch.on_failure,
        }),
    }
}
