//! Which files of a node's disk are to be written, and when they are.

use crate::departure::Departure;
use crate::node::decision::Action;
use crate::node::event::Act;
use crate::node::files::{Acts, File, FileName};
use crate::node::launch::{Launched, Waited};
use crate::node::state::Node;
use crate::{Epoch, Membership, Moment, Peer};

impl Node {
    /// The first file that is not yet as it is to be. A crash may come before each of them.
    pub fn unsaved(&self) -> Option<File<'_>> {
        let name = self.unsaved.first()?;
        Some(match name {
            FileName::Membership => File::Membership(self.files.membership.as_ref()),
            FileName::Peers => File::Peers(&self.files.peers),
            FileName::Nonces => File::Nonces(&self.files.nonces),
            FileName::Acts => File::Acts(self.files.acts),
            FileName::Departure => File::Departure(self.files.departure.as_ref()),
            FileName::Launch => File::Launch(&self.files.launch),
            FileName::Waited => File::Waited(self.files.waited),
        })
    }

    /// What of an action cannot be undone. Only a member's leaving is an act: a join that failed has left nothing behind.
    pub fn act_of(&self, action: &Action) -> Option<Act> {
        match action {
            Action::Recover(epoch) => Some(Act::Recover(*epoch)),
            Action::Leave | Action::Depart => self.membership().map(|_| Act::Leave),
            Action::RestartEngine => Some(Act::Restart),
            Action::ClearSwarm => Some(Act::Clear),
            _ => None,
        }
    }

    /// What is on disk before an act is done.
    pub fn record_of(&self, act: Act, now: Moment) -> Acts {
        Acts {
            at: Some(now.up.as_secs()),
            forced: match act {
                Act::Recover(epoch) => Some(epoch),
                Act::Leave | Act::Restart | Act::Clear => self.files.acts.forced,
            },
        }
    }

    /// This node's nonce of an epoch, if it has drawn one.
    pub fn nonce(&self, epoch: Epoch) -> Option<&str> {
        let nonce = self.files.nonces.epochs.get(&epoch.number());
        nonce.map(String::as_str)
    }

    /// Another membership is to be on disk.
    pub(super) fn keep_membership(&mut self, membership: Option<Membership>) {
        self.files.membership = membership;
        self.unsaved.insert(FileName::Membership);
    }

    pub(super) fn keep_peers(&mut self, peers: Vec<Peer>) {
        if peers != self.files.peers {
            self.files.peers = peers;
            self.unsaved.insert(FileName::Peers);
        }
    }

    pub(super) fn keep_nonce(&mut self, epoch: Epoch, nonce: String) {
        self.files
            .nonces
            .epochs
            .entry(epoch.number())
            .or_insert(nonce);
        self.unsaved.insert(FileName::Nonces);
    }

    pub(super) fn keep_acts(&mut self, acts: Acts) {
        if acts != self.files.acts {
            self.files.acts = acts;
            self.unsaved.insert(FileName::Acts);
        }
    }

    pub(super) fn keep_launch(&mut self, launched: Launched) {
        if launched != self.files.launch {
            self.files.launch = launched;
            self.unsaved.insert(FileName::Launch);
        }
    }

    pub(super) fn keep_waited(&mut self, waited: Waited) {
        self.files.waited = waited;
        self.unsaved.insert(FileName::Waited);
    }

    /// Changes the departure, and has it on disk if it is another then.
    pub(super) fn keep_departure(&mut self, change: impl FnOnce(&mut Option<Departure>)) {
        let before = self.files.departure.clone();
        change(&mut self.files.departure);
        if self.files.departure != before {
            self.unsaved.insert(FileName::Departure);
        }
    }
}

#[cfg(test)]
#[path = "saving_tests.rs"]
mod tests;
