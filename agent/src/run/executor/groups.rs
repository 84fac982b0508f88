//! A leader's calls to Auto Scaling about the managers' groups.

use tracing::info;

use aws::CloudError;
use aws::lifecycle::Lifecycle;
use protocol::facts::groups::Hooked;
use protocol::leader::protection::{Done, Protect, Question};

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
                let hooks = Hooked::by(&lifecycle.hooks(&name).await?);
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
                tell(&one);
                done.push(Done::Protected(one));
            }
        }
    }
    Ok(())
}

fn tell(done: &Protect) {
    let (group, instances) = (&done.group, done.instances.join(", "));
    if done.protected {
        info!(group, instances, "managers protected from scale-in");
    } else {
        info!(
            group,
            instances, "managers released from protection: raft can spare them"
        );
    }
}
