//! Waiting for tags that come after the launch: some 10 to 60 seconds in a script that launches first and
//! tags then, or whenever a person gets to it.
//!
//! Metadata is looked at again and again, which costs nothing. EC2 is asked only where metadata shows no
//! tags at all, and a thousand instances that were launched together then ask together: less and less often.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::IdentifyError;
use aws::CloudError;
use aws::fleet::Fleet;
use aws::imds::{FactError, Tags};
use host::backoff::Backoff;

/// Between looks at metadata.
pub(super) const LOOK: Duration = Duration::from_secs(2);
/// EC2 may answer a young instance without its tags.
const FIRST_GAP: Duration = Duration::from_secs(2);
const LONGEST_GAP: Duration = Duration::from_secs(20);
/// For this long EC2 is asked soon again; after it, and where it refuses for too many requests, seldom.
const EARLY: Duration = Duration::from_mins(5);
const FIRST_LATE_GAP: Duration = Duration::from_secs(40);
const LONGEST_LATE_GAP: Duration = Duration::from_mins(3);

/// Who has to know that a node waits for its tags.
pub trait Waiter {
    /// A look has not found what the node needs: told at every look, which are two seconds apart.
    fn waits(&mut self, why: &IdentifyError);
}

/// What of it is worth saying: looks that find the same say nothing new.
#[derive(Debug, Default)]
pub struct Told {
    last: Option<Kind>,
    before: Vec<Kind>,
}

/// What is said the same way.
type Kind = (Discriminant<IdentifyError>, Option<Discriminant<FactError>>);

fn kind(why: &IdentifyError) -> Kind {
    let fact = match why {
        IdentifyError::Fact(fact) => Some(discriminant(fact)),
        _ => None,
    };
    (discriminant(why), fact)
}

/// How new it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    /// The same as at the look before.
    Old,
    /// Something else than at the look before, but it was said before that.
    Changed,
    /// It was never said.
    First,
}

impl Told {
    /// Notes it, by its kind: the cause of an answer that did not come may read differently each time.
    pub fn note(&mut self, why: &IdentifyError) -> News {
        let kind = kind(why);
        if self.last.replace(kind) == Some(kind) {
            return News::Old;
        }
        if self.before.contains(&kind) {
            return News::Changed;
        }
        self.before.push(kind);
        News::First
    }
}

/// EC2's word about the tags of one instance, asked for now and then.
pub(super) struct Asked<F> {
    fleet: F,
    begun: Instant,
    early: Backoff,
    late: Backoff,
    /// The last answer, and when the next one is due.
    answer: Option<(Result<Tags, CloudError>, Instant)>,
}

impl<F: Fleet> Asked<F> {
    pub(super) fn new(fleet: F) -> Self {
        Self {
            fleet,
            begun: Instant::now(),
            early: Backoff::new(FIRST_GAP, LONGEST_GAP),
            late: Backoff::new(FIRST_LATE_GAP, LONGEST_LATE_GAP),
            answer: None,
        }
    }

    /// Its last word, or a new one where that is due.
    pub(super) async fn tags(&mut self, instance_id: &str) -> Result<Tags, CloudError> {
        if let Some((answer, due)) = &self.answer
            && Instant::now() < *due
        {
            return answer.clone();
        }
        let answer = self.fleet.tags(instance_id).await;
        let due = Instant::now() + self.gap(&answer);
        self.answer = Some((answer.clone(), due));
        answer
    }

    fn gap(&mut self, answer: &Result<Tags, CloudError>) -> Duration {
        let crowded = matches!(answer, Err(CloudError::Throttled { .. }));
        if crowded || self.begun.elapsed() >= EARLY {
            self.late.next_gap()
        } else {
            self.early.next_gap()
        }
    }
}

pub(super) async fn pause() {
    sleep(LOOK).await;
}
