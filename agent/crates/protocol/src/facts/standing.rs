//! What managers tell a node about itself, without credentials.

use std::net::SocketAddr;
use std::time::Duration;

use strum::IntoStaticStr;

use crate::Identity;

/// One manager's answer to a probe without credentials.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Probed {
    /// Where.
    pub address: SocketAddr,
    /// What it said.
    pub answer: ProbeAnswer,
}

/// What a manager's port tells anybody.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ProbeAnswer {
    /// A manager of some swarm.
    Manager {
        /// `O=` of its certificate, which its root certificate vouches for.
        swarm_id: String,
        /// Digest of that root certificate; `None` while it has no leader to ask.
        ca_digest: Option<String>,
        /// Whether the node that asked is in the swarm, if it asked for that.
        word: Word,
    },
    /// Nothing there, or something else: what was seen.
    Nobody(String),
}

/// A manager's word about one node (`NodeCertificateStatus`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Word {
    /// The swarm has it.
    Member,
    /// The swarm has it no more (gRPC `NOT_FOUND`).
    Removed,
    /// Not asked, no leader, or any other answer: never taken for "removed".
    #[default]
    Unknown,
}

/// What all known managers say together, and for how long they have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// What they say.
    pub verdict: Verdict,
    /// How long ago they were asked last.
    pub age: Duration,
    /// How many times in a row they said so.
    pub looks: u32,
    /// For how long they have been saying so.
    pub lasted: Duration,
    /// How many of them answered last without knowing a leader.
    pub leaderless: usize,
}

/// What the managers of a node's own swarm say of it.
#[derive(Clone, Copy, Debug, Eq, Hash, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// A manager with a leader says that it is a member.
    Member,
    /// A manager with a leader says that it was removed, and none says otherwise.
    Removed,
    /// A manager with a leader answers, and says neither.
    Unclear,
    /// Managers answer, none with a leader.
    NoLeader,
    /// No manager of this swarm answers.
    Silent,
}

impl Verdict {
    /// Its name, as the status file has it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Weighs the answers. Only managers that serve the node's own swarm, under the root
/// certificate that the node itself trusts, have a say: an address may be another's by now.
pub fn verdict(identity: &Identity, answers: &[Probed]) -> Verdict {
    let words: Vec<Verdict> = answers.iter().filter_map(|p| said(identity, p)).collect();
    let strongest = [
        Verdict::Member,
        Verdict::Removed,
        Verdict::Unclear,
        Verdict::NoLeader,
    ];
    let found = strongest.into_iter().find(|v| words.contains(v));
    found.unwrap_or(Verdict::Silent)
}

/// How many of them are managers of the node's own swarm without a leader.
pub fn leaderless(identity: &Identity, answers: &[Probed]) -> usize {
    let words = answers.iter().filter_map(|p| said(identity, p));
    words.filter(|word| *word == Verdict::NoLeader).count()
}

fn said(identity: &Identity, probed: &Probed) -> Option<Verdict> {
    let ProbeAnswer::Manager {
        swarm_id,
        ca_digest,
        word,
    } = &probed.answer
    else {
        return None;
    };
    if identity.swarm_id.as_ref() != Some(swarm_id) {
        return None;
    }
    match (ca_digest, word) {
        (None, _) => Some(Verdict::NoLeader),
        (digest, _) if *digest != identity.ca_digest => Some(Verdict::Unclear),
        (_, Word::Member) => Some(Verdict::Member),
        (_, Word::Removed) => Some(Verdict::Removed),
        (_, Word::Unknown) => Some(Verdict::Unclear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            locks: false,
            node_id: Some("n".into()),
            swarm_id: Some("s".into()),
            ca_digest: Some("d".into()),
            managers: Vec::new(),
        }
    }

    fn manager(swarm_id: &str, digest: Option<&str>, word: Word) -> Probed {
        Probed {
            address: ([10, 0, 0, 1], 2377).into(),
            answer: ProbeAnswer::Manager {
                swarm_id: swarm_id.into(),
                ca_digest: digest.map(str::to_owned),
                word,
            },
        }
    }

    fn nobody() -> Probed {
        Probed {
            address: ([10, 0, 0, 2], 2377).into(),
            answer: ProbeAnswer::Nobody("refuses".into()),
        }
    }

    #[test]
    fn only_the_own_swarm_has_a_say_and_membership_weighs_most() {
        let member = || manager("s", Some("d"), Word::Member);
        let removed = || manager("s", Some("d"), Word::Removed);
        for (answers, expected) in [
            (vec![], Verdict::Silent),
            (vec![nobody()], Verdict::Silent),
            (
                vec![manager("other", Some("d"), Word::Removed)],
                Verdict::Silent,
            ),
            (
                vec![manager("s", Some("other"), Word::Removed)],
                Verdict::Unclear,
            ),
            (vec![manager("s", None, Word::Unknown)], Verdict::NoLeader),
            (vec![manager("s", None, Word::Removed)], Verdict::NoLeader),
            (
                vec![manager("s", Some("d"), Word::Unknown)],
                Verdict::Unclear,
            ),
            (vec![removed(), nobody()], Verdict::Removed),
            (vec![removed(), member()], Verdict::Member),
            (
                vec![manager("s", None, Word::Unknown), removed()],
                Verdict::Removed,
            ),
        ] {
            assert_eq!(verdict(&identity(), &answers), expected, "{answers:?}");
        }
    }
}
