//! What the decision about stacks rests on: the sources, and what the swarm has.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::{Context, problems};
use super::fetch::refusal;
use super::sources::{Checked, Content, Source};
use super::{Keeper, Outside};
use docker::stacks::host;
use host::clock::Clock;
use protocol::stacks::objects::{Kind, Present, of_stack, present};
use protocol::stacks::{Facts, Standing, Want, Wanted, standing};

impl<O: Outside> Keeper<O> {
    /// All that the decision rests on.
    pub(super) fn facts(&self) -> Facts {
        let wanted = self.sources.all().into_iter();
        let wanted: BTreeMap<String, Wanted> = wanted
            .map(|(name, source)| (name.clone(), self.wanted(name, source)))
            .collect();
        let names = wanted.keys().chain(self.deployed.notes.keys());
        let stacks = self
            .deployed
            .objects
            .iter()
            .filter_map(|object| object.stack.as_ref());
        let names: BTreeSet<&String> = names.chain(stacks).collect();
        let present = names
            .into_iter()
            .map(|name| (name.clone(), self.present(name)));
        Facts {
            present: present.collect(),
            wanted,
            complete: self.sources.is_complete(),
            missing: self.misses.facts(),
            removed: self.removed,
            notes: self.deployed.notes.clone(),
            tried: self.steps.facts(self.edges.now()),
            now: self.edges.clock.unix(),
        }
    }

    fn wanted(&self, name: &str, source: &Source) -> Wanted {
        match (&source.content, source.checked()) {
            (Content::Nothing, _) => Wanted::Nothing,
            (_, Some((_, checked))) if self.lacks(name, source, checked).is_ok() => {
                Wanted::Stack(self.want(source, checked))
            }
            _ => Wanted::Broken,
        }
    }

    /// What a file needs of the swarm and the swarm does not have.
    pub(super) fn lacks(
        &self,
        name: &str,
        source: &Source,
        checked: &Checked,
    ) -> Result<(), String> {
        let context = Context {
            stack: name,
            origin: source.origin,
            needs_version: false,
            local_drivers: &BTreeSet::new(),
            contents: &checked.contents,
            objects: Some(&self.deployed.objects),
        };
        refusal(&problems(&checked.compose, &context))
    }

    pub(super) fn want(&self, source: &Source, checked: &Checked) -> Want {
        let hosts = checked.compose.images().map(host);
        let hosts: BTreeSet<String> = hosts.map(str::to_owned).collect();
        Want {
            origin: source.origin,
            digest: checked.digest.clone(),
            logins: self.logins.for_hosts(&hosts),
        }
    }

    /// What the file of a stack has the swarm make beside services.
    pub(super) fn named(&self, name: &str) -> BTreeSet<(Kind, String)> {
        let checked = self.sources.get(name).and_then(Source::checked);
        checked.map_or_else(BTreeSet::new, |(_, checked)| {
            checked.compose.makes(name, &checked.contents)
        })
    }

    fn present(&self, name: &str) -> Present {
        present(&self.deployed.objects, name, &self.named(name))
    }

    /// What is as it was left tells later what was changed.
    pub(super) fn remember_whole(&mut self, facts: &Facts) {
        for name in facts.notes.keys() {
            if standing(facts, name) == Standing::Deployed {
                let named = self.named(name);
                let objects = of_stack(&self.deployed.objects, name, &named);
                self.whole.keep(name, &objects);
            }
        }
    }
}
