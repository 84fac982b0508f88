//! A leader's calls to Auto Scaling about the managers' groups, and what it answers, as plain data.

use tracing::info;

use aws::CloudError;
use aws::groups::Group;
use aws::lifecycle::{Hook, Lifecycle, Transition};

/// Which hooks a group has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::run) struct Hooks {
    pub(in crate::run) launching: bool,
    pub(in crate::run) terminating: bool,
}

impl Hooks {
    pub(in crate::run) fn of(hooks: &[Hook]) -> Self {
        let has = |transition| hooks.iter().any(|hook| hook.transition == transition);
        Self {
            launching: has(Transition::Launching),
            terminating: has(Transition::Terminating),
        }
    }
}

/// Instances of a group that it must not end, or may end again.
#[derive(Clone, Debug)]
pub(in crate::run) struct Protect {
    pub(in crate::run) group: String,
    pub(in crate::run) instances: Vec<String>,
    pub(in crate::run) protected: bool,
}

/// What came of one call.
pub(in crate::run) enum Done {
    Hooks(String, Hooks),
    Described(Vec<Group>),
    Protected(Protect),
}

/// What it is asked.
pub(in crate::run) enum Question {
    /// Which hooks these groups have.
    Hooks(Vec<String>),
    /// What these groups are.
    Describe(Vec<String>),
    /// To do this, one after the other.
    Protect(Vec<Protect>),
}

/// What came of a question: of one call after the other, until one failed.
pub(in crate::run) struct Heard {
    pub(in crate::run) done: Vec<Done>,
    pub(in crate::run) failed: Option<CloudError>,
}

impl Heard {
    /// Asks it.
    pub(in crate::run) async fn of(lifecycle: impl Lifecycle, question: Question) -> Self {
        let mut done = Vec::new();
        let failed = ask(&lifecycle, question, &mut done).await.err();
        Self { done, failed }
    }
}

async fn ask(
    lifecycle: &impl Lifecycle,
    question: Question,
    done: &mut Vec<Done>,
) -> Result<(), CloudError> {
    match question {
        Question::Hooks(names) => {
            for name in names {
                let hooks = Hooks::of(&lifecycle.hooks(&name).await?);
                done.push(Done::Hooks(name, hooks));
            }
        }
        Question::Describe(names) => {
            done.push(Done::Described(lifecycle.groups(&names).await?));
        }
        Question::Protect(all) => {
            for one in all {
                let (group, instances) = (&one.group, &one.instances);
                lifecycle.protect(group, instances, one.protected).await?;
                one.tell();
                done.push(Done::Protected(one));
            }
        }
    }
    Ok(())
}

impl Protect {
    fn tell(&self) {
        let (group, instances) = (&self.group, self.instances.join(", "));
        if self.protected {
            info!(group, instances, "managers protected from scale-in");
        } else {
            info!(
                group,
                instances, "managers released from protection: raft can spare them"
            );
        }
    }
}
