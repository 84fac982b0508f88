//! What the agent counts, as `OpenMetrics` text. `docs/metrics.md` lists it.

mod calls;
mod known;
mod labels;
mod serve;

use std::collections::HashMap;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::status::groups::ManagerGroup;
use known::Known;
use protocol::NodeEntry;
use protocol::departure::Cause;
use protocol::{Decision, EngineState, Kind, Role};

pub use calls::AwsCalls;
pub use labels::ChoreLabel;
use labels::{
    ActionLabel, CauseLabel, DecisionLabels, HookLabels, KindLabel, NodeLabels, NodesLabels,
    StateLabel,
};
pub use serve::{ServeError, Server};

/// In the runtime folder: where the agent answers, for as long as it lives.
pub const SOCKET: &str = "metrics.sock";

/// What the engine can be: each is a line, one of them 1.
const STATES: [Kind; 8] = [
    Kind::Down,
    Kind::Inactive,
    Kind::Pending,
    Kind::Error,
    Kind::Locked,
    Kind::Worker,
    Kind::NoLeader,
    Kind::Manager,
];

/// The numbers of one agent. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    aws_calls: fn() -> AwsCalls,
    node: Family<NodeLabels, Gauge>,
    serving: Gauge,
    departing: Gauge,
    engine: Family<StateLabel, Gauge>,
    epoch: Known<i64>,
    rounds: Counter,
    round_at: Known<i64>,
    decisions: Family<DecisionLabels, Counter>,
    failed_steps: Family<ActionLabel, Counter>,
    failed_chores: Family<ChoreLabel, Counter>,
    departures: Family<CauseLabel, Counter>,
    published_at: Known<i64>,
    seen_at: Known<i64>,
    nodes: Family<NodesLabels, Gauge>,
    nodes_departing: Known<i64>,
    nodes_refused: Known<i64>,
    managers_protected: Known<i64>,
    missing_hooks: Family<HookLabels, Gauge>,
    disk_used: Known<f64>,
    disk_removed: Family<KindLabel, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(AwsCalls::default)
    }
}

impl Metrics {
    /// With the counts of calls to AWS, which are kept by who makes them.
    pub fn new(aws_calls: fn() -> AwsCalls) -> Self {
        Self {
            aws_calls,
            node: Family::default(),
            serving: Gauge::default(),
            departing: Gauge::default(),
            engine: Family::default(),
            epoch: Known::default(),
            rounds: Counter::default(),
            round_at: Known::default(),
            decisions: Family::default(),
            failed_steps: Family::default(),
            failed_chores: Family::default(),
            departures: Family::default(),
            published_at: Known::default(),
            seen_at: Known::default(),
            nodes: Family::default(),
            nodes_departing: Known::default(),
            nodes_refused: Known::default(),
            managers_protected: Known::default(),
            missing_hooks: Family::default(),
            disk_used: Known::default(),
            disk_removed: Family::default(),
        }
    }

    /// Who this node is.
    pub fn identified(&self, instance: &str, cluster: &str, role: Role) {
        let labels = NodeLabels {
            instance_id: instance.to_owned(),
            cluster: cluster.to_owned(),
            role: role.as_str(),
        };
        self.node.get_or_create(&labels).set(1);
    }

    /// A round has looked and decided.
    pub fn decided(&self, at: u64, decision: &Decision, serving: bool) {
        self.rounds.inc();
        self.round_at.set(whole(Some(at)));
        self.serving.set(serving.into());
        let labels = DecisionLabels {
            action: decision.action.name(),
            reason: decision.reason.name(),
        };
        self.decisions.get_or_create(&labels).inc();
    }

    /// What it saw.
    pub fn saw(&self, engine: &EngineState, epoch: Option<u64>, departing: bool) {
        for kind in STATES {
            let line = self
                .engine
                .get_or_create(&StateLabel { state: kind.name() });
            line.set((kind == engine.kind()).into());
        }
        self.epoch.set(whole(epoch));
        self.departing.set(departing.into());
    }

    /// A step did not succeed.
    pub fn failed(&self, action: &'static str) {
        self.failed_steps
            .get_or_create(&ActionLabel { action })
            .inc();
    }

    /// Counts chores that did not succeed.
    pub fn chores(&self) -> Family<ChoreLabel, Counter> {
        self.failed_chores.clone()
    }

    /// A chore that is nobody else's did not succeed.
    pub fn failed_chore(&self, chore: &'static str) {
        self.failed_chores
            .get_or_create(&ChoreLabel { chore })
            .inc();
    }

    /// How much of the engine's disk is in use, in thousandths.
    pub fn disk(&self, thousandths: u16) {
        self.disk_used.set(Some(f64::from(thousandths) / 1000.0));
    }

    /// Something was removed from it: an `image`, a `container`, the `cache`.
    pub fn removed(&self, kind: &'static str) {
        self.disk_removed.get_or_create(&KindLabel { kind }).inc();
    }

    /// A departure has begun, or another cause has taken it over.
    pub fn departs(&self, cause: Cause) {
        let cause = serde_json::to_value(cause).ok();
        let cause = cause
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned();
        self.departures.get_or_create(&CauseLabel { cause }).inc();
    }

