//! Who reaches whom.

use std::collections::BTreeSet;
use std::time::Duration;

use super::State;
use super::machine::MachineId;

/// The private network's faults.
#[derive(Debug, Default)]
pub(crate) struct Network {
    cuts: Vec<Cut>,
}

/// Some machines that the others do not reach.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) inside: BTreeSet<MachineId>,
    pub(crate) until: Duration,
    /// Whether AWS is on the other side too.
    pub(crate) from_aws: bool,
}

impl Network {
    pub(crate) fn cut(&mut self, cut: Cut) {
        self.cuts.push(cut);
    }

    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
    }
}

impl State {
    /// Whether packets go between two machines that are on.
    pub(crate) fn reaches(&self, a: MachineId, b: MachineId) -> bool {
        let both_on = self.machines[a].is_on() && self.machines[b].is_on();
        let mut cuts = self.network.cuts.iter().filter(|cut| cut.until > self.now);
        both_on && cuts.all(|cut| cut.inside.contains(&a) == cut.inside.contains(&b))
    }

    /// Whether a machine reaches AWS.
    pub(crate) fn reaches_aws(&self, id: MachineId) -> bool {
        let mut cuts = self.network.cuts.iter().filter(|cut| cut.until > self.now);
        !cuts.any(|cut| cut.from_aws && cut.inside.contains(&id))
    }
}
