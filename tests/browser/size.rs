//! From a phone to two hundred nodes.

use anyhow::{Result, ensure};

use super::Case;
use super::server::{clean, showing};
use super::views::{SOON, failed, swarm, troubled};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_phone_shows_it_all",
        run: phone,
    },
    Case {
        name: "two_hundred_nodes_do_not_freeze_it",
        run: large,
    },
];

/// WCAG 2.2 wants 24 pixels; fingers want more.
const FINGER: f64 = 34.0;

fn phone() -> Result<()> {
    let (_, server, mut browser) = showing(troubled(swarm(6, 5)))?;
    for width in [320, 390, 768] {
        browser.screen(width, 700, true)?;
        let wide = browser.eval("document.documentElement.scrollWidth")?;
        ensure!(wide == width, "at {width} pixels the page is {wide} wide");
        let outside = browser.eval("[...document.querySelectorAll('button, input, h1, h2, dd, p')].filter((e) => \
            e.checkVisibility() && !e.closest('.unseen') && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML)")?;
        ensure!(
            outside == serde_json::json!([]),
            "at {width} pixels outside: {outside:#}"
        );
    }
    browser.screen(320, 700, true)?;
    let small = browser.eval(
        "Math.min(...[...document.querySelectorAll('#board button, .service')].map((e) => \
        e.getBoundingClientRect().height))",
    )?;
    ensure!(
        small.as_f64() >= Some(FINGER),
        "something is {small} pixels high"
    );
    browser.click("[data-key='cache/2'] .task")?;
    browser.wait(
        "the details are open",
        "document.getElementById('details').open",
        SOON,
    )?;
    let wide = browser.eval("document.getElementById('details').getBoundingClientRect().width")?;
    ensure!(wide.as_f64() <= Some(320.0), "the details are {wide} wide");
    clean(&server, &mut browser)
}

/// The longest time in which the page could not have answered a key.
fn large() -> Result<()> {
    let whole = swarm(200, 10);
    let (script, server, mut browser) = showing(whole.clone())?;
    ensure!(
        browser.eval("document.querySelectorAll('#board .task').length")? == 2000,
        "two thousand tasks"
    );
    browser.eval("window.longest = 0; new PerformanceObserver((list) => { for (const one of list.getEntries()) \
                  longest = Math.max(longest, one.duration); }).observe({type: 'longtask', buffered: true}); 0")?;
    script.say(Ok(failed(whole, 7)));
    browser.wait(
        "the boxes have moved",
        "document.querySelectorAll('[data-node=\"w8\"] .task').length === 20",
        SOON,
    )?;
    browser.wait(
        "all have landed",
        "document.querySelectorAll('.flyer').length === 0",
        SOON,
    )?;
    let longest = browser.eval("longest")?;
    eprintln!("    200 nodes, 2000 tasks: the longest pause was {longest} ms");
    ensure!(
        longest.as_f64() < Some(2000.0),
        "the page stood still for {longest} ms"
    );
    clean(&server, &mut browser)
}
