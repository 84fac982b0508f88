//! The two swarms side by side: one that a person has made by hand, with machines that have Docker
//! and nothing else, and one that swarmlet has made. Each has a manager and a worker.

use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{Cluster, ClusterSpec, Image, Instance, Lab, Launch, Role};
use serde_json::json;

use crate::machines;
use crate::sight::Sight;

const FORMED: Duration = Duration::from_mins(3);
/// Of the roles and parameters that only the comparison has.
const NAME: &str = "bench";

/// Both, and how each is looked at.
pub(crate) struct Pair {
    pub(crate) hand: Hand,
    pub(crate) ours: Ours,
}

/// Made by hand. Its worker also runs the user-data script.
pub(crate) struct Hand {
    pub(crate) manager: Instance,
    pub(crate) worker: Instance,
    pub(crate) sight: Sight,
    pub(crate) token: String,
}

/// Made by swarmlet.
pub(crate) struct Ours {
    pub(crate) cluster: Cluster,
    pub(crate) manager: Instance,
    pub(crate) worker: Instance,
    pub(crate) sight: Sight,
    profile: String,
}

impl Pair {
    /// Launches both and waits until they are whole.
    pub(crate) fn create(lab: &Lab, name: &str) -> Result<Self> {
        Ok(Self {
            hand: Hand::create(lab)?,
            ours: Ours::create(lab, name)?,
        })
    }
}

impl Hand {
    fn create(lab: &Lab) -> Result<Self> {
        allow_the_script(lab)?;
        let machines = machines::launch(lab, &bare(2, "#!/bin/sh\n", true))?;
        let [manager, worker] = machines.try_into().ok().context("two were launched")?;
        for machine in [&manager, &worker] {
            machines::wait_up(lab, &machine.id)?;
        }
        let init = format!("docker swarm init --advertise-addr {}", manager.address);
        machines::shell(lab, &manager.id, &init)?;
        let sight = Sight::of(&manager.id)?;
        let [token, _] = sight.engine.tokens()?;
        publish(lab, &token, &manager.address)?;
        Ok(Self {
            manager,
            worker,
            sight,
            token,
        })
    }

    /// What a person types who knows token and address.
    pub(crate) fn join(&self) -> String {
        format!(
            "docker swarm join --token {} {}:2377",
            self.token, self.manager.address
        )
    }
}

/// Machines with Docker and the AWS CLI, without swarmlet.
pub(crate) fn bare(count: u32, user_data: &str, with_role: bool) -> Launch {
    Launch {
        image: Image::Bare,
        count,
        user_data: Some(user_data.to_owned()),
        profile: with_role.then(|| NAME.to_owned()),
        ..Launch::default()
    }
}

/// The usual user data: waits for what the manager's own script has published, and joins.
pub(crate) fn script() -> String {
    format!(
        r#"#!/bin/bash
set -euo pipefail
imds=http://169.254.169.254/latest
session=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$imds/api/token")
AWS_DEFAULT_REGION=$(curl -sf -H "X-aws-ec2-metadata-token: $session" "$imds/meta-data/placement/region")
export AWS_DEFAULT_REGION
until docker info >/dev/null 2>&1; do
  sleep 1
done
until token=$(aws ssm get-parameter --name /{NAME}/worker-token --with-decryption --query Parameter.Value --output text); do
  sleep 5
done
manager=$(aws ssm get-parameter --name /{NAME}/manager --query Parameter.Value --output text)
docker swarm join --token "$token" "$manager:2377"
"#
    )
}

/// What the manager's script would have put there.
fn publish(lab: &Lab, token: &str, manager: &str) -> Result<()> {
    for (name, kind, value) in [
        ("worker-token", "SecureString", token),
        ("manager", "String", manager),
    ] {
        let name = format!("/{NAME}/{name}");
        let words = ["ssm", "put-parameter", "--overwrite", "--name", &name];
        let typed = ["--type", kind, "--value", value];
        lab.aws(&[&words[..], &typed].concat())?;
    }
    Ok(())
}

/// A role that may read these parameters.
fn allow_the_script(lab: &Lab) -> Result<()> {
    let roles = lab.aws(&["iam", "list-roles", "--query", "Roles[].RoleName"])?;
    if roles
        .as_array()
        .is_some_and(|names| names.contains(&json!(NAME)))
    {
        return Ok(());
    }
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": ["ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt"], "Resource": "*"}]});
    let (trust, policy) = (trust.to_string(), policy.to_string());
    let profile = ["--instance-profile-name", NAME];
    let role = ["--role-name", NAME];
    let iam = |words: &[&str]| lab.aws(&[&["iam"], words].concat()).map(drop);
    iam(&[
        &["create-role"],
        &role[..],
        &["--assume-role-policy-document", &trust],
    ]
    .concat())?;
    iam(&[
        &["put-role-policy"],
        &role[..],
        &["--policy-name", NAME, "--policy-document", &policy],
    ]
    .concat())?;
    iam(&[&["create-instance-profile"], &profile[..]].concat())?;
    iam(&[&["add-role-to-instance-profile"], &profile[..], &role].concat())
}

impl Ours {
    fn create(lab: &Lab, name: &str) -> Result<Self> {
        let cluster = Cluster::create(lab, &ClusterSpec::new(name, 1, 1))?;
        cluster.wait_whole(FORMED)?;
        let manager = cluster.machines_of(Role::Manager)?.remove(0);
        let worker = cluster.machines_of(Role::Worker)?.remove(0);
        Ok(Self {
            sight: Sight::of(&manager.id)?,
            profile: profile(lab, &worker.id)?,
            cluster,
            manager,
            worker,
        })
    }

    /// One more worker, as its group would launch it.
    pub(crate) fn another(&self) -> Launch {
        let tags = [
            ("swarm:role", "worker"),
            ("swarm:cluster", self.cluster.name()),
        ];
        Launch {
            tags: tags
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            profile: Some(self.profile.clone()),
            ..Launch::default()
        }
    }
}

fn profile(lab: &Lab, id: &str) -> Result<String> {
    let query = "Reservations[0].Instances[0].IamInstanceProfile.Arn";
    let words = [
        "ec2",
        "describe-instances",
        "--instance-ids",
        id,
        "--query",
        query,
    ];
    let arn = lab.aws(&words)?;
    let name = arn.as_str().and_then(|arn| arn.rsplit('/').next());
    Ok(name.context("it has no profile")?.to_owned())
}
