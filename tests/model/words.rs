//! What a leader has heard when it looks at the node list: EC2's word, and managers' own records.

use std::collections::BTreeSet;

use protocol::leader::Records;
use protocol::tags::{CLUSTER_TAG, ROLE_TAG};
use protocol::{ClusterName, Facts, Here, Instances, Life, Moment, Reply, Role, Told, pace};

use crate::ages;
use crate::names::{address, instance, instance_of};
use crate::strangers::UNKNOWN;
use crate::variant::Variant;
use crate::world::{self, Id, World};

/// What EC2 says. Where no strangers come, of all that live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Word {
    /// Of everybody, and so for long.
    All,
    /// Of everybody, for the first time.
    First,
    /// Nothing, for long; nor can records be read.
    Nothing,
    /// Its answers have lacked this instance for long. They are not whole, so nothing counts of whom they lack.
    AllBut(Id),
    /// It has known all for long, and does not know this one now.
    Misses(Id),
}

impl Word {
    pub(crate) fn is_fault(self) -> bool {
        !matches!(self, Self::All | Self::First)
    }
}

/// EC2's word now, and as it was so long ago that whatever is waited for has passed since.
pub(crate) struct Words {
    pub(crate) now: Instances,
    pub(crate) before: Option<Instances>,
}

/// See [`Words`].
pub(crate) fn before() -> Moment {
    let up = ages::NOW.up.saturating_sub(pace::ABSENCE);
    Moment { up, ..ages::NOW }
}

impl World {
    /// Words that a leader may hear here.
    pub(crate) fn words(&self) -> impl Iterator<Item = Word> + use<> {
        let alive = (0..).zip(&self.nodes).filter(|(_, node)| !node.dead);
        let alive: Vec<Id> = alive.map(|(id, _)| id).collect();
        let faults = alive
            .into_iter()
            .flat_map(|id| [Word::AllBut(id), Word::Misses(id)]);
        let words = [Word::All, Word::First, Word::Nothing];
        words.into_iter().chain(faults)
    }

    /// What this leader knows. Tags do not change here.
    pub(crate) fn heard(&self, leader: Id, word: Word, variant: Variant) -> Words {
        let mut now = Instances::default();
        let mut old = None;
        if !self.admits {
            let alive: Vec<Told> = self.told().filter(|t| t.life == Life::Alive).collect();
            let asked: Vec<String> = alive.iter().map(|told| told.id.clone()).collect();
            learn(&mut now, &asked, &alive, &BTreeSet::new(), ages::NOW);
        } else if let Some((known, silent)) = self.answer(word, variant, before()) {
            learn(&mut now, &self.all_claims(), &known, &silent, before());
            old = Some(now.clone());
        }
        self.see_ends(leader, &mut now);
        if self.admits
            && let Some((known, silent)) = self.answer(word, variant, ages::NOW)
        {
            learn(&mut now, &self.all_claims(), &known, &silent, ages::NOW);
        }
        Words { now, before: old }
    }

    /// Whom EC2 knew at that time, and of whom it said nothing.
    fn answer(
        &self,
        word: Word,
        variant: Variant,
        at: Moment,
    ) -> Option<(Vec<Told>, BTreeSet<String>)> {
        let is_last = at == ages::NOW;
        let but = |id| self.told().filter(|told| told.id != instance(id)).collect();
        let none = BTreeSet::new();
        match word {
            Word::First if !is_last => None,
            Word::Nothing if variant == Variant::TrustsNoAnswer => Some((Vec::new(), none)),
            Word::Nothing => None,
            Word::AllBut(id) if variant == Variant::CountsPartial => Some((but(id), none)),
            Word::AllBut(id) => Some((but(id), [instance(id)].into())),
            Word::Misses(id) if is_last || variant == Variant::BelievesAtOnce => {
                Some((but(id), none))
            }
            Word::All | Word::First | Word::Misses(_) => Some((self.told().collect(), none)),
        }
    }

    fn all_claims(&self) -> Vec<String> {
        let known = (0..).take(self.nodes.len());
        known.chain([UNKNOWN]).map(|id: Id| instance(id)).collect()
    }

    fn told(&self) -> impl Iterator<Item = Told> {
        (0..).zip(&self.nodes).map(|(id, node)| told(id, node))
    }

    /// The ends that this leader has asked for, twice.
    fn see_ends(&self, leader: Id, instances: &mut Instances) {
        let gone = self.mind(leader).gone;
        let ended = self.told().filter(|told| gone.has(instance_of(&told.id)));
        let ended: Vec<Told> = ended.collect();
        let asked: Vec<String> = ended.iter().map(|told| told.id.clone()).collect();
        for ago in [pace::FLEET_GAP, std::time::Duration::ZERO] {
            let up = ages::NOW.up.saturating_sub(ago);
            let reply = Reply {
                asked: &asked,
                known: &ended,
                silent: &BTreeSet::new(),
            };
            instances.see(&reply, Moment { up, ..ages::NOW });
        }
    }

    /// What the nodes' own agents have written down, in the terms of the list.
    pub(crate) fn records(&self, raft: u8, word: Word, variant: Variant) -> Records {
        let mut records = Records::default();
        let listed = self.raft(raft).entries.iter().enumerate();
        if self.admits && word != Word::Nothing {
            for (id, node) in (0..).zip(&self.nodes) {
                // Of a node that is not listed any more, or nothing.
                let read = (node.recorded > 0).then(|| "gone".to_owned());
                records.learn(&instance(id), Ok(read), ages::NOW);
            }
        }
        for (index, entry) in listed {
            let own = self.nodes.get(usize::from(entry.node));
            let recorded = own.is_some_and(|node| node.recorded == entry.life);
            let taken = variant == Variant::AsksNoRecord && entry.claims() == entry.is_at();
            if let Some(claims) = entry.claims()
                && (recorded || taken)
                && (!self.admits || word != Word::Nothing)
            {
                let read = Some(index.to_string());
                records.learn(&instance(claims), Ok(read), ages::NOW);
            }
        }
        records
    }
}

/// A leader's question, and the answer to it.
fn learn(
    instances: &mut Instances,
    asked: &[String],
    known: &[Told],
    silent: &BTreeSet<String>,
    at: Moment,
) {
    let cluster: ClusterName = "c".parse().expect("a name");
    let here = Here {
        region: "",
        cluster: &cluster,
    };
    let reply = Reply {
        asked,
        known,
        silent,
    };
    instances.learn(&reply, here, at);
}

fn told(id: Id, node: &world::Node) -> Told {
    let role = if node.manager {
        Role::Manager
    } else {
        Role::Worker
    };
    let tags = [(ROLE_TAG, role.to_string()), (CLUSTER_TAG, "c".to_owned())];
    let life = if node.dead {
        Life::Terminated
    } else {
        Life::Alive
    };
    Told {
        profile: None,
        id: instance(id),
        life,
        addresses: vec![address(id).ip().into()],
        tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
        facts: Facts::default(),
    }
}
