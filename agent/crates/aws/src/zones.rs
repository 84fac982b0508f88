//! Who is asked about together, so that the failure of one zone does not take EC2's word away.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Told;

/// Instances whose zone is not known are asked about one by one, so many at a time.
pub(super) const MOST_ALONE: usize = 20;

/// In which zone an instance is, by earlier answers; and who was asked about alone in vain.
#[derive(Debug, Default)]
pub(super) struct Zones {
    known: BTreeMap<String, String>,
    tried: BTreeSet<String>,
}

impl Zones {
    pub(super) fn learn(&mut self, found: &[Told]) {
        for instance in found {
            if let Some(zone) = &instance.facts.zone {
                self.known.insert(instance.id.clone(), zone.clone());
                self.tried.remove(&instance.id);
            }
        }
    }

    /// Whom to ask about together: a call with an id of a zone that fails says nothing about anybody.
    pub(super) fn portions(&mut self, ids: &[String]) -> Vec<Vec<String>> {
        let mut zones: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        let mut alone = Vec::new();
        for id in ids {
            match self.known.get(id) {
                Some(zone) => zones.entry(zone).or_default().push(id.clone()),
                None => alone.push(id.clone()),
            }
        }
        let mut portions: Vec<_> = zones.into_values().collect();
        if alone.iter().all(|id| self.tried.contains(id)) {
            self.tried.clear();
        }
        alone.sort_by_key(|id| self.tried.contains(id));
        alone.truncate(MOST_ALONE);
        self.tried.extend(alone.iter().cloned());
        portions.extend(alone.into_iter().map(|id| vec![id]));
        portions
    }
}
