//! What is done about single managers, and the record of it in their entries.

use std::collections::BTreeMap;

use crate::run::chores::applier::Applier;
use crate::run::edges::Now;
use crate::run::error::StepError;
use crate::run::executor::groups::Protect;
use docker::Engine;
use protocol::NodeChange;
use protocol::labels::PROTECTED_LABEL;
use protocol::leader::protection::{Change, Record};

/// A change, on its own.
#[derive(Clone, Debug)]
pub(super) struct Step {
    node: String,
    instance: String,
    group: String,
    /// `None` where Auto Scaling has it so already.
    protect: Option<bool>,
    record: Option<Record>,
    is_recorded: bool,
}

impl Step {
    pub(super) fn of(change: &Change<'_>) -> Self {
        let node = change.node;
        Self {
            node: node.id.clone(),
            instance: node.instance_id.clone(),
            group: node.group.clone(),
            protect: (change.protected != node.protected).then_some(change.protected),
            record: change.record,
            is_recorded: change.record == node.record,
        }
    }
}

/// Those whose record says before the call, so that whoever leads next knows what may have been done, that a node is
/// protected; and those whose record says after it that it is not.
pub(super) fn by_record(steps: &[Step]) -> (Vec<&Step>, Vec<&Step>) {
    let before = |step: &&Step| step.record == Some(Record::Protected);
    steps.iter().partition(before)
}

/// What Auto Scaling is to be asked: one call a group.
pub(super) fn calls(steps: &[Step]) -> Vec<Protect> {
    let mut calls: BTreeMap<(&String, bool), Vec<String>> = BTreeMap::new();
    for step in steps {
        if let Some(protected) = step.protect {
            let call = calls.entry((&step.group, protected)).or_default();
            call.push(step.instance.clone());
        }
    }
    let calls = calls.into_iter();
    let calls = calls.map(|((group, protected), instances)| Protect {
        group: group.clone(),
        instances,
        protected,
    });
    calls.collect()
}

/// Writes these down in the nodes' entries.
pub(super) async fn write_records(
    engine: &impl Engine,
    clock: &impl Now,
    applier: &mut Applier,
    steps: &[&Step],
) -> Result<(), StepError> {
    for step in steps.iter().filter(|step| !step.is_recorded) {
        let value = step.record.map(|record| record.as_str().to_owned());
        let change = NodeChange {
            labels: BTreeMap::from([(PROTECTED_LABEL.to_owned(), value)]),
            ..NodeChange::default()
        };
        applier.change(engine, clock, &step.node, &change).await?;
    }
    Ok(())
}
