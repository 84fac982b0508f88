use super::*;

pub(super) fn token(secret: char) -> SecretString {
    let digest = "1".repeat(50);
    let secret = secret.to_string().repeat(25);
    format!("SWMTKN-1-{digest}-{secret}").into()
}

fn ticket() -> Ticket {
    Ticket {
        epoch: Epoch::FIRST,
        swarm_id: "swarm".into(),
        token: JoinToken::parse(token('s')).unwrap(),
        managers: vec!["10.0.0.4:2377".parse().unwrap()],
        instances: vec!["i-1".into()],
        kms_key: Some("alias/demo".into()),
        issued_by: "i-1".into(),
        issued_at: 7,
    }
}

#[test]
fn a_ticket_survives_the_parameter_store() {
    assert_eq!(Ticket::parse(&ticket().to_value()), Ok(ticket()));
}

#[test]
fn a_later_version_may_add_fields_but_not_change_the_number() {
    let value = ticket().to_value();
    let grown = value.expose_secret().replacen('{', r#"{"more":1,"#, 1);
    assert_eq!(Ticket::parse(&grown.into()), Ok(ticket()));
    let newer = value
        .expose_secret()
        .replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(Ticket::parse(&newer.into()), Err(TicketError::Version(2)));
}

#[test]
fn a_ticket_of_an_older_agent_names_no_instances() {
    let value = ticket().to_value();
    let older = value.expose_secret().replace(r#""instances":["i-1"],"#, "");
    assert_eq!(
        Ticket::parse(&older.into()),
        Ok(Ticket {
            instances: Vec::new(),
            ..ticket()
        })
    );
}

/// An older agent's, or one under the account's own key: the same value as before there was a key in it.
#[test]
fn a_ticket_without_a_key_says_nothing_of_one() {
    let plain = Ticket {
        kms_key: None,
        ..ticket()
    };
    assert!(!plain.to_value().expose_secret().contains("kms_key"));
    assert_eq!(Ticket::parse(&plain.to_value()), Ok(plain.clone()));
    assert!(
        !plain.says_the_same(&ticket()),
        "it has to be written under the other key"
    );
}

#[test]
fn an_error_never_quotes_the_token() {
    let secret = "s".repeat(25);
    let value = ticket().to_value();
    let whole = value.expose_secret();
    let mut broken: Vec<String> = (0..whole.len())
        .map(|end| whole[..end].to_owned())
        .collect();
    broken.push(whole.replace("SWMTKN", "TOKEN"));
    broken.push(whole.replace("10.0.0.4", "nowhere"));
    broken.push(whole.replace(r#"["10.0.0.4:2377"]"#, "[]"));
    for value in broken {
        let error = Ticket::parse(&value.into()).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains(&secret), "{text}");
    }
}

#[test]
fn debug_output_hides_the_token() {
    assert!(!format!("{:?}", ticket()).contains(&"s".repeat(25)));
}

#[test]
fn who_issued_it_and_when_makes_no_difference_to_a_joiner() {
    let later = Ticket {
        issued_by: "i-2".into(),
        issued_at: 8,
        ..ticket()
    };
    assert!(ticket().says_the_same(&later));
    let rotated = Ticket {
        token: JoinToken::parse(token('t')).unwrap(),
        ..ticket()
    };
    assert!(!ticket().says_the_same(&rotated));
}
