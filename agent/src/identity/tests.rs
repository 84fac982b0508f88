//! Identity from scripted metadata, EC2 and settings.

use std::cell::Cell;

use super::*;

mod document;
mod tag_errors;
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
