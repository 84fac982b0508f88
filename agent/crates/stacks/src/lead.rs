//! Between the agent's rounds and the stacks: whether this node leads, and how the stacks stand.

use tokio::sync::watch;

use view::status::stacks::{Registry, Stack};

/// How the stacks stand, for people.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Overview {
    /// All that are wanted or were deployed.
    pub stacks: Vec<Stack>,
    /// The registries with a password.
    pub registries: Vec<Registry>,
    /// What cannot be read.
    pub trouble: Option<String>,
}

/// The agent's end: it says whether this node leads.
#[derive(Clone, Debug)]
pub struct Lead {
    leads: watch::Sender<bool>,
    shown: watch::Receiver<Overview>,
}

/// The end of the stacks: they are kept while this node leads, and shown.
#[derive(Debug)]
pub struct Shown {
    pub(super) leads: watch::Receiver<bool>,
    pub(super) shown: watch::Sender<Overview>,
}

/// Both ends.
pub fn line() -> (Lead, Shown) {
    let (say, leads) = watch::channel(false);
    let (show, shown) = watch::channel(Overview::default());
    let lead = Lead { leads: say, shown };
    (lead, Shown { leads, shown: show })
}

impl Lead {
    /// Says whether this node leads: stacks are kept from then on, or left alone.
    pub fn set(&self, leads: bool) {
        self.leads.send_if_modified(|before| {
            let changes = *before != leads;
            *before = leads;
            changes
        });
    }

    /// How the stacks stand.
    pub fn overview(&self) -> Overview {
        self.shown.borrow().clone()
    }

    /// Waits until they stand otherwise; for ever, where nobody keeps them.
    pub async fn changed(&mut self) {
        if self.shown.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Shown {
    /// Waits until this node leads, or leads no more.
    pub(super) async fn until(&mut self, leads: bool) {
        if self.leads.wait_for(|now| *now == leads).await.is_err() {
            // The agent has ended, and the process does.
            std::future::pending::<()>().await;
        }
    }
}
