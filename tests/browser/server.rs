//! The real server, telling what a case has written.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};

use anyhow::{Context as _, Result, ensure};
use lab::browser::Browser;
use tokio::sync::{Notify, oneshot};
use view::SwarmView;
use view::dashboard::{Source, serve};
use view::serve::Gate;

/// What is told now.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    said: Arc<Mutex<Result<SwarmView, String>>>,
    changed: Arc<Notify>,
}

impl Script {
    pub(crate) fn new(view: SwarmView) -> Self {
        Self {
            said: Arc::new(Mutex::new(Ok(view))),
            changed: Arc::default(),
        }
    }

    /// From now on this.
    pub(crate) fn say(&self, view: Result<SwarmView, &str>) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = view.map_err(str::to_owned);
        self.changed.notify_one();
    }
}

impl Source for Script {
    async fn look(&self) -> Result<SwarmView, String> {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn happening(&self) {
        self.changed.notified().await;
    }
}

/// A server that runs until it is dropped, its connections with it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(script: &Script, gate: Gate) -> Result<Self> {
        Self::start_at("127.0.0.1:0".parse()?, script, gate)
    }

    pub(crate) fn start_at(address: SocketAddr, script: &Script, gate: Gate) -> Result<Self> {
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (end, ended) = oneshot::channel();
        let script = script.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    () = serve(listener, gate, || script.clone()) => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self {
            address,
            end: Some(end),
            thread: Some(thread),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A browser that shows a view of a server of its own.
pub(crate) fn showing(view: SwarmView) -> Result<(Script, Server, Browser)> {
    let script = Script::new(view);
    let server = Server::start(&script, Gate::default())?;
    let mut browser = Browser::start()?;
    browser.screen(1280, 800, false)?;
    browser.open(&server.url())?;
    live(&mut browser)?;
    Ok((script, server, browser))
}

/// Waits until the page shows what it is told.
pub(crate) fn live(browser: &mut Browser) -> Result<()> {
    let live = "document.getElementById('link').dataset.state === 'live' && document.querySelector('.node') !== null";
    browser.wait("the page is live", live, super::views::SOON)
}

/// It asked nobody else for anything, and had nothing to complain of.
pub(crate) fn clean(server: &Server, browser: &mut Browser) -> Result<()> {
    let own = server.url();
    let foreign: Vec<_> = browser
        .requests()
        .into_iter()
        .filter(|url| !url.starts_with(&own))
        .collect();
    ensure!(foreign.is_empty(), "it asked for {foreign:?}");
    let complaints = browser.complaints();
    ensure!(complaints.is_empty(), "it complained: {complaints:#?}");
    Ok(())
}
