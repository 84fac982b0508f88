//! What is shown of a node to people and programs on its host.

use super::fakes::World;
use super::*;
use crate::run::StepError;

#[tokio::test(start_paused = true)]
async fn the_status_holds_the_facts_and_no_secret() {
    let world = World::default();
    let (first, second) = (
        Host::new(&world, 1, Role::Manager),
        Host::new(&world, 2, Role::Worker),
    );
    let mut agent = first.agent();
    until_it_serves(&mut agent).await;
    let mut agent = second.agent();
    until_it_serves(&mut agent).await;
    let decision = agent.round().await;
    let status = agent.status(&decision);
    let text = serde_json::to_string(&status).unwrap();
    assert!(!text.contains("SWMTKN"), "{text}");
    assert_eq!((status.role.as_str(), status.serving), ("worker", true));
    let facts = &status.facts;
    assert_eq!(facts["engine"], "worker");
    assert_eq!(facts["membership"]["epoch"], 1);
    assert_eq!(facts["ticket"]["value"]["epoch"], 1);
    assert_eq!(facts["standing"]["verdict"], "member");
    assert!(
        facts.get("acted").is_none(),
        "what is not known is left out"
    );
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_of_claim_ticket_and_what_went_wrong() {
    let world = World::default();
    let host = Host::new(&world, 1, Role::Manager);
    let mut agent = host.agent();
    until_it_serves(&mut agent).await;
    let decision = agent.round().await;
    agent.recorder.decided(&decision);
    agent.step(&decision).await.unwrap();
    agent.recorder.ended(Some(&StepError::PartialAnswer));
    let status = agent.status(&decision);
    assert_eq!(status.epoch, Some(1));
    let claim = status.claim.expect("the epoch was claimed");
    assert_eq!(claim.holder.as_ref(), Some(&status.instance_id));
    assert_eq!(claim.outcome.as_deref(), Some("formed"));
    let ticket = status.ticket.expect("the leader has published it");
    assert_eq!((ticket.epoch, &ticket.by), (1, &status.instance_id));
    assert_eq!(status.decisions[0].action, "serve");
    assert!(status.trouble.unwrap().contains("own instance"));
}
