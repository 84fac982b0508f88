//! The task against a small world: Parameter Store, a swarm and S3, without Docker.

mod cost;
mod drift;
mod files;
mod lead;
mod pace;
mod refused;
mod removal;
mod usual;
mod world;

use std::time::Duration;

use tokio::time::timeout;

use super::{Edges, Keeper, Lead, Outside, Overview, Rules, line};
use host::random::Dice;
use protocol::stacks::ResolveImage;
use view::status::stacks::{Stack, StackState};
use world::{GOOD, ROLE_LIFE, World};

const MINUTE: Duration = Duration::from_secs(70);

/// Everything outside is the same small world.
struct Small;

impl Outside for Small {
    type Store = World;
    type Docker = World;
    type Depot = World;
    type Clock = World;
    type Chance = Dice;
}

/// A manager that leads, with a folder of its own for files.
struct Leader {
    keeper: Keeper<Small>,
    lead: Lead,
    folder: tempfile::TempDir,
}

impl Leader {
    fn new(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let edges = Edges {
            store: world.clone(),
            docker: world.clone(),
            depot: world.clone(),
            clock: world.clone(),
            chance: Dice,
        };
        let rules = Rules {
            stacks: "/swarmlet/c/stacks".into(),
            registries: "/swarmlet/c/registries".into(),
            folder: folder.path().to_owned(),
            manages: true,
            refresh: Duration::from_mins(1),
            resolve: ResolveImage::Changed,
            variables: vec![("SWARMLET_CLUSTER", "c".into())],
        };
        let (lead, shown) = line();
        let keeper = Keeper::new(edges, rules, shown);
        Self {
            keeper,
            lead,
            folder,
        }
    }

    /// Leads for a while; the clock is the test's, so it costs nothing.
    async fn live(&mut self, time: Duration) {
        let ended = timeout(time, self.keeper.keep()).await;
        assert!(ended.is_err(), "it keeps stacks for ever");
    }

    /// Writes a file of this manager.
    fn lay(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn overview(&self) -> Overview {
        self.lead.overview()
    }

    fn stack(&self, name: &str) -> Stack {
        let stacks = self.overview().stacks;
        let found = stacks.iter().find(|stack| stack.name == name);
        found
            .cloned()
            .unwrap_or_else(|| panic!("{name}: {stacks:?}"))
    }

    /// How a stack stands, and what is wrong with it.
    fn stands(&self, name: &str) -> (StackState, String) {
        let stack = self.stack(name);
        (stack.state, stack.error.unwrap_or_default())
    }
}

/// A leader that has looked at the stacks.
async fn leading(world: &World) -> Leader {
    let mut leader = Leader::new(world);
    leader.live(MINUTE).await;
    leader
}

/// A stack's file with one service of that image.
fn app(image: &str) -> String {
    format!("services:\n  app:\n    image: {image}\n")
}
