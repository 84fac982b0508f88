//! Without a mouse.

use anyhow::{Result, ensure};
use lab::browser::Browser;

use super::Case;
use super::server::{clean, showing};
use super::views::{SOON, failed, swarm};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "keys_lead_to_nodes_and_tasks",
        run: around,
    },
    Case {
        name: "enter_opens_details_and_escape_closes_them",
        run: details,
    },
    Case {
        name: "a_slash_leads_to_the_filter",
        run: filter,
    },
    Case {
        name: "a_focused_box_keeps_the_focus_when_it_moves",
        run: kept,
    },
];

const FOCUSED: &str = "(document.activeElement.closest('[data-key]') ?? document.activeElement.closest('[data-node]') \
                       ?? document.activeElement).dataset.key ?? document.activeElement.closest('[data-node]')?.dataset.node \
                       ?? document.activeElement.id ?? document.activeElement.className";

fn focus(browser: &mut Browser, key: &str, wanted: &str) -> Result<()> {
    browser.press(key)?;
    let found = browser.eval(FOCUSED)?;
    ensure!(
        found == wanted,
        "{key} leads to {found} instead of {wanted}"
    );
    Ok(())
}

fn around() -> Result<()> {
    let (_, server, mut browser) = showing(swarm(3, 5))?;
    browser.press("Tab")?;
    ensure!(
        browser.eval("document.activeElement.className")? == "skip",
        "first the skip link"
    );
    browser.press("Enter")?;
    ensure!(
        browser.eval("document.activeElement.id")? == "board",
        "which leads to the nodes"
    );
    // The manager has no tasks; then workers, in the order of their zones.
    for (key, wanted) in [
        ("Tab", "m0"),
        ("Tab", "w0"),
        ("Tab", "cache/1"),
        ("ArrowRight", "mailer/1"),
        ("ArrowRight", "shop_api/1"),
        ("ArrowLeft", "mailer/1"),
        ("End", "shop_web/1"),
        ("ArrowRight", "shop_web/1"),
        ("Home", "cache/1"),
        ("ArrowUp", "w0"),
        ("ArrowDown", "w1"),
        ("ArrowRight", "cache/2"),
        ("ArrowDown", "w2"),
        ("ArrowDown", "w2"),
        ("ArrowUp", "w1"),
        ("Tab", "cache/2"),
        ("Tab", "w2"),
    ] {
        focus(&mut browser, key, wanted)?;
    }
    clean(&server, &mut browser)
}

fn details() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    let text = "document.getElementById('details').innerText";
    browser.eval("document.querySelector('[data-key=\"cache/1\"] .task').focus(); 0")?;
    browser.press("Enter")?;
    browser.wait(
        "the details are open",
        "document.getElementById('details').open",
        SOON,
    )?;
    for part in [
        "cache.1",
        "demo-worker-00000000",
        "registry.example.internal/shop:1.2",
        "us-east-1a",
    ] {
        let said = browser.eval(text)?;
        ensure!(
            said.as_str().is_some_and(|said| said.contains(part)),
            "no {part} in {said}"
        );
    }
    script.say(Ok(failed(whole, 0)));
    browser.wait(
        "they keep up",
        &format!("{text}.includes('demo-worker-00000001')"),
        SOON,
    )?;
    browser.press("Escape")?;
    browser.wait(
        "they are closed",
        "!document.getElementById('details').open",
        SOON,
    )?;
    let found = browser.eval(FOCUSED)?;
    ensure!(found == "cache/1", "the focus is at {found}");
    browser.click("#node-m0")?;
    browser.wait(
        "a click opens too",
        &format!("{text}.includes('i-7ad6884d8652aa839')"),
        SOON,
    )?;
    clean(&server, &mut browser)
}

fn filter() -> Result<()> {
    let (_, server, mut browser) = showing(swarm(3, 5))?;
    let bright = "document.querySelectorAll('#board [data-key]:not([data-out])').length";
    focus(&mut browser, "/", "filter")?;
    browser.type_text("cache worker-00000001")?;
    ensure!(browser.eval(bright)? == 1, "one box is meant");
    ensure!(
        browser.eval("document.getElementById('found').textContent")? == "1 task found",
        "the count"
    );
    browser.press("Escape")?;
    ensure!(browser.eval(bright)? == 15, "all again");
    focus(&mut browser, "/", "filter")?;
    browser.type_text("batch")?;
    ensure!(browser.eval(bright)? == 5, "the tasks of a pool's node");
    let card = "document.querySelector('[data-node=\"w2\"] .more').textContent";
    let said = browser.eval(card)?;
    ensure!(
        said.as_str()
            .is_some_and(|said| said.starts_with("pool batch")),
        "{said}"
    );
    browser.press("Escape")?;
    browser.click(".service[data-service=cache]")?;
    ensure!(browser.eval(bright)? == 3, "a service's own");
    browser.click(".service[data-service=cache]")?;
    ensure!(browser.eval(bright)? == 15, "and all again");
    clean(&server, &mut browser)
}

fn kept() -> Result<()> {
    let whole = swarm(3, 5);
    let (script, server, mut browser) = showing(whole.clone())?;
    browser.eval("document.querySelector('[data-key=\"shop_db/1\"] .task').focus(); 0")?;
    script.say(Ok(failed(whole, 0)));
    let moved = "document.querySelector('[data-node=\"w1\"] [data-key=\"shop_db/1\"]') !== null";
    browser.wait("it has moved", moved, SOON)?;
    let found = browser.eval(FOCUSED)?;
    ensure!(found == "shop_db/1", "the focus is at {found}");
    clean(&server, &mut browser)
}
