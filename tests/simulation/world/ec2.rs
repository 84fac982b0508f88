//! EC2: what it knows of instances, and how late.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use aws::CloudError;
use protocol::{Facts, Life, Told};
use swarmlet::identity::{CLUSTER_TAG, GROUP_TAG, ROLE_TAG};

use super::State;
use super::aws::Trouble;
use super::machine::{Machine, MachineId};
use super::mischief::Mischief;

/// Values that `DescribeInstances` takes for one filter.
const MOST_VALUES: usize = 200;

impl State {
    /// `DescribeInstances`: late to know a new instance, late to know of an end, and after a
    /// while silent about what is gone.
    pub(crate) fn describe(
        &mut self,
        id: MachineId,
        asked: &[String],
    ) -> Result<Vec<Told>, CloudError> {
        let failed = |cause: &str| CloudError::Failed {
            action: "ec2:DescribeInstances",
            cause: cause.into(),
        };
        self.machines[id].calls.fleet += 1;
        if asked.len() > MOST_VALUES {
            let instance = self.machines[id].instance_id.clone();
            let count = asked.len();
            self.broke(format!(
                "{instance} asks EC2 about {count} instances at once"
            ));
        }
        let asked: BTreeSet<&String> = asked.iter().collect();
        if !self.reaches_aws(id) || self.aws.is(Trouble::EC2Down, self.now) {
            return Err(failed("no answer"));
        }
        if self.aws.is(Trouble::Denied, self.now) {
            return Err(CloudError::denied("ec2:DescribeInstances", "instances"));
        }
        let partial = !self.aws.calm && self.random.permille(30);
        let lag = u32::from(!self.aws.calm);
        let mut answer = Vec::new();
        for (index, machine) in self.machines.iter().enumerate() {
            let late = self.random.millis(0, 5_000) * lag;
            let known = machine.launched + late <= self.now && !(partial && index == id);
            if known && asked.contains(&machine.instance_id) {
                answer.extend(described(machine, self.now, late));
            }
        }
        if self.plays(Mischief::AddressesAreNotTold) {
            let all = "0.0.0.0/0".parse().expect("a block");
            for told in &mut answer {
                told.addresses = vec![all];
            }
        }
        if self.unhooked {
            for told in &mut answer {
                self.tell_group(told);
            }
        }
        Ok(answer)
    }
}

impl State {
    fn tell_group(&self, told: &mut Told) {
        let machine = self.machines.iter().find(|m| m.instance_id == told.id);
        let machine = machine.filter(|m| m.terminated.is_none());
        if let Some((machine, group)) = machine.and_then(|m| Some((m, m.group.as_ref()?))) {
            told.tags.insert(GROUP_TAG.to_owned(), group.clone());
            told.facts.launched = Some(machine.launched.as_secs());
        }
    }
}

fn described(machine: &Machine, now: Duration, late: Duration) -> Option<Told> {
    let over = machine.terminated.filter(|at| *at + late * 2 <= now);
    // Nobody hears of it again after a while.
    if over.is_some_and(|at| at + Duration::from_mins(30) <= now) {
        return None;
    }
    let tags = [(ROLE_TAG, machine.role.as_str()), (CLUSTER_TAG, "c")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Some(Told {
        id: machine.instance_id.clone(),
        profile: Some(format!("{}s", machine.role.as_str())),
        life: over.map_or(Life::Alive, |_| Life::Terminated),
        addresses: over
            .is_none()
            .then(|| IpAddr::from(machine.ip).into())
            .into_iter()
            .collect(),
        tags: if over.is_none() {
            tags.into()
        } else {
            BTreeMap::new()
        },
        facts: Facts::default(),
    })
}
