//! What the instance's role may do: each action is really asked for, without an effect.
//!
//! AWS looks at a caller's permission before it looks at what the request asks for, so a refusal of
//! the content is a permission. `docs/doctor.md` says which request is sent for what.

use secrecy::SecretString;

use super::metadata::Facts;
use super::{Finding, Grade};
use crate::config::Settings;
use crate::identity::InstanceIdentity;
use crate::run::Names;
use aws::fleet::{Ec2, Fleet};
use aws::lifecycle::{AutoScaling, Hook, Lifecycle, Transition};
use aws::parameter_store::{ParameterStore, Ssm};
use aws::{Aws, CloudError};
use protocol::{Epoch, Role, Ticket};

const CONCERN: &str = "permissions";

/// What became of the tries.
#[derive(Default)]
pub(super) struct Tries {
    /// One each, in the order in which a node needs them.
    pub(super) made: Vec<Try>,
    /// The ticket that was read on the way.
    pub(super) ticket: Option<Ticket>,
    /// The hooks of the node's group, as they were read on the way.
    pub(super) hooks: Option<Vec<Hook>>,
}

/// One action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Try {
    pub(super) action: &'static str,
    pub(super) on: String,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// It is allowed; perhaps something to add.
    Allowed(&'static str),
    /// It is not, or AWS gives no answer.
    Refused(CloudError),
    /// It was not tried.
    NotTried(&'static str),
}

impl From<Result<(), CloudError>> for Outcome {
    fn from(answer: Result<(), CloudError>) -> Self {
        answer.map_or_else(Self::Refused, |()| Self::Allowed(""))
    }
}

impl Tries {
    fn note(&mut self, action: &'static str, on: &str, outcome: impl Into<Outcome>) {
        self.made.push(Try {
            action,
            on: on.to_owned(),
            outcome: outcome.into(),
        });
    }
}

pub(super) async fn gather(metadata: &Facts, settings: &Settings) -> Tries {
    let mut tries = Tries::default();
    let (Some(aws), Ok(node)) = (&metadata.aws, &metadata.node) else {
        tries.note(
            "all",
            "",
            Outcome::NotTried("it is not known which cluster this node belongs to"),
        );
        return tries;
    };
    let names = Names::new(&settings.aws.parameter_prefix, &node.cluster);
    let store = Ssm::new(aws, node.kms_key.clone());
    read_ticket(&mut tries, &store, &names.ticket()).await;
    if metadata.tags == Ok(false) {
        let asked = Ec2::new(aws).tags(&node.instance_id).await.map(drop);
        tries.note("ec2:DescribeTags", "*", asked);
    }
    if node.role == Role::Manager {
        manage(&mut tries, &store, &names, aws, node).await;
    }
    if let Some(group) = &node.group {
        let scaling = AutoScaling::new(aws);
        hooks(&mut tries, &scaling, group).await;
        let by_settings = !settings.departure.hooks.is_empty();
        if node.role == Role::Manager && settings.swarm.protect_managers && !by_settings {
            protection(&mut tries, &scaling, group).await;
        }
    }
    tries
}

const DECRYPT: &str = "kms:Decrypt";

/// The read was allowed, and only its key cannot be used.
fn is_for_the_key(error: &CloudError) -> bool {
    match error {
        CloudError::Denied { action, .. } => action == DECRYPT,
        CloudError::KeyUnusable { .. } => true,
        _ => false,
    }
}

/// The read that every joiner makes; it needs the key as well.
async fn read_ticket(tries: &mut Tries, store: &impl ParameterStore, name: &str) {
    const READ: &str = "ssm:GetParameter";
    match store.read(name).await {
        Ok(Some(value)) => {
            tries.ticket = parse(&value);
            tries.note(READ, name, Ok(()));
            tries.note(DECRYPT, "the key of the ticket", Ok(()));
        }
        Ok(None) => {
            tries.note(READ, name, Outcome::Allowed("; there is no ticket yet"));
            let why = "there is no ticket yet to decrypt";
            tries.note(DECRYPT, "the key of the ticket", Outcome::NotTried(why));
        }
        Err(error) if is_for_the_key(&error) => {
            let on = match &error {
                CloudError::Denied { resource, .. } => resource.clone(),
                _ => "the key of the ticket".to_owned(),
            };
            tries.note(READ, name, Ok(()));
            tries.note(DECRYPT, &on, Err(error));
        }
        Err(error) => tries.note(READ, name, Err(error)),
    }
}

fn parse(value: &SecretString) -> Option<Ticket> {
    Ticket::parse(value).ok()
}

async fn manage(tries: &mut Tries, store: &Ssm, names: &Names, aws: &Aws, node: &InstanceIdentity) {
    let registers = [names.claim(Epoch::FIRST), names.outcome(Epoch::FIRST)];
    let read = store.read_all(&registers).await.map(drop);
    tries.note("ssm:GetParameters", &registers[0], read);
    let claim = store.try_put(&registers[0]).await;
    tries.note("ssm:PutParameter", &registers[0], claim);
    let ticket = store.try_put(&names.ticket()).await;
    tries.note("ssm:PutParameter", &names.ticket(), ticket);
    let why = "no call without an effect shows it; publishing the ticket does";
    tries.note(
        "kms:Encrypt",
        "the key of the ticket",
        Outcome::NotTried(why),
    );
    for path in [names.stacks(), names.registries()] {
        let read = store.read_below(&path).await.map(drop);
        tries.note("ssm:GetParametersByPath", &path, read);
    }
    let asked = Ec2::new(aws).instances(&node.instance_id, &[]).await;
    tries.note("ec2:DescribeInstances", "*", asked.map(drop));
}

/// Hooks matter only where the group has some.
async fn hooks(tries: &mut Tries, scaling: &AutoScaling, group: &str) {
    const COMPLETE: &str = "autoscaling:CompleteLifecycleAction";
    const BEAT: &str = "autoscaling:RecordLifecycleActionHeartbeat";
    match scaling.hooks(group).await {
        Ok(hooks) => {
            tries.note("autoscaling:DescribeLifecycleHooks", "*", Ok(()));
            if let Some(hook) = hooks.first() {
                let complete = scaling.try_complete(group, &hook.name).await;
                tries.note(COMPLETE, group, complete);
                tries.note(BEAT, group, scaling.try_heartbeat(group, &hook.name).await);
            } else {
                let why = Outcome::NotTried("the group has no lifecycle hooks");
                tries.note(COMPLETE, group, why);
            }
            tries.hooks = Some(hooks);
        }
        Err(error) => tries.note("autoscaling:DescribeLifecycleHooks", "*", Err(error)),
    }
}

/// Protection matters only where the managers' group has no terminating hook.
async fn protection(tries: &mut Tries, scaling: &AutoScaling, group: &str) {
    let is_terminating = |hook: &Hook| hook.transition == Transition::Terminating;
    if tries
        .hooks
        .as_ref()
        .is_none_or(|hooks| hooks.iter().any(is_terminating))
    {
        return;
    }
    let described = scaling.groups(&[group.to_owned()]).await.map(drop);
    tries.note("autoscaling:DescribeAutoScalingGroups", "*", described);
    let protected = scaling.try_protect(group).await;
    tries.note("autoscaling:SetInstanceProtection", group, protected);
}

pub(super) fn findings(tries: &Tries) -> Vec<Finding> {
    tries.made.iter().map(finding).collect()
}

fn finding(tried: &Try) -> Finding {
    let found = |grade, seen: String| Finding::new(CONCERN, tried.action, grade, seen);
    let on = &tried.on;
    match &tried.outcome {
        Outcome::Allowed(more) => found(Grade::Ok, format!("allowed on {on}{more}")),
        Outcome::NotTried(why) => found(Grade::Skipped, (*why).to_owned()),
        Outcome::Refused(CloudError::Denied { action, resource, why }) => {
            found(Grade::Fail, format!("{action} on {resource} is denied{}", why.said()))
                .advise(why.advice().replacen("allow it", &format!("allow {action} on {resource}"), 1))
        }
        // What to do is part of these.
        Outcome::Refused(
            error @ (CloudError::NoCredentials(_)
            | CloudError::KeyUnusable { .. }
            | CloudError::Refused { .. }),
        ) => found(Grade::Fail, error.to_string()),
        Outcome::Refused(error @ CloudError::Throttled { .. }) => {
            found(Grade::Warn, error.to_string()).advise("try again: the account's rate is used up")
        }
        Outcome::Refused(error) => found(Grade::Fail, error.to_string()).advise(
            "let the instance reach the service: a route to the internet or a VPC endpoint, and 443/tcp out \
             in its security group",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_what_to_allow_and_silence_what_to_open() {
        let denied = CloudError::denied("kms:Decrypt", "arn:aws:kms:r:1:key/k");
        let refused = CloudError::Refused {
            action: "ssm:GetParameter",
            cause: "the clock of this host is wrong".into(),
        };
        let silent = CloudError::Failed {
            action: "ssm:GetParameter",
            cause: "dispatch failure".into(),
        };
        let throttled = CloudError::Throttled {
            action: "ssm:GetParameter",
        };
        for (outcome, grade, advice) in [
            (Outcome::Allowed(""), Grade::Ok, None),
            (Outcome::NotTried("why"), Grade::Skipped, None),
            (
                Outcome::Refused(denied),
                Grade::Fail,
                Some("allow kms:Decrypt on arn:aws:kms:r:1:key/k in the IAM policy"),
            ),
            (Outcome::Refused(refused), Grade::Fail, None),
            (Outcome::Refused(silent), Grade::Fail, Some("VPC endpoint")),
            (Outcome::Refused(throttled), Grade::Warn, Some("try again")),
        ] {
            let found = finding(&Try {
                action: "ssm:GetParameter",
                on: "/t".into(),
                outcome,
            });
            assert_eq!(found.grade, grade, "{found:?}");
            let said = found.advice.as_deref().unwrap_or_default();
            assert_eq!(found.advice.is_some(), advice.is_some(), "{found:?}");
            assert!(said.contains(advice.unwrap_or_default()), "{found:?}");
        }
    }
}
