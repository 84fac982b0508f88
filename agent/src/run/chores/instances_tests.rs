use super::*;
use aws::fleet::Facts;
use protocol::Availability;

const EVERY: Duration = Duration::from_mins(1);

pub(in crate::run::chores) fn node(number: usize) -> NodeEntry {
    NodeEntry {
        id: format!("n{number}"),
        role: Role::Worker,
        availability: Availability::Active,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        instance_id: Some(format!("i-{number}")),
        asks_to_leave: None,
        address: None,
        manager: None,
    }
}

fn told(id: &str) -> Told {
    Told {
        id: id.to_owned(),
        state: InstanceState::Alive,
        addresses: Vec::new(),
        tags: [(ROLE_TAG.to_owned(), "worker".to_owned())].into(),
        facts: Facts::default(),
    }
}

fn learn(instances: &mut Instances, ids: &[String]) {
    let answer: Vec<Told> = ids.iter().map(|id| told(id)).collect();
    instances.learn(ids, &answer, "r", &"c".parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn all_are_asked_about_in_the_rounds_that_there_are_anyway() {
    for (count, rounds) in [(100, 1), (1_000, 2), (5_000, 2)] {
        let nodes: Vec<NodeEntry> = (0..count).map(node).collect();
        let mut instances = Instances::default();
        let mut more = true;
        while more {
            let ids;
            (ids, more) = instances.due(&nodes, EVERY);
            assert!(ids.len() <= BATCH, "one call for those that are new");
            learn(&mut instances, &ids);
        }
        tokio::time::advance(EVERY).await;
        let (mut asked, mut times) = (BTreeSet::new(), 0);
        for _ in 0..EVERY.as_secs() {
            let (ids, more) = instances.due(&nodes, EVERY);
            times += usize::from(!ids.is_empty());
            assert!(!more, "nobody is new");
            learn(&mut instances, &ids);
            asked.extend(ids);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!((asked.len(), times), (count, rounds));
    }
}
