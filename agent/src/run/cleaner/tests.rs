//! The task against an engine that has images, and a disk that they fill.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use tokio::time::Instant;

use super::*;
use host::random::Dice;
use protocol::cleaning::{Container, Image, Inventory, Named, Room};
use view::status::disk::DiskState;

/// An engine whose images have a tenth of the disk each. Clones are the same.
#[derive(Clone)]
struct World {
    found: Rc<RefCell<Found>>,
    /// What is on the disk beside images.
    others: Rc<Cell<u64>>,
    refuses: Rc<RefCell<BTreeSet<String>>>,
    down: Rc<Cell<bool>>,
    asked: Rc<Cell<usize>>,
    born: Instant,
}

impl World {
    fn new(images: &[&str]) -> Self {
        let inventory = Inventory {
            images: images.iter().map(|name| image(name)).collect(),
            containers: Vec::new(),
            named: Named::Known(BTreeSet::new()),
        };
        let folders = vec![PathBuf::from("/data")];
        Self {
            found: Rc::new(RefCell::new(Found { inventory, folders })),
            others: Rc::default(),
            refuses: Rc::default(),
            down: Rc::default(),
            asked: Rc::default(),
            born: Instant::now(),
        }
    }

    fn images(&self) -> Vec<String> {
        let found = self.found.borrow();
        let images = found.inventory.images.iter();
        images.map(|image| image.id.clone()).collect()
    }

    fn up(&self) -> Result<(), EngineError> {
        if self.down.get() {
            return Err(EngineError::Down("no socket".into()));
        }
        Ok(())
    }

    fn cleaner(&self, folder: &Path, change: impl FnOnce(&mut Settings)) -> FakeCleaner {
        let mut settings = Settings {
            root: folder.to_owned(),
            ..Settings::default()
        };
        change(&mut settings);
        let edges = Edges {
            store: self.clone(),
            rooms: self.clone(),
            clock: self.clone(),
            chance: Dice,
        };
        Cleaner::new(edges, &settings, &Metrics::default())
    }
}

type FakeCleaner = Cleaner<World, World, World, Dice>;

fn image(name: &str) -> Image {
    Image {
        id: format!("id-{name}"),
        names: [format!("{name}:latest")].into(),
        references: vec![format!("{name}:latest")],
        size: 1,
    }
}

impl Store for World {
    async fn look(&self) -> Result<Found, EngineError> {
        self.asked.set(self.asked.get() + 1);
        self.up()?;
        Ok(self.found.borrow().clone())
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let mut found = self.found.borrow_mut();
        found.inventory.containers.retain(|one| one.id != id);
        Ok(())
    }

    async fn prune_cache(&self, _: Duration) -> Result<u64, EngineError> {
        Ok(0)
    }

    async fn remove_image(&self, references: &[String]) -> Result<(), EngineError> {
        self.up()?;
        if references
            .iter()
            .any(|name| self.refuses.borrow().contains(name))
        {
            let message = "conflict: image has dependent child images".to_owned();
            return Err(EngineError::Refused { code: 409, message });
        }
        let mut found = self.found.borrow_mut();
        found
            .inventory
            .images
            .retain(|one| one.references != references);
        Ok(())
    }
}

impl Rooms for World {
    fn of(&self, folder: &Path) -> Result<[Room; 2], String> {
        assert_eq!(folder, Path::new("/data"));
        let images = self.found.borrow().inventory.images.len();
        let used = u64::try_from(images).unwrap() * 10 + self.others.get();
        let free = 100_u64.saturating_sub(used);
        Ok([Room { used, free }, Room::default()])
    }
}

impl Clock for World {
    fn uptime(&self) -> Duration {
        self.born.elapsed()
    }

    fn unix(&self) -> u64 {
        self.born.elapsed().as_secs()
    }

    fn boot(&self) -> String {
        "1".to_owned()
    }
}

