//! What happens is seen happening.

use anyhow::{Result, ensure};
use serde_json::json;
use view::serve::Gate;

use super::Case;
use super::server::{Server, clean, live, showing};
use super::views::{SOON, failed, swarm};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "boxes_fly_from_a_node_that_fails",
        run: boxes_fly,
    },
    Case {
        name: "a_task_that_moves_makes_no_detour",
        run: no_detour,
    },
    Case {
        name: "nothing_flies_for_who_prefers_that",
        run: nothing_flies,
    },
    Case {
        name: "a_lost_connection_is_said_and_found_again",
        run: lost_and_found,
    },
    Case {
        name: "what_cannot_be_seen_is_said",
        run: unseen,
    },
];

const ON_FIRST: &str =
    "document.querySelectorAll('[data-node=\"w0\"] .tasks:not(.ghosts) .task').length";
const ON_SECOND: &str =
    "document.querySelectorAll('[data-node=\"w1\"] .tasks:not(.ghosts) .task').length";
const GHOSTS: &str = "document.querySelectorAll('[data-node=\"w0\"] .ghosts .task').length";

fn boxes_fly() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    ensure!(
        browser.eval(ON_FIRST)? == 5 && browser.eval(ON_SECOND)? == 5,
        "five each"
    );
    // The same box must come to the other node, not another one like it.
    browser.eval(
        "document.querySelector('[data-node=\"w0\"] .task').mine = true; \
                  window.flown = new Set(); new MutationObserver((all) => { for (const one of all) \
                  for (const box of one.addedNodes) flown.add(box.textContent); })\
                  .observe(document.getElementById('sky'), {childList: true}); 0",
    )?;
    script.say(Ok(failed(whole, 0)));
    browser.wait(
        "the boxes are on the other node",
        &format!("{ON_SECOND} === 10 && {ON_FIRST} === 0"),
        SOON,
    )?;
    ensure!(browser.eval(GHOSTS)? == 5, "the old node shows what it had");
    ensure!(browser.eval("flown.size")? == 5, "five fly");
    let same = "[...document.querySelectorAll('[data-node=\"w1\"] .task')].filter((box) => box.mine).length";
    ensure!(browser.eval(same)? == 1, "it is the same box");
    browser.wait(
        "all have landed",
        "document.querySelectorAll('.flyer, .landing').length === 0",
        SOON,
    )?;
    let said = browser.eval("document.getElementById('said').textContent")?;
    ensure!(
        said == json!("demo-worker-00000000 is down; 5 tasks moved"),
        "{said}"
    );
    ensure!(
        browser.eval("document.querySelector('[data-node=\"w0\"] .badges').textContent")?
            == "workerdown",
        "its state"
    );
    let facts = browser.eval("document.getElementById('facts').innerText")?;
    ensure!(
        facts.as_str().is_some_and(|text| text.contains("15 of 15")),
        "{facts}"
    );
    clean(&server, &mut browser)
}

/// A task that has no node yet waits where its forerunner was, not in the list of those that find none.
fn no_detour() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    let mut between = failed(whole.clone(), 0);
    for task in between
        .tasks
        .iter_mut()
        .filter(|task| task.id.ends_with("-again"))
    {
        task.node = None;
        task.node_id = None;
        task.state = "pending".into();
    }
    script.say(Ok(between));
    let waiting =
        "document.querySelectorAll('[data-node=\"w0\"] .task[data-phase=pending]').length === 5";
    browser.wait("they wait where they were", waiting, SOON)?;
    let listed = browser.eval("document.getElementById('pending').hidden")?;
    ensure!(
        listed == true,
        "they are in the list of those without a node"
    );
    script.say(Ok(failed(whole, 0)));
    browser.wait(
        "they are on the other node",
        &format!("{ON_SECOND} === 10"),
        SOON,
    )?;
    clean(&server, &mut browser)
}

fn nothing_flies() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    browser.prefers(false, true)?;
    browser.eval(
        "window.flown = 0; new MutationObserver(() => { flown += 1; })\
                  .observe(document.getElementById('sky'), {childList: true}); 0",
    )?;
    script.say(Ok(failed(whole, 0)));
    browser.wait(
        "the boxes are on the other node",
        &format!("{ON_SECOND} === 10"),
        SOON,
    )?;
    ensure!(browser.eval("flown")? == 0, "something flew");
    clean(&server, &mut browser)
}

fn lost_and_found() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    let address = server.address;
    drop(server);
    browser.wait(
        "it is said",
        "document.getElementById('link').dataset.state === 'lost'",
        SOON,
    )?;
    let said = browser.eval("document.getElementById('link').textContent")?;
    ensure!(
        said.as_str()
            .is_some_and(|text| text.starts_with("lost ") && text.contains("ago, at ")),
        "{said}"
    );
    ensure!(browser.eval(ON_FIRST)? == 5, "what was seen last stays");
    script.say(Ok(failed(whole, 0)));
    let _server = Server::start_at(address, &script, Gate::default())?;
    live(&mut browser)?;
    browser.wait(
        "it shows what happened meanwhile",
        &format!("{ON_SECOND} === 10"),
        SOON,
    )
}

fn unseen() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    script.say(Err(
        "cannot see the swarm from here: this node is no manager",
    ));
    let said = "!document.getElementById('trouble').hidden && document.getElementById('trouble').textContent";
    browser.wait(
        "it is said",
        &format!("({said} || '').endsWith('this node is no manager')"),
        SOON,
    )?;
    script.say(Ok(whole));
    browser.wait(
        "it is over",
        "document.getElementById('trouble').hidden",
        SOON,
    )?;
    clean(&server, &mut browser)
}