    /// The ticket as the leader has published it: when it was issued, and when it was looked at last.
    pub fn ticket(&self, times: Option<(u64, u64)>) {
        self.published_at
            .set(whole(times.map(|(issued, _)| issued)));
        self.seen_at.set(whole(times.map(|(_, seen)| seen)));
    }

    /// The swarm's nodes, as the leader sees them; nobody else counts any.
    pub fn nodes(&self, nodes: &[NodeEntry]) {
        let mut counts: HashMap<NodesLabels, i64> = HashMap::new();
        for node in nodes {
            let labels = NodesLabels {
                role: node.role.as_str(),
                state: match (node.ready, node.down) {
                    (true, _) => "ready",
                    (_, true) => "down",
                    _ => "unknown",
                },
                availability: node.availability.as_str(),
            };
            *counts.entry(labels).or_default() += 1;
        }
        self.nodes.clear();
        for (labels, count) in counts {
            self.nodes.get_or_create(&labels).set(count);
        }
        let departing = nodes
            .iter()
            .filter(|node| node.departing().is_some())
            .count();
        self.nodes_departing.set(i64::try_from(departing).ok());
        let refused = nodes.iter().filter(|node| node.refusal().is_some()).count();
        self.nodes_refused.set(i64::try_from(refused).ok());
    }

    /// The managers' groups, as the leader sees them.
    pub fn groups(&self, groups: &[ManagerGroup]) {
        let protected: usize = groups.iter().map(|group| group.protected.len()).sum();
        self.managers_protected.set(i64::try_from(protected).ok());
        self.missing_hooks.clear();
        for group in groups {
            let hooks = [
                ("launching", group.launching_hook),
                ("terminating", group.terminating_hook),
            ];
            for (hook, _) in hooks.into_iter().filter(|(_, present)| !present) {
                let group = group.name.clone();
                self.missing_hooks
                    .get_or_create(&HookLabels { group, hook })
                    .set(1);
            }
        }
    }

    /// This node leads no more.
    pub fn follows(&self) {
        self.managers_protected.set(None);
        self.missing_hooks.clear();
        self.nodes.clear();
        self.nodes_departing.set(None);
        self.nodes_refused.set(None);
        self.ticket(None);
    }

    /// All of it, as `OpenMetrics` text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry());
        text
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("swarmlet");
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        all.register("build", "The agent's version", Info::new(version));
        all.register(
            "node_info",
            "This node: its instance, cluster and role",
            self.node.clone(),
        );
        all.register(
            "serving",
            "1 if the node is in its cluster's swarm and serves",
            self.serving.clone(),
        );
        all.register(
            "departing",
            "1 if the node is on its way out",
            self.departing.clone(),
        );
        all.register(
            "engine_state",
            "What the engine is in its swarm: one of the states is 1",
            self.engine.clone(),
        );
        all.register(
            "epoch",
            "The epoch of the swarm that the node is in",
            self.epoch.clone(),
        );
        all.register(
            "rounds",
            "Rounds of looking, deciding and acting",
            self.rounds.clone(),
        );
        all.register_with_unit(
            "last_round_timestamp",
            "When the last round was",
            Unit::Seconds,
            self.round_at.clone(),
        );
        all.register(
            "decisions",
            "Decisions, by step and reason",
            self.decisions.clone(),
        );
        all.register(
            "failed_steps",
            "Steps that did not succeed",
            self.failed_steps.clone(),
        );
        all.register(
            "failed_chores",
            "Chores that did not succeed",
            self.failed_chores.clone(),
        );
        all.register(
            "departures",
            "Departures that have begun on this node, by cause",
            self.departures.clone(),
        );
        self.register_swarm(&mut all);
        self.register_disk(&mut all);
        calls::register((self.aws_calls)(), &mut all);
        all
    }

    fn register_disk(&self, all: &mut Registry) {
        all.register_with_unit(
            "disk_used",
            "How much of the engine's disk is in use: of its bytes or of its files, whichever is more",
            Unit::Other("ratio".to_owned()),
            self.disk_used.clone(),
        );
        all.register(
            "disk_removed",
            "What was removed from it because it was full, by kind",
            self.disk_removed.clone(),
        );
    }

    fn register_swarm(&self, all: &mut Registry) {
        all.register_with_unit(
            "ticket_issued_timestamp",
            "When the stored ticket was published, on the leader",
            Unit::Seconds,
            self.published_at.clone(),
        );
        all.register_with_unit(
            "ticket_checked_timestamp",
            "When the leader last knew what is stored",
            Unit::Seconds,
            self.seen_at.clone(),
        );
        all.register(
            "nodes",
            "Nodes of the swarm, on the leader",
            self.nodes.clone(),
        );
        all.register(
            "nodes_departing",
            "Nodes on their way out, on the leader",
            self.nodes_departing.clone(),
        );
        all.register(
            "nodes_refused",
            "Nodes that do not belong to the cluster, on the leader",
            self.nodes_refused.clone(),
        );
        all.register(
            "managers_protected",
            "Managers that are protected from scale-in, on the leader",
            self.managers_protected.clone(),
        );
        all.register(
            "missing_hooks",
            "Lifecycle hooks that a group of managers lacks: each is a line, on the leader",
            self.missing_hooks.clone(),
        );
    }
}

/// What does not fit came from somebody who writes nonsense into Parameter Store.
fn whole(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

#[cfg(test)]
mod tests;
