//! Who may look, with a browser's own means.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};
use lab::browser::Browser;
use view::serve::{Credentials, Gate};

use super::Case;
use super::server::{Script, Server, live};
use super::views::swarm;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_password_is_asked_for",
        run: password,
    },
    Case {
        name: "the_page_runs_nothing_that_was_put_into_it",
        run: injected,
    },
];

fn password() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("credentials");
    fs::write(&path, "ann:0123456789abcdef")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let gate = Gate {
        hosts: Vec::new(),
        credentials: Some(Credentials::read(&path)?),
    };
    let server = Server::start(&Script::new(swarm(3, 5)), gate)?;
    let mut browser = Browser::start()?;
    let refused = browser.open(&server.url());
    ensure!(
        refused.is_err() || browser.eval("document.querySelector('#board')")?.is_null(),
        "nobody was asked"
    );
    browser.open(&format!("http://ann:0123456789abcdef@{}/", server.address))?;
    live(&mut browser)
}

/// Names come from whoever creates services: they are text, whatever is in them.
fn injected() -> Result<()> {
    let evil = "<img src=x onerror=window.caught=1><script>window.caught=1</script>";
    let mut view = swarm(3, 5);
    view.cluster = Some(evil.into());
    for node in &mut view.nodes {
        node.hostname = evil.into();
    }
    for task in &mut view.tasks {
        task.service = evil.into();
        task.error = Some(evil.into());
    }
    for service in &mut view.services {
        service.name = evil.into();
    }
    let script = Script::new(view);
    let server = Server::start(&script, Gate::default())?;
    let mut browser = Browser::start()?;
    browser.open(&server.url())?;
    live(&mut browser)?;
    ensure!(
        browser.eval("document.getElementById('cluster').textContent")? == evil,
        "it is text"
    );
    browser.eval("const s = document.createElement('script'); s.textContent = 'window.caught = 1'; document.head.append(s); 0")?;
    ensure!(
        browser.eval("window.caught === undefined")? == true,
        "it ran"
    );
    ensure!(
        browser.requests().iter().all(|url| !url.ends_with("/x")),
        "it asked for a picture"
    );
    Ok(())
}
