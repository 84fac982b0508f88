//! What does not answer, and how long that may take.

use super::*;

#[tokio::test]
async fn an_answer_later_than_the_limit_does_not_count() {
    let late = After(REQUEST_TIMEOUT * 2, 200, "late");
    let service = Service::new(&[TOKEN], &[late, Says(200, "in time")]);
    let begun = Instant::now();
    assert_eq!(
        service.client(SECOND * 5).await.get(ID_PATH).await,
        Ok(Some("in time".to_owned()))
    );
    assert!(begun.elapsed() >= REQUEST_TIMEOUT, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_black_hole_costs_the_budget_and_no_more() {
    let service = Service::new(&[Nothing], &[]);
    let budget = SECOND * 2;
    let (error, waited) = failure(&service.client(budget).await).await;
    assert!(error.to_string().ends_with("it does not answer"), "{error}");
    assert!(waited >= budget / 2, "{waited:?}");
    assert!(waited <= budget + SECOND, "{waited:?}");
    assert!(service.seen().len() >= 3, "{:?}", service.lines());
}

/// Many readers wait for the one token; none of them may wait longer than its own budget.
#[tokio::test]
async fn a_black_hole_holds_nobody_longer_than_the_budget() {
    let service = Service::new(&[Nothing], &[]);
    let imds = service.client(SECOND).await;
    let begun = Instant::now();
    let answers = futures_util::future::join_all((0..8).map(|_| imds.get(ID_PATH))).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(begun.elapsed() <= SECOND * 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_service_that_comes_up_late_is_waited_for() {
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = holder.local_addr().expect("an address");
    drop(holder);
    let imds = Imds::new(&format!("http://{address}"), REQUEST_TIMEOUT, SECOND * 20);
    let service = Service::new(&[TOKEN], &[Says(200, "i-1")]);
    let late = async {
        sleep(SECOND).await;
        let listener = TcpListener::bind(address).await.expect("the same port");
        tokio::spawn(service.serve(listener));
    };
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(imds.get(ID_PATH), late);
    assert_eq!(answer, Ok(Some("i-1".to_owned())));
    assert!(
        begun.elapsed() >= SECOND && begun.elapsed() < SECOND * 4,
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_closed_port_names_its_cause_and_address() {
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", holder.local_addr().expect("an address"));
    drop(holder);
    let imds =
        Imds::new(&base, REQUEST_TIMEOUT, SECOND * 5).with_budget(Duration::from_millis(300));
    let (error, waited) = failure(&imds).await;
    let message = error.to_string();
    assert!(
        message.starts_with(&format!(
            "cannot read {ID_PATH} from instance metadata at {base}: "
        )),
        "{message}"
    );
    assert!(message.contains("refused"), "{message}");
    assert!(waited < SECOND * 3, "{waited:?}");
}
