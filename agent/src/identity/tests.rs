//! Identity from scripted metadata, EC2 and settings.

use std::cell::Cell;

use super::*;

mod waiting;
use aws::CloudError;
use aws::fleet::Word;
use protocol::InvalidClusterName;

const ID: &str = "i-0123456789abcdef0";

#[derive(Default)]
struct Shows(BTreeMap<String, String>);

impl Shows {
    fn instance() -> Self {
        let document = format!(
            r#"{{"instanceId": "{ID}", "region": "eu-west-1", "availabilityZone": "eu-west-1b", "instanceType": "t3.small",
                "privateIp": "10.98.32.7", "accountId": "123456789012", "kernelId": null}}"#
        );
        Self::default()
            .with("dynamic/instance-identity/document", &document)
            .with("meta-data/placement/region", "eu-west-1")
            .with("meta-data/mac", "0a:00:00:00:00:07")
            .with(
                "meta-data/network/interfaces/macs/0a:00:00:00:00:07/vpc-ipv4-cidr-blocks",
                "10.98.0.0/16\n100.64.0.0/16",
            )
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    fn tags(mut self, tags: &[(&str, &str)]) -> Self {
        let keys: Vec<&str> = tags.iter().map(|(key, _)| *key).collect();
        self = self.with("meta-data/tags/instance", &keys.join("\n"));
        tags.iter().fold(self, |shows, (key, value)| {
            shows.with(&format!("meta-data/tags/instance/{key}"), value)
        })
    }
}

impl Metadata for Shows {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        Ok(self.0.get(path).cloned())
    }
}

/// EC2 that gives each answer once and the last one for ever.
struct Ec2 {
    answers: Vec<Result<Tags, CloudError>>,
    asked: Cell<usize>,
}

impl Ec2 {
    fn new(answers: Vec<Result<Tags, CloudError>>) -> Self {
        Self {
            answers,
            asked: Cell::new(0),
        }
    }

    fn never() -> Self {
        Self::new(Vec::new())
    }
}

impl Fleet for Ec2 {
    async fn tags(&self, instance_id: &str) -> Result<Tags, CloudError> {
        assert_eq!(instance_id, ID);
        let asked = self.asked.replace(self.asked.get() + 1);
        assert!(!self.answers.is_empty(), "EC2 must not be asked");
        self.answers[asked.min(self.answers.len() - 1)].clone()
    }

    async fn instances(&self, _: &str, _: &[String]) -> Result<Word, CloudError> {
        unreachable!("identity needs no other instance")
    }
}

/// Nobody has to know.
struct Unheard;

impl Waiter for Unheard {
    fn waits(&mut self, _: &IdentifyError) {}
}

fn tags(tags: &[(&str, &str)]) -> Tags {
    tags.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn denied() -> CloudError {
    CloudError::denied("ec2:DescribeTags", ID)
}

const MEMBER: [(&str, &str); 2] = [("swarm:role", "worker"), ("swarm:cluster", "demo")];

#[tokio::test]
async fn metadata_alone_is_enough() {
    let mut given = MEMBER.to_vec();
    given.extend([
        ("Name", "web-1"),
        ("swarm:label:tier", "front"),
        ("swarm:label:", "nameless"),
        ("aws:autoscaling:groupName", "demo-worker"),
        ("billing", "42"),
    ]);
    let node = look(
        &Shows::instance().tags(&given),
        |_| Ec2::never(),
        &Settings::default(),
    )
    .await;
    let expected = InstanceIdentity {
        instance_id: ID.to_owned(),
        account: Some("123456789012".into()),
        region: "eu-west-1".to_owned(),
        zone: "eu-west-1b".to_owned(),
        instance_type: "t3.small".to_owned(),
        private_ip: Ipv4Addr::new(10, 98, 32, 7),
        name: Some("web-1".to_owned()),
        role: Role::Worker,
        cluster: "demo".parse().expect("a name"),
        labels: tags(&[("tier", "front")]),
        group: Some("demo-worker".to_owned()),
        kms_key: None,
    };
    assert_eq!(node, Ok(expected));
    let blocks = ["10.98.0.0/16", "100.64.0.0/16"].map(|block| block.parse().expect("a block"));
    let shown = vpc_cidrs(&Shows::instance()).await;
    assert_eq!(shown, Ok(blocks.to_vec()));
}

#[tokio::test]
async fn the_command_line_overrides_tags_and_tags_override_settings() {
    let mut settings = Settings::default();
    settings.node.role = Some(Role::Manager);
    settings.node.cluster = "filed".parse().ok();
    settings.node.labels = tags(&[("a", "filed"), ("b", "filed"), ("c", "filed")]);
    let tagged = [
        MEMBER.as_slice(),
        &[("swarm:label:b", "tagged"), ("swarm:label:c", "tagged")],
    ]
    .concat();
    let shows = Shows::instance().tags(&tagged);

    let node = look(&shows, |_| Ec2::never(), &settings)
        .await
        .expect("a node");
    assert_eq!((node.role, node.cluster.as_str()), (Role::Worker, "demo"));
    settings.node.forced.role = Some(Role::Manager);
    settings.node.forced.cluster = "forced".parse().ok();
    settings.node.forced.labels = tags(&[("c", "forced")]);
    let node = look(&shows, |_| Ec2::never(), &settings)
        .await
        .expect("a node");
    assert_eq!(
        (node.role, node.cluster.as_str()),
        (Role::Manager, "forced")
    );
    assert_eq!(
        node.labels,
        tags(&[("a", "filed"), ("b", "tagged"), ("c", "forced")])
    );

    let untagged = Shows::instance().tags(&[("Name", " ")]);
    settings.node.forced = crate::config::Forced::default();
    let node = look(&untagged, |_| Ec2::never(), &settings)
        .await
        .expect("a node");
    assert_eq!(
        (node.role, node.cluster.as_str(), node.name),
        (Role::Manager, "filed", None)
    );
}

/// The template tells managers its own key; what a person has set counts before it, and workers write no secrets.
#[tokio::test]
async fn a_managers_tag_names_the_key_and_a_setting_names_another() {
    let tagged = |role| {
        [
            ("swarm:role", role),
            ("swarm:cluster", "demo"),
            ("swarm:kms-key", "alias/swarmlet-demo"),
        ]
    };
    let mut by_hand = Settings::default();
    by_hand.aws.kms_key = Some("alias/of-{cluster}".into());
    for (role, settings, key) in [
        ("manager", Settings::default(), Some("alias/swarmlet-demo")),
        ("manager", by_hand, Some("alias/of-demo")),
        ("worker", Settings::default(), None),
    ] {
        let shows = Shows::instance().tags(&tagged(role));
        let node = look(&shows, |_| Ec2::never(), &settings).await;
        assert_eq!(node.expect(role).kms_key.as_deref(), key, "{role}");
    }
    let untagged = Shows::instance().tags(&tagged("manager")[..2]);
    let node = look(&untagged, |_| Ec2::never(), &Settings::default()).await;
    assert_eq!(node.expect("a node").kms_key, None);
}

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
