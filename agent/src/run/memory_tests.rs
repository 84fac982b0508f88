use super::*;

fn membership(instance_id: &str) -> Membership {
    Membership {
        instance_id: instance_id.into(),
        node_id: "n".into(),
        swarm_id: "s".into(),
        epoch: Epoch::FIRST,
    }
}

#[test]
fn a_clone_remembers_nothing_of_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = Memory::new(folder.path(), "i-1");
    model.remember(&membership("i-1")).unwrap();
    let nonce = model.draw_nonce(Epoch::FIRST).unwrap();
    let clone = Memory::new(folder.path(), "i-2");
    assert_eq!(clone.membership().unwrap(), None);
    assert_eq!(clone.nonce(Epoch::FIRST).unwrap(), None);
    assert_ne!(clone.draw_nonce(Epoch::FIRST).unwrap(), nonce);
}

#[test]
fn a_nonce_is_drawn_once_an_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let memory = || Memory::new(folder.path(), "i-1");
    let first = memory().draw_nonce(Epoch::FIRST).unwrap();
    let second = memory().draw_nonce(Epoch::FIRST.next()).unwrap();
    assert_ne!(first, second);
    assert_eq!(memory().draw_nonce(Epoch::FIRST).unwrap(), first);
    assert_eq!(memory().nonce(Epoch::FIRST).unwrap(), Some(first));
}

#[test]
fn an_act_is_remembered_over_restarts_and_reboots() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path(), "i-1");
    let second = Duration::from_secs;
    let acted = |uptime| memory.recall(second(uptime)).unwrap().acted;
    assert_eq!(acted(5), None);
    memory.record(&Act::Leave, second(100)).unwrap();
    assert_eq!(acted(160), Some(second(60)));
    assert_eq!(acted(40), Some(second(40)), "after a reboot: at least");
    memory.take_back().unwrap();
    assert_eq!(acted(200), None);
}

#[test]
fn a_forced_epoch_is_on_record_until_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path(), "i-1");
    let forced = || memory.recall(Duration::ZERO).unwrap().forced;
    let second = Epoch::FIRST.next();
    memory
        .record(&Act::Recover(second), Duration::ZERO)
        .unwrap();
    memory.record(&Act::Restart, Duration::ZERO).unwrap();
    assert_eq!(forced(), Some(second));
    memory.remember(&membership("i-1")).unwrap();
    assert_eq!(forced(), None);
}

#[test]
fn consent_is_given_by_hand_and_taken_away_after_use() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path(), "i-1");
    assert!(!memory.has_consent());
    memory.consent().unwrap();
    assert!(memory.has_consent());
    assert!(!Memory::new(folder.path(), "i-2").has_consent());
    memory.withdraw_consent().unwrap();
    assert!(!memory.has_consent());
}

#[test]
fn forgetting_twice_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path(), "i-1");
    memory.remember(&membership("i-1")).unwrap();
    memory.forget().unwrap();
    memory.forget().unwrap();
    assert_eq!(memory.membership().unwrap(), None);
}

#[test]
fn damage_is_a_clear_error_and_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("membership.json");
    std::fs::write(&path, "{").unwrap();
    let error = Memory::new(folder.path(), "i-1").membership().unwrap_err();
    assert!(error.to_string().starts_with("cannot read "), "{error}");
    assert!(path.exists());
}
