//! A service that refuses, is switched off, fails, or says what none does.

use super::*;

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_never_sent_again() {
    let service = Service::new(
        &[TOKEN, Says(200, "token-2")],
        &[
            Says(200, "a"),
            Says(401, ""),
            Says(200, "b"),
            Says(200, "c"),
        ],
    );
    let imds = service.client(SECOND).await;
    for expected in ["a", "b", "c"] {
        assert_eq!(imds.get(ID_PATH).await, Ok(Some(expected.to_owned())));
    }
    assert_eq!(
        service.tokens(),
        ["token-1", "token-1", "token-2", "token-2"]
    );
}

#[tokio::test]
async fn a_service_that_refuses_every_token_is_given_up_within_the_budget() {
    let service = Service::new(&[TOKEN], &[Says(401, "")]);
    let budget = Duration::from_millis(500);
    let (error, waited) = failure(&service.client(budget).await).await;
    assert!(
        matches!(&error, MetadataError::Unanswered { cause, .. } if cause.contains("401")),
        "{error}"
    );
    assert!(waited <= budget + SECOND, "{waited:?}");
}

#[tokio::test]
async fn a_service_that_is_switched_off_is_named_at_once() {
    for service in [
        Service::new(&[Says(403, "")], &[]),
        Service::new(&[TOKEN], &[Says(403, "")]),
    ] {
        let (error, waited) = failure(&service.client(SECOND * 5).await).await;
        assert!(
            error.to_string().contains("HttpEndpoint=enabled"),
            "{error}"
        );
        assert!(waited < SECOND * 3, "{waited:?}");
    }
}

#[tokio::test]
async fn an_answer_that_no_service_gives_is_an_error_at_once() {
    for status in [301, 400, 405] {
        let service = Service::new(&[TOKEN], &[Says(status, "")]);
        let (error, waited) = failure(&service.client(SECOND * 5).await).await;
        assert!(
            matches!(&error, MetadataError::Unexpected { cause, .. } if cause.contains(&status.to_string()))
        );
        assert!(waited < SECOND * 3, "{waited:?}");
    }
}

#[tokio::test]
async fn busy_and_failing_answers_are_repeated() {
    let puts = [Says(503, ""), TOKEN];
    let gets = [Says(500, ""), Nothing, Says(429, ""), Says(200, "i-1")];
    let service = Service::new(&puts, &gets);
    let imds = service.client(SECOND * 20).await;
    assert_eq!(imds.get(ID_PATH).await, Ok(Some("i-1".to_owned())));
    assert_eq!(service.seen().len(), 6);
}
