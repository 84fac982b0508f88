//! Light and dark, names for those who do not see, and who is told apart how.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use lab::browser::Browser;
use serde_json::json;

use super::Case;
use super::server::{clean, showing};
use super::views::{swarm, troubled};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "text_can_be_read_in_light_and_dark",
        run: contrast,
    },
    Case {
        name: "everything_has_a_name_and_a_place",
        run: names,
    },
    Case {
        name: "services_are_told_apart_without_colours",
        run: apart,
    },
];

fn contrast() -> Result<()> {
    let (_, server, mut browser) = showing(troubled(swarm(6, 5)))?;
    let mut pages = BTreeSet::new();
    for dark in [false, true] {
        browser.prefers(dark, true)?;
        for open in [false, true] {
            if open {
                browser.click("#node-m0")?;
            }
            let told = browser.eval(include_str!("contrast.js"))?;
            ensure!(
                told["seen"].as_u64() > Some(80),
                "only {} texts were seen",
                told["seen"]
            );
            ensure!(
                told["found"] == json!([]),
                "dark: {dark}: {:#}",
                told["found"]
            );
        }
        browser.press("Escape")?;
        pages.insert(
            browser
                .eval("getComputedStyle(document.body).backgroundColor")?
                .to_string(),
        );
    }
    ensure!(pages.len() == 2, "light and dark are the same: {pages:?}");
    clean(&server, &mut browser)
}

fn names() -> Result<()> {
    let (_, server, mut browser) = showing(troubled(swarm(6, 5)))?;
    all_named(&mut browser)?;
    for (role, name) in [
        ("banner", ""),
        ("main", "Nodes in their zones"),
        ("search", ""),
        ("complementary", "Services, stacks and departures"),
        ("heading", "us-east-1b"),
        ("button", "demo-manager-7ad6884d, leader, 0 tasks"),
        ("button", "demo-worker-00000000, worker, down, 0 tasks"),
        ("button", "cache.2, running, on demo-worker-00000001"),
        ("button", "cache.90, pending, without a node"),
        ("searchbox", "Filter"),
    ] {
        let found = browser.accessible()?;
        let there = found.iter().any(|(r, n)| r == role && n == name);
        ensure!(there, "no {role} {name:?} among {found:#?}");
    }
    let twice = "(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); \
                 return ids.filter((id, index) => ids.indexOf(id) !== index); })()";
    ensure!(browser.eval(twice)? == json!([]), "an id is there twice");
    ensure!(
        browser.eval("document.documentElement.lang")? == "en",
        "the page has no language"
    );
    browser.click("[data-key='cache/2'] .task")?;
    all_named(&mut browser)?;
    clean(&server, &mut browser)
}

fn all_named(browser: &mut Browser) -> Result<()> {
    let needs = [
        "button",
        "link",
        "searchbox",
        "textbox",
        "dialog",
        "region",
        "main",
        "complementary",
    ];
    let found = browser.accessible()?;
    let nameless: Vec<_> = found
        .iter()
        .filter(|(role, name)| needs.contains(&role.as_str()) && name.is_empty())
        .collect();
    ensure!(
        found.len() > 20 && nameless.is_empty(),
        "without a name: {nameless:?}"
    );
    Ok(())
}

/// By a pattern or a hue, and by a label; the same after a reload.
fn apart() -> Result<()> {
    let (_, server, mut browser) = showing(swarm(3, 5))?;
    let marks = "JSON.stringify([...document.querySelectorAll('.service')].map((e) => [e.dataset.service, \
                 e.firstChild.dataset.hue, e.firstChild.dataset.pattern]))";
    let first = browser.eval(marks)?;
    let list: Vec<(String, String, String)> =
        serde_json::from_str(first.as_str().unwrap_or_default())?;
    let hues: BTreeSet<_> = list.iter().map(|(_, hue, _)| hue).collect();
    ensure!(list.len() == 5 && hues.len() == 5, "{list:?}");
    let patterns: BTreeSet<_> = list.iter().map(|(_, _, pattern)| pattern).collect();
    ensure!(patterns.len() > 1, "all have one pattern: {list:?}");
    let labels = "[...document.querySelectorAll('[data-node=\"w0\"] .task')].map((e) => e.innerText.replace(/\\s+/g, '.')).join(' ')";
    let found = browser.eval(labels)?;
    ensure!(found == "cache.1 mailer.1 api.1 db.1 web.1", "{found}");
    browser.open(&server.url())?;
    super::server::live(&mut browser)?;
    ensure!(browser.eval(marks)? == first, "the colours have changed");
    clean(&server, &mut browser)
}
