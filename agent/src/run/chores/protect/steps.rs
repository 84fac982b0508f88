//! What is done about single managers, and the record of it in their entries.

use std::collections::BTreeMap;

use super::answers::Protect;
use super::asking::Question;
use crate::run::{Agent, Outside, StepError};
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

impl<O: Outside> Agent<O> {
    /// Takes steps of one kind. The record says before it is so that a node is protected, and after it that it is
    /// not: whoever leads next knows what may have been done.
    pub(super) async fn set_protection(&mut self, steps: Vec<Step>) -> Result<(), StepError> {
        let (before, after): (Vec<_>, Vec<_>) = steps
            .iter()
            .partition(|step| step.record == Some(Record::Protected));
        self.write_records(&before).await?;
        let mut calls: BTreeMap<(&String, bool), Vec<String>> = BTreeMap::new();
        for step in &steps {
            if let Some(protected) = step.protect {
                calls
                    .entry((&step.group, protected))
                    .or_default()
                    .push(step.instance.clone());
            }
        }
        if !calls.is_empty() {
            let calls = calls.into_iter();
            let calls = calls.map(|((group, protected), instances)| Protect {
                group: group.clone(),
                instances,
                protected,
            });
            self.ask_groups(Question::Protect(calls.collect())).await?;
        }
        self.write_records(&after).await
    }

    async fn write_records(&mut self, steps: &[&Step]) -> Result<(), StepError> {
        for step in steps.iter().filter(|step| !step.is_recorded) {
            let value = step.record.map(|record| record.as_str().to_owned());
            let change = NodeChange {
                labels: BTreeMap::from([(PROTECTED_LABEL.to_owned(), value)]),
                ..NodeChange::default()
            };
            self.change(&step.node, &change).await?;
        }
        Ok(())
    }
}
