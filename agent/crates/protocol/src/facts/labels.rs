//! The names of all labels that the agent writes or reads: of the swarm, of nodes' entries, of engines.

/// The swarm label that holds its epoch.
pub const EPOCH_LABEL: &str = "swarmlet.epoch";
/// The swarm label that holds the nonce of the claim it was created, or last recovered, under.
pub const CLAIM_LABEL: &str = "swarmlet.claim";
/// The engine label that holds the instance's id: how a manager ties node to instance.
pub const INSTANCE_LABEL: &str = "swarmlet.instance-id";
/// The label of an entry that says for which instance the leader has activated it.
pub const ACTIVATED: &str = "swarmlet.instance-id";
/// The label by which a node says that it is leaving, and until when it can wait (seconds since the
/// Unix epoch; 0 where nothing presses): an engine label, which no other node can set, or, where
/// the node is a manager, a label of its entry, which it can set at once.
pub const DEPARTING_LABEL: &str = "swarmlet.departing";
/// The label of a node's entry that says that the node does not belong to the cluster: see
/// [`crate::facts::admission::Refusal`].
pub const ADMISSION_LABEL: &str = "swarmlet.admission";
/// The label of a node's entry that says that the leader drained it for its departure, and by whose
/// word: see [`crate::leader::draining::DrainedFor`].
pub const DRAINED_LABEL: &str = "swarmlet.drained";
/// The label of a manager's entry that holds the epoch in which the leader's agent promoted it.
pub const PROMOTED_LABEL: &str = "swarmlet.promoted";
/// The label of a manager's entry that says whether the leader has protected its instance from scale-in: see
/// [`crate::leader::protection::Record`].
pub const PROTECTED_LABEL: &str = "swarmlet.protection";
/// The swarm label that holds when the join tokens were drawn last (seconds since the Unix epoch).
pub const ROTATED_LABEL: &str = "swarmlet.rotated";
/// The swarm labels that say which stacks the agent has deployed: this and the stack's name.
pub const STACK_LABEL: &str = "swarmlet.stack.";
