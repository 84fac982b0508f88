use proptest::prelude::*;

use super::*;

#[test]
fn each_target_state_is_one_of_five_kinds() {
    for (text, expected) in [
        (None, Target::None),
        (Some("InService"), Target::InService),
        (Some("Terminated\n"), Target::Terminated),
        (Some("Warmed:Terminated"), Target::Terminated),
        (Some("Warmed:Stopped"), Target::Warmed),
        (Some("Warmed:Running"), Target::Warmed),
        (Some("Warmed:Hibernated"), Target::Warmed),
        (Some("Standby"), Target::Other),
        (Some("Detached"), Target::Other),
        (Some("<html>"), Target::Other),
    ] {
        assert_eq!(read_target(text), expected, "{text:?}");
    }
}

#[test]
fn a_spot_notice_has_an_action_and_a_time() {
    let said = r#"{"action": "terminate", "time": "2017-09-18T08:22:00Z"}"#;
    let expected = SpotNotice {
        action: SpotAction::Terminate,
        time: 1_505_722_920,
    };
    assert_eq!(read_spot(Some(said)), Ok(Some(expected)));
    assert_eq!(read_spot(None), Ok(None));
    for damaged in [
        "",
        "{}",
        "<html>503</html>",
        r#"{"action": "terminate", "time": "soon"}"#,
        r#"{"action": "explode", "time": "2017-09-18T08:22:00Z"}"#,
        r#"{"action": "stop"}"#,
    ] {
        let error = read_spot(Some(damaged)).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the spot notice"), "{error}");
    }
}

#[test]
fn a_rebalance_recommendation_has_a_time() {
    let said = r#"{"noticeTime": "2020-10-27T08:22:00Z"}"#;
    assert_eq!(read_rebalance(Some(said)), Ok(true));
    assert_eq!(read_rebalance(None), Ok(false));
    assert!(read_rebalance(Some("{}")).is_err());
}

#[test]
fn a_reboot_is_no_departure_and_the_first_end_counts() {
    let event = |code: &str, state: &str, day: u32| {
        format!(
            r#"{{"NotBefore": "{day} Jan 2019 09:00:43 GMT", "Code": "{code}",
                "Description": "d", "EventId": "e", "State": "{state}"}}"#
        )
    };
    let said = |events: &[String]| read_scheduled(Some(&format!("[{}]", events.join(","))));
    for code in ["system-reboot", "instance-reboot", "system-maintenance"] {
        assert_eq!(said(&[event(code, "active", 21)]), Ok(None), "{code}");
    }
    for code in ["instance-stop", "instance-retirement"] {
        assert_eq!(said(&[event(code, "canceled", 21)]), Ok(None));
        assert_eq!(said(&[event(code, "completed", 21)]), Ok(None));
        let two = [event(code, "active", 22), event(code, "active", 21)];
        assert_eq!(said(&two), Ok(Some(1_548_061_243)), "{code}");
    }
    let with_damage = ["7".to_owned(), event("instance-stop", "active", 21)];
    assert_eq!(said(&with_damage), Ok(Some(1_548_061_243)));
    assert_eq!(read_scheduled(Some("[]")), Ok(None));
    assert_eq!(read_scheduled(None), Ok(None));
    assert!(read_scheduled(Some("{}")).is_err());
    let timeless = r#"[{"Code": "instance-stop", "State": "active", "NotBefore": "?"}]"#;
    assert!(read_scheduled(Some(timeless)).is_err());
}

proptest! {
    #[test]
    fn no_text_is_too_damaged(text in ".*") {
        let text = Some(text.as_str());
        let _ = (read_spot(text), read_rebalance(text), read_scheduled(text), read_target(text));
    }
}
