//! What is done about single managers, and the record of it in their entries.

use std::collections::BTreeMap;

use super::choice::{self, Record};
use super::{Protect, Question, Step};
use crate::NodeChange;
use crate::labels::PROTECTED_LABEL;
use crate::leader::{Change, Purpose};

/// Those who are to be protected first, and then those who are released: nobody is released before.
pub(super) fn of(changes: Vec<choice::Change<'_>>) -> Vec<Step> {
    let (protect, release): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| change.protected);
    let steps = [protect, release].into_iter().flat_map(in_turn);
    steps.collect()
}

/// A record says before the call, so that whoever leads next knows what may have been done, that a node is protected; and
/// after it that it is not.
fn in_turn(changes: Vec<choice::Change<'_>>) -> Vec<Step> {
    let calls = calls(&changes);
    let before = |change: &choice::Change<'_>| change.record == Some(Record::Protected);
    let (before, after): (Vec<_>, Vec<_>) = changes.into_iter().partition(before);
    let mut steps: Vec<Step> = before.into_iter().filter_map(record).collect();
    steps.extend((!calls.is_empty()).then_some(Step::Ask(Question::Protect(calls))));
    steps.extend(after.into_iter().filter_map(record));
    steps
}

/// What Auto Scaling is to be asked, where it has it not so already: one call a group.
fn calls(changes: &[choice::Change<'_>]) -> Vec<Protect> {
    let mut calls: BTreeMap<(&String, bool), Vec<String>> = BTreeMap::new();
    let due = changes.iter();
    for change in due.filter(|change| change.protected != change.node.protected) {
        let call = calls.entry((&change.node.group, change.protected));
        let instance = change.node.instance_id.clone();
        call.or_default().push(instance);
    }
    let calls = calls.into_iter();
    let calls = calls.map(|((group, protected), instances)| Protect {
        group: group.clone(),
        instances,
        protected,
    });
    calls.collect()
}

/// What its entry is to say, where it does not.
fn record(change: choice::Change<'_>) -> Option<Step> {
    let value = change.record.map(|record| record.as_str().to_owned());
    let labels = BTreeMap::from([(PROTECTED_LABEL.to_owned(), value)]);
    let entry = Change::Entry {
        node: change.node.id.clone(),
        change: NodeChange {
            labels,
            ..NodeChange::default()
        },
        purpose: Purpose::Note,
    };
    (change.record != change.node.record).then_some(Step::Record(entry))
}
