//! What counts as evidence of an end, and how old it may be.

use super::healing::{action, headless, reason, worker};
use super::*;

/// The true majority may be this node and the one that has replaced the first of the dead.
#[test]
fn a_dead_manager_and_the_dead_one_that_replaced_it_count_once() {
    let gone = |ids: &[&str]| {
        words(
            &ids.iter()
                .map(|id| (*id, Life::Terminated))
                .collect::<Vec<_>>(),
        )
    };
    let with = |named: &[&str], dead: &[&str], alive: &[&str]| {
        let mut seen = headless();
        let instances = named.iter().map(|id| (*id).to_owned()).collect();
        seen.ticket = just(Some(Ticket {
            instances,
            ..ticket()
        }));
        seen.fleet = gone(dead);
        let alive: Vec<_> = alive.iter().map(|id| (*id, Life::Alive)).collect();
        seen.fleet.0.extend(words(&alive).0);
        seen
    };
    // It remembers 4, 5 and itself; 5 was replaced by 6, and then 4 ended.
    let replaced = with(&["i-4", "i-6", "i-9"], &["i-4", "i-5"], &["i-6"]);
    assert_eq!(
        reason(&replaced),
        Reason::ManagersCutOff(vec!["i-6".into()])
    );
    // The demotion of the second of them may not have been published.
    let demoted = with(&["i-4", "i-5", "i-6", "i-9"], &["i-4", "i-5"], &["i-6"]);
    assert_eq!(reason(&demoted), Reason::ManagersCutOff(vec!["i-6".into()]));
    let recover = Action::ReadRegisters(Epoch::FIRST.next());
    let last = with(&["i-4", "i-6", "i-9"], &["i-4", "i-5", "i-6"], &[]);
    assert_eq!(action(&last), recover);
    let mut pair = with(&["i-4", "i-9"], &["i-4"], &[]);
    pair.peers.retain(|peer| peer.node_id != "five");
    assert_eq!(action(&pair), recover);
    // Just promoted, it has not seen the others yet.
    pair.peers.clear();
    assert_eq!(action(&pair), recover);
}

/// A node that was cut off from everything hears the ticket's managers and its own again at once.
#[test]
fn the_own_managers_are_asked_once_more_before_a_node_moves() {
    for mut seen in [worker(), headless()] {
        seen.ticket = just(Some(ticket()));
        seen.standing = standing(Verdict::Silent, 9, 300 * SECOND);
        seen.managers = lasting(vec![manager(5, "swarm", Some(digest()))], 300 * SECOND);
        assert_eq!(action(&seen), Action::Leave);
        seen.standing.as_mut().unwrap().age = SECOND;
        assert_eq!(action(&seen).name(), "ask-standing");
    }
}

/// A manager that is gone may have promoted others and published them after the ticket was read.
#[test]
fn a_ticket_counts_for_an_end_only_if_it_was_read_after_ec2s_word() {
    let gone = words(&[
        ("i-1", Life::Terminated),
        ("i-4", Life::Terminated),
        ("i-5", Life::Terminated),
    ]);
    let mut lost = outside(Role::Manager);
    lost.ticket = just(Some(ticket()));
    lost.managers = lasting(vec![nobody(4), nobody(5)], pace::SILENCE);
    let mut unpublished = outside(Role::Manager);
    unpublished.ticket = just(None);
    unpublished.registers = just(registers(Some("theirs"), false, formed("swarm")));
    for mut seen in [headless(), lost, unpublished] {
        seen.fleet = gone.clone();
        let second = Action::ReadRegisters(Epoch::FIRST.next());
        assert_eq!(action(&seen), second);
        seen.ticket.as_mut().unwrap().age = SECOND;
        assert_eq!(reason(&seen), Reason::TicketMayPredate);
        assert_eq!(action(&seen), Action::ReadTicket);
        for word in seen.fleet.0.values_mut() {
            word.age = SECOND;
        }
        assert_eq!(action(&seen), second);
    }
}
