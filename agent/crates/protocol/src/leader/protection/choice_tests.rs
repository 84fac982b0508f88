use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn node(n: usize) -> Node {
    Node {
        id: format!("node{n}"),
        instance_id: format!("i-{n}"),
        group: "g".into(),
        care: Care::Protect,
        standing: Standing::Healthy,
        leader: n == 0,
        in_service: true,
        protected: false,
        record: None,
        age: Age {
            is_current: true,
            launched: Some(n as u64),
        },
    }
}

fn nodes(count: usize) -> Vec<Node> {
    (0..count).map(node).collect()
}

fn all_healthy(members: usize) -> Raft {
    Raft {
        members,
        healthy: members,
    }
}

/// Numbers of those to protect, and of those to let go.
fn steps(nodes: &[Node], raft: Raft) -> (Vec<usize>, Vec<usize>) {
    let changes = next(nodes, raft);
    let number = |change: &Change<'_>| change.node.id[4..].parse().expect("a number");
    let (protect, release): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.protected);
    let first_release = changes.iter().position(|change| !change.protected);
    assert_eq!(
        first_release.unwrap_or(protect.len()),
        protect.len(),
        "who is protected goes first"
    );
    (
        protect.into_iter().map(number).collect(),
        release.into_iter().map(number).collect(),
    )
}

/// Everything that is to change has changed.
fn settle(nodes: &mut [Node], raft: Raft) {
    let changes: Vec<_> = next(nodes, raft)
        .iter()
        .map(|c| (c.node.id.clone(), c.protected, c.record))
        .collect();
    for (id, protected, record) in changes {
        let node = nodes.iter_mut().find(|node| node.id == id).expect("a node");
        (node.protected, node.record) = (protected, record);
    }
    assert_eq!(next(nodes, raft), [], "nothing is left to do");
}

#[test]
fn as_many_as_raft_can_spare_may_go() {
    for (count, healthy, spare) in [
        (1, 1, 0),
        (2, 2, 0),
        (3, 3, 1),
        (3, 2, 0),
        (4, 4, 1),
        (5, 5, 2),
        (5, 4, 1),
        (7, 3, 0),
    ] {
        let raft = Raft {
            members: count,
            healthy,
        };
        assert_eq!(raft.spare(), spare, "{raft:?}");
        let mut all = nodes(count);
        for node in &mut all[healthy..] {
            node.standing = Standing::Ill(Duration::ZERO);
        }
        settle(&mut all, raft);
        let protected = all.iter().filter(|node| node.protected).count();
        assert_eq!(protected, healthy - spare, "{raft:?}");
    }
}

#[test]
fn who_is_out_of_date_goes_first_and_the_leader_last() {
    let mut all = nodes(3);
    assert_eq!(
        steps(&all, all_healthy(3)),
        (vec![0, 2], vec![1]),
        "the leader is the oldest"
    );
    all[1].age.launched = Some(100);
    all[2].age.launched = Some(200);
    assert_eq!(
        steps(&all, all_healthy(3)),
        (vec![1, 2], vec![0]),
        "the others were replaced: it is the last old one"
    );
    let mut all = nodes(3);
    all[0].age.is_current = false;
    assert_eq!(
        steps(&all, all_healthy(3)),
        (vec![1, 2], vec![0]),
        "it goes where only it is out of date"
    );
    all[2].age.is_current = false;
    assert_eq!(steps(&all, all_healthy(3)), (vec![0, 1], vec![2]));
}

#[test]
fn who_cannot_be_protected_yet_takes_the_place_of_one_that_may_go() {
    let mut all = nodes(3);
    all[2].in_service = false;
    assert_eq!(steps(&all, all_healthy(3)), (vec![0, 1], vec![2]));
    all[2].record = Some(Record::Protected);
    all[2].protected = true;
    assert_eq!(
        steps(&all, all_healthy(3)),
        (vec![0], vec![1]),
        "one in standby may be protected"
    );
}

#[test]
fn what_a_person_protects_stays() {
    let mut all = nodes(3);
    settle(&mut all, all_healthy(3));
    assert_eq!(all[1].record, Some(Record::Spared));
    all[1].protected = true;
    let (protect, release) = steps(&all, all_healthy(3));
    assert_eq!((protect, release), (vec![], vec![2]), "another one may go");
    for node in &mut all {
        node.care = Care::Release;
    }
    assert_eq!(steps(&all, all_healthy(3)), (vec![], vec![0, 2]));
}

#[test]
fn a_group_that_ends_or_has_hooks_is_released_and_one_that_protects_by_itself_is_let_be() {
    for (care, released) in [(Care::Release, 3), (Care::Leave, 0)] {
        let mut all = nodes(3);
        settle(&mut all, all_healthy(3));
        for node in &mut all {
            node.care = care;
        }
        assert_eq!(next(&all, all_healthy(3)).len(), released, "{care:?}");
        settle(&mut all, all_healthy(3));
        let recorded = all.iter().filter(|node| node.record.is_some()).count();
        assert_eq!(recorded, 3 - released);
    }
    let mut never = nodes(3);
    for node in &mut never {
        (node.care, node.protected) = (Care::Release, true);
    }
    assert_eq!(
        next(&never, all_healthy(3)),
        [],
        "what no leader has protected"
    );
}

