//! The dashboard of a real cluster in a real browser, while a worker stops and its tasks move. Its
//! pictures are those of the documentation.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::browser::Browser;
use lab::{Lab, wait_until};

use crate::cases::fleet::seen::entry;
use crate::cases::support::dashboard_password;

const UNIT: &str = "swarmlet-dashboard.service";
const ADDRESS: &str = "http://localhost:8377/";
/// A manager gives a silent node up after about 15 s, and its tasks to others at once.
const MOVED: Duration = Duration::from_mins(1);
/// The pictures are in the documentation.
const LARGEST: u64 = 200_000;
/// Where each box is: the node's id by the task's place.
const PLACES: &str = "Object.fromEntries([...document.querySelectorAll('.tasks:not(.ghosts) > [data-key]')]\
                      .map((slot) => [slot.dataset.key, slot.closest('.node').dataset.node]))";
/// Stops all boxes in the air, half way, when some are under way to a node.
const FREEZE: &str = "document.querySelectorAll('.node .landing').length > 0 && (document.getAnimations()\
                      .forEach((one) => { one.pause(); one.currentTime = 380; }), true)";
const THAW: &str = "document.getAnimations().forEach((one) => one.play()), 0";
const LANDED: &str = "document.querySelectorAll('.flyer').length === 0";

/// The page, and how many boxes it should have.
pub(super) struct Page<'a> {
    lab: &'a Lab,
    browser: Browser,
    tasks: usize,
    before: BTreeMap<String, String>,
}

impl<'a> Page<'a> {
    /// Starts the dashboard of a manager, and opens it there when all tasks run.
    pub(super) fn open(lab: &'a Lab, manager: &str, tasks: usize) -> Result<Self> {
        lab.exec(manager, &["systemctl", "start", UNIT])?.ok()?;
        let password = dashboard_password(lab, manager)?;
        answers(lab, manager, &password)?;
        let mut browser = Browser::start_in(manager)?;
        browser.screen(1280, 720, false)?;
        browser.open(&format!("http://me:{password}@localhost:8377/"))?;
        browser.wait("all tasks run", &running(tasks), MOVED)?;
        let zones = browser.eval("document.querySelectorAll('.zone').length")?;
        ensure!(zones.as_u64() > Some(1), "there are {zones} zones");
        let mut page = Self {
            lab,
            browser,
            tasks,
            before: BTreeMap::new(),
        };
        page.before = page.places()?;
        page.picture("before")?;
        Ok(page)
    }

    /// A worker has stopped: waits until boxes fly.
    pub(super) fn boxes_fly(&mut self) -> Result<()> {
        self.browser.wait("boxes fly", FREEZE, MOVED)?;
        self.picture("during")?;
        self.browser.eval(THAW).map(drop)
    }

    /// What was on the node that stopped is elsewhere; what was not has stayed.
    pub(super) fn boxes_have_moved(&mut self, manager: &str, stopped: &str) -> Result<()> {
        let entry = entry(self.lab, manager, stopped)?;
        let node = entry["ID"].as_str().context("it has no id")?;
        let down =
            format!("document.querySelector('[data-node=\"{node}\"]').dataset.state === 'down'");
        self.browser
            .wait("the page says that it is down", &down, MOVED)?;
        let running = running(self.tasks);
        self.browser.wait("all tasks run again", &running, MOVED)?;
        self.browser.wait("all have landed", LANDED, MOVED)?;
        self.picture("after")?;
        let after = self.places()?;
        compare(&self.before, &after, node, self.tasks)?;
        let complaints = self.browser.complaints();
        ensure!(complaints.is_empty(), "{complaints:?}");
        Ok(())
    }

    fn places(&mut self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_value(self.browser.eval(PLACES)?)?)
    }

    fn picture(&mut self, when: &str) -> Result<()> {
        let name = format!("artifacts/dashboard-{when}.png");
        let path = self.lab.paths().cache.join(name);
        self.browser.screenshot(&path)?;
        let size = std::fs::metadata(&path)?.len();
        eprintln!("    {}: {size} bytes", path.display());
        ensure!(size < LARGEST, "it is too large for the documentation");
        Ok(())
    }
}

fn running(tasks: usize) -> String {
    format!("document.querySelectorAll('#board .task[data-phase=running]').length === {tasks}")
}

/// Over its own network only, only to who knows its password, and only to names that nobody else can give it.
fn answers(lab: &Lab, manager: &str, password: &str) -> Result<()> {
    let bearer = format!("Authorization: Bearer {password}");
    let status = |host: &str, address: &str| {
        let how = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5"];
        let who = ["-H", &bearer, "-H", host, address];
        let argv = [&["curl"], &how[..], &who].concat();
        Ok::<_, anyhow::Error>(lab.exec(manager, &argv)?.stdout)
    };
    wait_until("the dashboard answers", Duration::from_secs(20), || {
        let code = status("Host: localhost", ADDRESS)?;
        ensure!(code == "200", "it says {code:?}");
        Ok(())
    })?;
    let unasked = ["curl", "-s", "-w", "%{http_code}", ADDRESS];
    let stranger = lab.exec(manager, &unasked)?.stdout;
    ensure!(stranger.ends_with("401"), "a stranger is told {stranger}");
    let code = status("Host: evil.example", ADDRESS)?;
    ensure!(code == "421", "it answers to another's name: {code}");
    let own = format!("http://{}:8377/", lab.instance(manager)?.address);
    let code = status("Host: localhost", &own)?;
    ensure!(code == "000", "it answers at {own}: {code}");
    Ok(())
}

fn compare(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    node: &str,
    tasks: usize,
) -> Result<()> {
    ensure!(
        before.len() == tasks && before.keys().eq(after.keys()),
        "{before:?}, then {after:?}"
    );
    let moved = before.iter().filter(|(_, on)| *on == node).count();
    ensure!(moved > 0, "nothing ran on {node}");
    for (task, on) in before {
        let now = &after[task];
        ensure!(
            (now == on) == (on != node) && now != node,
            "{task} was on {on} and is on {now}"
        );
    }
    eprintln!("    {moved} of {} boxes moved", before.len());
    Ok(())
}
