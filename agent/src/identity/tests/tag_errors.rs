//! Tags that say who the node is, or do not.

use super::*;

#[tokio::test]
async fn wrong_tags_are_terminal_and_name_the_tag_to_set() {
    let wrong_role =
        "cannot tell this node's role: the tag swarm:role of instance i-0123456789abcdef0 is";
    let wrong_cluster =
        "cannot tell this node's cluster: the tag swarm:cluster of instance i-0123456789abcdef0:";
    let set_role = "set swarm:role = manager or worker in the launch template";
    let form = "is no cluster name: use 1 to 48 letters, digits, \"-\" and \"_\", a letter or a digit first";
    let cases: [(&[(&str, &str)], String); 7] = [
        (
            &[
                ("swarm:cluster", "demo"),
                ("swarm:role", "manager"),
                ("swarm:kms-key", "my key"),
            ],
            format!(
                "cannot tell the KMS key of the cluster's secrets: the tag swarm:kms-key of instance {ID} is \"my key\"; \
                 write a key's id, alias/… or ARN, or take the tag away"
            ),
        ),
        (
            &[("swarm:cluster", "demo"), ("swarm:role", "boss")],
            format!("{wrong_role} \"boss\"; {set_role}"),
        ),
        (
            &[("swarm:cluster", "demo"), ("swarm:role", "")],
            format!("{wrong_role} \"\"; {set_role}"),
        ),
        (
            &[("swarm:role", "worker"), ("swarm:cluster", "a/b")],
            format!("{wrong_cluster} \"a/b\" {form}"),
        ),
        (
            &[("swarm:role", "worker"), ("swarm:cluster", "")],
            format!("{wrong_cluster} \"\" {form}"),
        ),
        // The other tag may come, but this one stays wrong.
        (
            &[("swarm:role", "Manager")],
            format!("{wrong_role} \"Manager\"; {set_role}"),
        ),
        (
            &[("swarm:cluster", "-demo")],
            format!("{wrong_cluster} \"-demo\" {form}"),
        ),
    ];
    for (given, message) in cases {
        let shows = Shows::instance().tags(given);
        let settings = Settings::default();
        let error = identify(&shows, |_| Ec2::never(), &settings, &mut Unheard)
            .await
            .expect_err(&message);
        assert_eq!(error.to_string(), message);
        assert!(error.is_terminal() && !error.is_awaited(), "{message}");
    }
}

#[tokio::test]
async fn missing_tags_are_named_and_not_terminal() {
    let set = "in the launch template, and on this instance";
    let cases: [(&[(&str, &str)], String); 3] = [
        (
            &[("Name", "web")],
            format!(
                "cannot tell this node's role and cluster: instance {ID} has no tags swarm:role and swarm:cluster; set \
                 swarm:role = manager or worker and swarm:cluster = <name> {set}"
            ),
        ),
        (
            &[("swarm:cluster", "demo")],
            format!(
                "cannot tell this node's role: instance {ID} has no tag swarm:role; set swarm:role = manager or \
                 worker {set}"
            ),
        ),
        (
            &[("swarm:role", "worker")],
            format!(
                "cannot tell this node's cluster: instance {ID} has no tag swarm:cluster; set swarm:cluster = <name> \
                 {set}"
            ),
        ),
    ];
    for (given, message) in cases {
        let shows = Shows::instance().tags(given);
        let error = look(&shows, |_| Ec2::never(), &Settings::default())
            .await
            .expect_err(&message);
        assert_eq!(error.to_string(), message);
        assert!(!error.is_terminal() && error.is_awaited(), "{message}");
        assert_eq!(
            error.waiting(),
            format!("waiting for this instance's tags: {message}")
        );
    }
}

#[tokio::test]
async fn ec2_is_asked_where_metadata_shows_no_tags() {
    let ec2 = Ec2::new(vec![Ok(tags(&MEMBER))]);
    let node = look(&Shows::instance(), |_| &ec2, &Settings::default())
        .await
        .expect("a node");
    assert_eq!(
        (node.role, node.cluster.as_str(), ec2.asked.get()),
        (Role::Worker, "demo", 1)
    );
}

#[tokio::test]
async fn hidden_tags_name_both_ways_out_and_are_not_terminal() {
    let ways_out = "set \"Allow tags in metadata\" (InstanceMetadataTags=enabled) in the launch template, or allow \
                    ec2:DescribeTags in the policy of the instance's role; an instance without any tag needs swarm:role \
                    and swarm:cluster first";
    for (cause, why) in [
        (denied(), "ec2:DescribeTags is denied"),
        (
            CloudError::NoCredentials("no profile".to_owned()),
            "EC2 cannot be asked without AWS credentials (no profile)",
        ),
    ] {
        let ec2 = Ec2::new(vec![Err(cause)]);
        let error = look(&Shows::instance(), |_| &ec2, &Settings::default())
            .await
            .expect_err(why);
        let expected = format!(
            "cannot read the tags of instance {ID}: instance metadata shows none, and {why}; {ways_out}"
        );
        assert_eq!(error.to_string(), expected);
        assert!(!error.is_terminal() && error.is_awaited());
    }
}

#[tokio::test]
async fn a_silent_ec2_is_not_terminal() {
    for cause in [
        CloudError::Throttled {
            action: "ec2:DescribeTags",
        },
        CloudError::Failed {
            action: "ec2:DescribeTags",
            cause: "no route".to_owned(),
        },
    ] {
        let ec2 = Ec2::new(vec![Err(cause.clone())]);
        let error = look(&Shows::instance(), |_| &ec2, &Settings::default())
            .await
            .expect_err("silent");
        assert_eq!(
            error.to_string(),
            format!(
                "cannot read the tags of instance {ID}: instance metadata shows none, and {cause}"
            )
        );
        assert!(!error.is_terminal() && error.is_awaited());
    }
}

#[tokio::test]
async fn settings_that_say_who_the_node_is_make_up_for_hidden_tags() {
    let mut settings = Settings::default();
    settings.node.role = Some(Role::Worker);
    settings.node.forced.cluster = "demo".parse().ok();
    let ec2 = Ec2::new(vec![Err(denied())]);
    let node = look(&Shows::instance(), |_| &ec2, &settings)
        .await
        .expect("a node");
    assert_eq!((node.role, node.cluster.as_str()), (Role::Worker, "demo"));
}