#[test]
fn who_is_ill_for_long_or_no_manager_any_more_may_go() {
    let mut all = nodes(3);
    settle(&mut all, all_healthy(3));
    let raft = Raft {
        members: 3,
        healthy: 2,
    };
    all[2].standing = Standing::Ill(ILL.checked_sub(Duration::from_secs(1)).unwrap());
    assert_eq!(steps(&all, raft), (vec![1], vec![]), "a passing trouble");
    all[2].standing = Standing::Ill(ILL);
    assert_eq!(steps(&all, raft), (vec![1], vec![2]));
    for standing in [Standing::Outside, Standing::Candidate] {
        all[2].standing = standing;
        assert_eq!(steps(&all, all_healthy(2)), (vec![1], vec![2]));
    }
}

/// A node that joins anew has two entries for a while.
#[test]
fn an_instance_is_one_whatever_entries_it_has() {
    let mut all = nodes(3);
    settle(&mut all, all_healthy(3));
    let mut old = node(9);
    old.instance_id = "i-0".into();
    (old.protected, old.record, old.standing) = (true, Some(Record::Protected), Standing::Ill(ILL));
    all.push(old);
    assert_eq!(
        steps(
            &all,
            Raft {
                members: 4,
                healthy: 3
            }
        ),
        (vec![1], vec![])
    );
}

#[test]
fn a_group_of_one_can_end_what_it_has_too_many() {
    let one = all_healthy(1);
    let mut all = nodes(2);
    all[1].standing = Standing::Candidate;
    assert_eq!(
        yields(&all, one, EXCESS),
        Some("node0"),
        "the new one takes over"
    );
    assert_eq!(yields(&all, one, Duration::ZERO), None, "not at once");
    all[1].standing = Standing::Healthy;
    assert_eq!(
        yields(&all, all_healthy(2), EXCESS),
        Some("node0"),
        "the same one, once both are managers"
    );
    let ill = Raft {
        members: 2,
        healthy: 1,
    };
    assert_eq!(yields(&all, ill, EXCESS), None);
    assert_eq!(
        yields(&nodes(3), all_healthy(3), EXCESS),
        None,
        "raft can spare one of three"
    );
    assert_eq!(
        yields(&nodes(1), all_healthy(2), EXCESS),
        None,
        "not all are in the group"
    );
    all[0].standing = Standing::Candidate;
    assert_eq!(yields(&all, one, EXCESS), None, "and it does not come back");
}

/// A cluster as it is, and as the leader sees it: it hears late of an end.
struct Cluster {
    real: Vec<Node>,
    alive: BTreeSet<String>,
    members: usize,
}

impl Cluster {
    fn new(count: usize, outdated: &[bool]) -> Self {
        let mut real = nodes(count);
        for (node, outdated) in real.iter_mut().zip(outdated) {
            node.age.is_current = !outdated;
        }
        settle(&mut real, all_healthy(count));
        let alive = real.iter().map(|node| node.id.clone()).collect();
        Self {
            real,
            alive,
            members: count,
        }
    }

    /// What Auto Scaling may do between any two calls: end one that is not protected.
    fn end(&mut self, which: Option<u8>) {
        let Some(which) = which.map(usize::from) else {
            return;
        };
        let open = |node: &&Node| !node.protected && self.alive.contains(&node.id);
        let open: Vec<_> = self
            .real
            .iter()
            .filter(open)
            .map(|node| node.id.clone())
            .collect();
        if let Some(id) = (!open.is_empty()).then(|| &open[which % open.len()]) {
            self.alive.remove(id);
        }
        assert!(
            2 * self.alive.len() > self.members,
            "quorum is lost: {:?}",
            self.real
        );
    }

    /// One call for several instances fails as a whole where one of them is gone.
    fn call(&mut self, ids: &[String], protected: bool) -> bool {
        if ids.iter().any(|id| !self.alive.contains(id)) {
            return false;
        }
        let record = if protected {
            Record::Protected
        } else {
            Record::Spared
        };
        for node in self.real.iter_mut().filter(|node| ids.contains(&node.id)) {
            (node.protected, node.record) = (protected, Some(record));
        }
        true
    }
}

proptest! {
    /// Whatever Auto Scaling ends of what it may, and whenever, and however late the leader hears of it: raft keeps
    /// its majority.
    #[test]
    fn nothing_that_auto_scaling_may_end_costs_the_majority(
        count in 1_usize..8,
        outdated in proptest::collection::vec(any::<bool>(), 8),
        turns in proptest::collection::vec((any::<Option<u8>>(), any::<Option<u8>>(), any::<bool>(), any::<[bool; 2]>()), 1..12),
    ) {
        let mut cluster = Cluster::new(count, &outdated);
        for (before, between, hears, turned) in turns {
            let mut view = cluster.real.clone();
            if hears {
                for node in view.iter_mut().filter(|node| !cluster.alive.contains(&node.id)) {
                    (node.standing, node.in_service) = (Standing::Ill(Duration::ZERO), false);
                }
            }
            for (node, turned) in view.iter_mut().zip(turned) {
                node.age.is_current ^= turned;
            }
            let healthy = view.iter().filter(|node| node.standing == Standing::Healthy).count();
            let changes = next(&view, Raft { members: count, healthy });
            let ids = |protected: bool| -> Vec<String> {
                let some = changes.iter().filter(|change| change.protected == protected);
                some.map(|change| change.node.id.clone()).collect()
            };
            let (protect, release) = (ids(true), ids(false));
            cluster.end(before);
            let all = protect.is_empty() || cluster.call(&protect, true);
            cluster.end(between);
            if all && !release.is_empty() {
                cluster.call(&release, false);
            }
            for which in 0..2 {
                cluster.end(Some(which));
            }
        }
    }
}
