//! Launching single instances, outside of any group.

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::admin::{CLOCK_TAG, Health};
use crate::image::Image;

/// What to launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Of which image.
    pub image: Image,
    /// How many.
    pub count: u32,
    /// Instance tags.
    pub tags: Vec<(String, String)>,
    /// The instance profile's name.
    pub profile: Option<String>,
    /// Whether the metadata service shows the tags.
    pub metadata_tags: bool,
    /// User data, as plain text.
    pub user_data: Option<String>,
    /// How far a virtual machine's clock is ahead when it boots, in seconds.
    pub clock: i64,
    /// Which of the subnets, counted from 0.
    pub subnet: usize,
}

impl Default for Launch {
    fn default() -> Self {
        Self {
            image: Image::Baked,
            count: 1,
            tags: Vec::new(),
            profile: None,
            metadata_tags: true,
            user_data: None,
            clock: 0,
            subnet: 0,
        }
    }
}

impl Launch {
    /// The call of the AWS command line.
    pub(crate) fn arguments(&self, health: &Health) -> Result<Vec<String>> {
        let subnet = health.subnet_ids.get(self.subnet).ok_or_else(|| {
            anyhow!(
                "cannot launch in subnet {}: there are {}",
                self.subnet,
                health.subnet_ids.len()
            )
        })?;
        let tags = if self.metadata_tags {
            "enabled"
        } else {
            "disabled"
        };
        let mut words: Vec<String> = ["ec2", "run-instances", "--instance-type", "t3.small"]
            .map(str::to_owned)
            .to_vec();
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        option("--image-id", self.image.id().to_owned());
        option("--count", self.count.to_string());
        option("--subnet-id", subnet.clone());
        option(
            "--metadata-options",
            format!(
                "HttpTokens=required,HttpPutResponseHopLimit=1,HttpEndpoint=enabled,InstanceMetadataTags={tags}"
            ),
        );
        if !self.tags.is_empty() || self.clock != 0 {
            option("--tag-specifications", self.tag_specification());
        }
        if let Some(profile) = &self.profile {
            option("--iam-instance-profile", format!("Name={profile}"));
        }
        if let Some(user_data) = &self.user_data {
            option("--user-data", user_data.clone());
        }
        Ok(words)
    }

    /// As JSON: the short form has no way to write a comma.
    fn tag_specification(&self) -> String {
        let clock = (CLOCK_TAG.to_owned(), self.clock.to_string());
        let clock = (self.clock != 0).then_some(&clock);
        let tags: Vec<_> = self
            .tags
            .iter()
            .chain(clock)
            .map(|(key, value)| serde_json::json!({"Key": key, "Value": value}))
            .collect();
        serde_json::json!([{"ResourceType": "instance", "Tags": tags}]).to_string()
    }
}

/// The instance ids in an answer of `run-instances`.
pub(crate) fn launched(answer: &Value) -> Result<Vec<String>> {
    let instances = answer["Instances"]
        .as_array()
        .context("cannot launch: no instances in the answer")?;
    let ids = instances
        .iter()
        .filter_map(|instance| instance["InstanceId"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        serde_json::from_str(
            r#"{"vpc_id":"vpc-1","subnet_ids":["subnet-a","subnet-b"],
                "images":{"baked":"ami-1","plain":"ami-2","bookworm":"ami-3","cloud_init":"ami-4","stock":"ami-5","dnf":"ami-6","forky":"ami-7"},"api":"10.98.0.1:4566"}"#,
        )
        .expect("health")
    }

    #[test]
    fn tags_keep_commas_and_colons() {
        let launch = Launch {
            tags: vec![("swarm:role".into(), "a,b".into())],
            subnet: 1,
            ..Launch::default()
        };
        let words = launch.arguments(&health()).expect("arguments");
        assert!(words.contains(&"subnet-b".to_owned()));
        assert!(
            words
                .iter()
                .any(|word| word.contains(r#"{"Key":"swarm:role","Value":"a,b"}"#))
        );
    }

    #[test]
    fn a_clock_of_its_own_is_a_tag() {
        let launch = Launch {
            clock: -7200,
            ..Launch::default()
        };
        let words = launch.arguments(&health()).expect("arguments");
        assert!(
            words
                .iter()
                .any(|word| word.contains(r#"{"Key":"lab:clock","Value":"-7200"}"#))
        );
    }

    #[test]
    fn a_subnet_that_is_not_there_is_an_error() {
        let launch = Launch {
            subnet: 9,
            ..Launch::default()
        };
        assert!(launch.arguments(&health()).is_err());
    }
}
