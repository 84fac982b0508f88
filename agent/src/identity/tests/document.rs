//! The instance's own facts.

use super::*;

#[tokio::test]
async fn metadata_that_lacks_or_garbles_a_fact_is_named() {
    let mut missing = Shows::instance().tags(&MEMBER);
    missing.0.remove("meta-data/mac");
    let nonsense = Shows::instance()
        .tags(&MEMBER)
        .with("dynamic/instance-identity/document", "<html>");
    let blocks = "meta-data/network/interfaces/macs/0a:00:00:00:00:07/vpc-ipv4-cidr-blocks";
    let blocks = Shows::instance()
        .tags(&MEMBER)
        .with(blocks, "10.98.0.0/16 everything");
    for (shows, message) in [
        (
            missing,
            "cannot read meta-data/mac from instance metadata: it is not there (404); is this an EC2 instance?",
        ),
        (
            nonsense,
            "cannot read dynamic/instance-identity/document from instance metadata: expected value at line 1",
        ),
        (
            blocks,
            "vpc-ipv4-cidr-blocks from instance metadata: \"everything\" is no address block",
        ),
    ] {
        let settings = Settings::default();
        let identified = look(&shows, |_| Ec2::never(), &settings);
        let both = tokio::try_join!(identified, vpc_cidrs(&shows));
        let error = both.expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
        assert!(!error.is_terminal());
    }
}

/// The document of an instance, with members that are others; null stands for null, and none for none.
fn document(changes: &[(&str, Option<serde_json::Value>)]) -> Shows {
    let path = "dynamic/instance-identity/document";
    let shows = Shows::instance().tags(&MEMBER);
    let mut document: serde_json::Value = serde_json::from_str(&shows.0[path]).expect("JSON");
    let members = document.as_object_mut().expect("an object");
    for (key, value) in changes {
        match value {
            Some(value) => members.insert((*key).to_owned(), value.clone()),
            None => members.remove(*key),
        };
    }
    shows.with(path, &document.to_string())
}

#[tokio::test]
async fn what_can_never_work_is_terminal() {
    let no_address = format!(
        "cannot take instance {ID} into a swarm: swarm needs an IPv4 address, this subnet has none; launch it in \
         a subnet with IPv4 addresses"
    );
    let incomplete = |key: &str| {
        format!(
            "cannot read who this instance is: the identity document of instance metadata has no {key:?}; is this an \
             EC2 instance, and does metadata.endpoint name its metadata service?"
        )
    };
    let mut cases = vec![
        (
            ("privateIp", Some(serde_json::Value::Null)),
            no_address.clone(),
        ),
        (("privateIp", None), no_address.clone()),
        (("privateIp", Some("".into())), no_address.clone()),
        (("privateIp", Some("fd00::7".into())), no_address),
    ];
    for key in ["instanceId", "region", "availabilityZone", "instanceType"] {
        for value in [
            None,
            Some(serde_json::Value::Null),
            Some(" ".into()),
            Some(7.into()),
        ] {
            cases.push(((key, value), incomplete(key)));
        }
    }
    for (change, message) in cases {
        let shows = document(std::slice::from_ref(&change));
        let settings = Settings::default();
        let error = identify(&shows, |_| Ec2::never(), &settings, &mut Unheard).await;
        let error = error.expect_err(&message);
        assert_eq!(error.to_string(), message, "{change:?}");
        assert!(error.is_terminal() && !error.is_awaited(), "{change:?}");
    }
}

#[tokio::test]
async fn the_region_is_the_one_set_or_the_instances_own() {
    let mut settings = Settings::default();
    assert_eq!(
        region(&Shows::instance(), &settings).await,
        Ok("eu-west-1".to_owned())
    );
    settings.aws.client.region = Some("us-gov-west-1".to_owned());
    assert_eq!(
        region(&Shows::default(), &settings).await,
        Ok("us-gov-west-1".to_owned())
    );
}

#[test]
fn a_wrong_cluster_keeps_its_cause() {
    let cause = InvalidClusterName("x y".to_owned());
    let error = IdentifyError::WrongCluster {
        instance_id: ID.to_owned(),
        cause: cause.clone(),
    };
    assert!(error.to_string().ends_with(&cause.to_string()));
}
