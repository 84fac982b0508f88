//! The state folders of the lab's machines, as the agent of commit 7077b93 has left them (its nonces are made up):
//! read to what they say, and written again as they are, so that it goes on with what a newer one has left.

use super::*;
use protocol::Epoch;
use protocol::departure::{Cause, Departure};
use protocol::node::launch::Launched;
use protocol::node::{Acts, Nonces};

const MANAGER: &str = "i-21950e1511c53bf93";
const MANAGER_BOOT: &str = "7bb2686f2cb546b291c45e7612de27d3";
const WORKER: &str = "i-03c16160219d34970";
const WORKER_BOOT: &str = "5682f27f4a0342a193aa21521bed9c8c";

fn folder(machine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/fixtures/7077b93")
        .join(machine)
}

fn launched(since: u64, boot: &str) -> Launched {
    Launched {
        joined: true,
        told: true,
        since: Some(since),
        boot: boot.to_owned(),
        again: false,
        end_hook: None,
    }
}

/// It had left once, and was back.
fn drained_manager() -> Files {
    let peer = |node: &str, instance: &str, address: &str| Peer {
        node_id: node.to_owned(),
        instance_id: Some(instance.to_owned()),
        address: address.parse().unwrap(),
    };
    let own = "lz6j9pwcrt6bcuxczca4vrl6c";
    let [first, third] = ["ffirne5i9l7eh8vb8d9x0c0nd", "s98j430qw8zxu6yz3viupr4n3"];
    Files {
        membership: Some(Membership {
            instance_id: MANAGER.to_owned(),
            node_id: own.to_owned(),
            swarm_id: "g30cnlb51yg5y8d74pr5ttw42".to_owned(),
            epoch: Epoch::FIRST,
        }),
        peers: vec![
            peer(first, "i-d44173f9bbdad43d7", "10.98.16.11:2377"),
            peer(own, MANAGER, "10.98.48.6:2377"),
            peer(third, "i-d6326781ecd455144", "10.98.32.8:2377"),
        ],
        nonces: Nonces {
            epochs: [(1, "00112233445566778899aabbccddeeff".to_owned())].into(),
        },
        acts: Acts {
            at: Some(1979),
            forced: None,
        },
        departure: Some(Departure {
            cause: Cause::Drain,
            deadline: None,
            traffic_until: None,
            boot: MANAGER_BOOT.to_owned(),
            announced: Some(1_796_031_907),
            marked: true,
            left: false,
            completed: false,
            withdrawn: false,
        }),
        launch: launched(1955, MANAGER_BOOT),
        waited: Waited::default(),
    }
}

fn worker_that_left() -> Files {
    Files {
        acts: Acts {
            at: Some(2086),
            forced: None,
        },
        departure: Some(Departure {
            cause: Cause::Leave,
            deadline: Some(1_796_032_785),
            traffic_until: None,
            boot: WORKER_BOOT.to_owned(),
            announced: Some(1_796_031_885),
            marked: false,
            left: true,
            completed: false,
            withdrawn: false,
        }),
        launch: launched(1954, WORKER_BOOT),
        ..Files::default()
    }
}

#[test]
fn the_folder_of_a_drained_manager_is_read() {
    let model = StateFolder::new(&folder("drained-manager"), MANAGER);
    assert_eq!(model.recall().unwrap(), drained_manager());
    assert_eq!(model.membership().unwrap(), drained_manager().membership);
    assert_eq!(model.request().unwrap(), Some(Request::Drain));
    assert!(model.has_consent());
}

#[test]
fn the_folder_of_a_worker_that_left_is_read() {
    let model = StateFolder::new(&folder("worker-that-left"), WORKER);
    assert_eq!(model.recall().unwrap(), worker_that_left());
    assert_eq!(model.membership().unwrap(), None);
    assert_eq!(model.request().unwrap(), Some(Request::Leave));
    assert!(!model.has_consent());
}

#[test]
fn what_took_a_departure_back_is_read() {
    let model = StateFolder::new(&folder("taken-back"), MANAGER);
    let boot = MANAGER_BOOT.to_owned();
    assert_eq!(model.request().unwrap(), Some(Request::Activate { boot }));
}

#[test]
fn what_is_written_now_is_what_was_written_then() {
    let new = tempfile::tempdir().unwrap();
    let model = StateFolder::new(new.path(), MANAGER);
    let files = drained_manager();
    for file in [
        File::Membership(files.membership.as_ref()),
        File::Peers(&files.peers),
        File::Nonces(&files.nonces),
        File::Acts(files.acts),
        File::Departure(files.departure.as_ref()),
        File::Launch(&files.launch),
    ] {
        model.save(&file).unwrap();
    }
    model.consent().unwrap();
    model.ask(&Request::Drain).unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(folder("drained-manager")).unwrap() {
        let then = entry.unwrap();
        let now = new.path().join(then.file_name());
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(read(&now), read(&then.path()), "{}", now.display());
        count += 1;
    }
    assert_eq!(count, std::fs::read_dir(new.path()).unwrap().count());
}
