//! Clusters: the `CloudFormation` template that is used on AWS too, launched in the lab.

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::admin::Instance;
use crate::api::{Lab, wait_off};
use crate::image::Image;
use crate::wait::wait_until;

const LAUNCHED: Duration = Duration::from_mins(1);
const DELETED: Duration = Duration::from_mins(2);

/// The part an instance plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In the raft quorum.
    Manager,
    /// Runs tasks only.
    Worker,
}

impl Role {
    /// As the tag and the group's name say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Worker => "worker",
        }
    }
}

/// The template's parameters.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    /// Its name.
    pub name: String,
    /// 1, 3 or 5.
    pub managers: u32,
    /// Desired capacity of the worker group.
    pub workers: u32,
    /// Its upper limit.
    pub worker_max: u32,
    /// What its instances boot from.
    pub image: Image,
    /// Whether the metadata service shows the tags.
    pub metadata_tags: bool,
    /// User data, as plain text.
    pub user_data: Option<String>,
    /// How long a new instance may take to say that its node is in the swarm; it is in service at once if none.
    pub launching_hook: Option<Duration>,
    /// How long a leaving instance gets between two heartbeats; it ends at once if none.
    pub terminating_hook: Option<Duration>,
}

impl ClusterSpec {
    /// So many managers and workers of the baked image.
    pub fn new(name: &str, managers: u32, workers: u32) -> Self {
        Self {
            name: name.to_owned(),
            managers,
            workers,
            worker_max: 20,
            image: Image::Baked,
            metadata_tags: true,
            user_data: None,
            launching_hook: None,
            terminating_hook: None,
        }
    }

    fn parameters(&self, lab: &Lab) -> Result<Vec<String>> {
        let health = lab.health()?;
        let parameter = |key: &str, value: &str| {
            serde_json::json!({"ParameterKey": key, "ParameterValue": value}).to_string()
        };
        let mut list = vec![
            parameter("ClusterName", &self.name),
            parameter("VpcId", &health.vpc_id),
            parameter("SubnetIds", &health.subnet_ids.join(",")),
            parameter("ImageId", self.image.id()),
            parameter("ManagerCount", &self.managers.to_string()),
            parameter("WorkerCount", &self.workers.to_string()),
            parameter("WorkerMax", &self.worker_max.to_string()),
            parameter("LaunchingTimeout", &seconds(self.launching_hook)),
            parameter("TerminatingTimeout", &seconds(self.terminating_hook)),
            parameter(
                "InstanceMetadataTags",
                if self.metadata_tags {
                    "enabled"
                } else {
                    "disabled"
                },
            ),
        ];
        if let Some(user_data) = &self.user_data {
            list.push(parameter("UserData", user_data));
        }
        Ok(list)
    }
}

fn seconds(hook: Option<Duration>) -> String {
    hook.map_or(0, |time| time.as_secs()).to_string()
}

/// A cluster that was created.
#[derive(Clone, Debug)]
pub struct Cluster {
    lab: Lab,
    name: String,
}

impl Cluster {
    /// Creates the stack and returns when all of its instances are launched (not yet booted).
    pub fn create(lab: &Lab, spec: &ClusterSpec) -> Result<Self> {
        let template = format!("file://{}", lab.paths().template().display());
        let mut words = vec!["cloudformation", "create-stack", "--stack-name", &spec.name];
        words.extend([
            "--template-body",
            &template,
            "--capabilities",
            "CAPABILITY_NAMED_IAM",
        ]);
        let parameters = spec.parameters(lab)?;
        words.push("--parameters");
        words.extend(parameters.iter().map(String::as_str));
        lab.aws(&words)?;
        let cluster = Self::named(lab, &spec.name);
        cluster.wait_launched(Role::Manager, spec.managers)?;
        cluster.wait_launched(Role::Worker, spec.workers)?;
        Ok(cluster)
    }

    /// One that was created before.
    pub fn named(lab: &Lab, name: &str) -> Self {
        Self {
            lab: lab.clone(),
            name: name.to_owned(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Its instances that are not terminated.
    pub fn machines(&self) -> Result<Vec<Instance>> {
        let mut instances = self.lab.instances()?;
        instances.retain(|instance| {
            instance.tag("swarm:cluster") == Some(&self.name) && !instance.terminated()
        });
        Ok(instances)
    }

    /// Those of one role, by their tag.
    pub fn machines_of(&self, role: Role) -> Result<Vec<Instance>> {
        let mut instances = self.machines()?;
        instances.retain(|instance| instance.tag("swarm:role") == Some(role.name()));
        Ok(instances)
    }

    /// Deletes the stack without waiting for hooks and protection of its members. Waits until it is gone and its
    /// machines are off.
    pub fn delete(self) -> Result<()> {
        let machines = self.machines()?;
        self.lab
            .aws(&["cloudformation", "delete-stack", "--stack-name", &self.name])?;
        wait_until(&format!("the stack {} is gone", self.name), DELETED, || {
            // Over and over: an agent may protect a manager again while it does not see what goes on.
            self.hold_nobody()?;
            let machines = self.machines()?;
            let members = machines.iter().filter(|m| m.lifecycle_state.is_some());
            ensure!(members.count() == 0, "its groups have members");
            self.gone()
        })?;
        wait_off(&machines)
    }

    fn gone(&self) -> Result<()> {
        let found = self.lab.aws(&["cloudformation", "list-stacks"])?;
        for stack in found["StackSummaries"].as_array().into_iter().flatten() {
            let (name, status) = (&stack["StackName"], &stack["StackStatus"]);
            ensure!(
                name != self.name.as_str() || status == "DELETE_COMPLETE",
                "it is {status}"
            );
        }
        Ok(())
    }

    fn wait_launched(&self, role: Role, count: u32) -> Result<()> {
        let what = format!("{count} {}s are launched", role.name());
        wait_until(&what, LAUNCHED, || {
            match u32::try_from(self.machines_of(role)?.len())? {
                found if found == count => Ok(()),
                found => bail!("{found} so far"),
            }
        })
    }
}