/// Turns of so much time, with the pauses between them.
async fn live(cleaner: &mut FakeCleaner, time: Duration) -> usize {
    let end = Instant::now() + time;
    let mut turns = 0;
    while Instant::now() < end {
        let pause = cleaner.turn().await;
        assert!(pause >= Duration::from_secs(1), "a loop without a pause");
        tokio::time::advance(pause).await;
        turns += 1;
    }
    turns
}

fn state(cleaner: &FakeCleaner) -> Disk {
    cleaner.shown().borrow().clone().expect("it was looked at")
}

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

#[tokio::test(start_paused = true)]
async fn a_disk_with_room_costs_a_look_at_the_engine_in_five_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(&["a", "b", "c"]);
    let mut cleaner = world.cleaner(folder.path(), |_| {});
    let turns = live(&mut cleaner, Duration::from_hours(1)).await;
    assert!((58..=62).contains(&turns), "{turns} looks at the disk");
    assert!(
        world.asked.get() <= 13,
        "{} at the engine",
        world.asked.get()
    );
    assert_eq!(world.images().len(), 3);
    let told = state(&cleaner);
    assert_eq!((told.state, told.used_percent), (DiskState::Enough, 30));
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_freed_down_to_the_low_mark_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(&["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let runs = Container {
        id: "t".into(),
        image: "id-a".into(),
        is_task: true,
        ..Container::default()
    };
    world.found.borrow_mut().inventory.containers.push(runs);
    let list = folder.path().join("usr/share/swarmlet");
    std::fs::create_dir_all(&list).unwrap();
    std::fs::write(list.join("images"), "b id-b\n").unwrap();
    let keep = |settings: &mut Settings| settings.disk.keep = vec!["c".to_owned()];
    let mut cleaner = world.cleaner(folder.path(), keep);
    live(&mut cleaner, Duration::from_mins(9)).await;
    assert_eq!(world.images().len(), 9, "they have just come");
    assert_eq!(state(&cleaner).state, DiskState::Stuck);
    live(&mut cleaner, HALF_AN_HOUR).await;
    let left = ["id-a", "id-b", "id-c", "id-f", "id-g", "id-h", "id-i"];
    assert_eq!(world.images(), left);
    let told = state(&cleaner);
    assert_eq!((told.state, told.removed_images), (DiskState::Enough, 2));
    assert_eq!(told.error, None);
    // Other things fill it: what may go goes, the rest stays, and that is said.
    world.others.set(60);
    live(&mut cleaner, HALF_AN_HOUR).await;
    assert_eq!(world.images(), ["id-a", "id-b", "id-c"]);
    let told = state(&cleaner);
    assert_eq!(told.state, DiskState::Stuck);
    assert!(told.error.unwrap().contains("in use"));
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_refuses_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(&["a", "b", "c"]);
    world.others.set(60);
    world.refuses.borrow_mut().insert("a:latest".to_owned());
    let mut cleaner = world.cleaner(folder.path(), |_| {});
    live(&mut cleaner, HALF_AN_HOUR).await;
    assert_eq!(world.images(), ["id-a"]);
    assert_eq!(state(&cleaner).state, DiskState::Enough);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_asked_more_and_more_seldom() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(&["a"]);
    world.down.set(true);
    let mut cleaner = world.cleaner(folder.path(), |_| {});
    let turns = live(&mut cleaner, HALF_AN_HOUR).await;
    assert!(turns < 70, "{turns} times");
    assert!(cleaner.shown().borrow().is_none());
    world.down.set(false);
    live(&mut cleaner, Duration::from_mins(1)).await;
    assert_eq!(state(&cleaner).error, None);
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_while_nobody_can_tell_what_to_keep() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(&["a"]);
    world.others.set(85);
    // A folder in place of the file.
    std::fs::create_dir_all(folder.path().join("usr/share/swarmlet/images")).unwrap();
    let mut cleaner = world.cleaner(folder.path(), |_| {});
    live(&mut cleaner, HALF_AN_HOUR).await;
    assert_eq!(world.images(), ["id-a"]);
}
