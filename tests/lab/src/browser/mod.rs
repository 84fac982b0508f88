//! A real browser without a window: Debian's Chromium, told what to do by its own protocol (CDP) over a pipe.

mod input;
mod look;
mod pipe;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::net;
use pipe::Pipe;

/// Its pipe is at 3 and 4; what it prints is of no use.
const THROUGH: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
/// It starts with no profile, and does nothing of its own on the network.
const FLAGS: [&str; 13] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--force-device-scale-factor=1",
];
const ANSWER: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(40);
const END: Duration = Duration::from_secs(5);

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    pipe: Pipe,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts one in the network of this host.
    pub fn start() -> Result<Self> {
        Self::run(Vec::new())
    }

    /// Starts one in the network of a machine, where `localhost` is that machine.
    pub fn start_in(instance_id: &str) -> Result<Self> {
        let namespace = net::path(&net::namespace(instance_id));
        let net = format!("--net={}", namespace.display());
        Self::run(vec!["nsenter".into(), net, "--".into()])
    }

    fn run(wrapper: Vec<String>) -> Result<Self> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = env::temp_dir().join(format!("browser-{}-{number}", std::process::id()));
        fs::create_dir_all(&profile).context("cannot make the browser's folder")?;
        let program = env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
        let argv = [
            wrapper,
            vec![
                "sh".into(),
                "-c".into(),
                THROUGH.into(),
                "sh".into(),
                program,
            ],
        ]
        .concat();
        let mut child = Command::new(&argv[0])
            .args(&argv[1..])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            // It would look for settings, caches and a session in root's.
            .env("HOME", &profile)
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the browser: install the package chromium")?;
        let pipe = Pipe::new(&mut child)?;
        let mut browser = Self {
            child,
            pipe,
            session: String::new(),
            profile,
        };
        browser.attach()?;
        Ok(browser)
    }

    fn attach(&mut self) -> Result<()> {
        let started = Instant::now();
        let target = loop {
            let targets = self.call("Target.getTargets", &json!({}))?;
            let list = targets["targetInfos"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if let Some(page) = list.iter().find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            if started.elapsed() > ANSWER {
                bail!("the browser has no page");
            }
            std::thread::sleep(LOOK);
        };
        let attached = self.call(
            "Target.attachToTarget",
            &json!({"targetId": target, "flatten": true}),
        )?;
        let session = attached["sessionId"].as_str().unwrap_or_default();
        session.clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Network", "Log", "Accessibility"] {
            self.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// One command of the protocol.
    fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        let mut message = json!({"method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let answer = self
            .pipe
            .ask(message, ANSWER)
            .with_context(|| format!("cannot {method}"))?;
        match answer.get("error") {
            Some(error) => Err(anyhow!("cannot {method}: {}", error["message"])),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Opens an address, and waits until the page and its scripts are loaded.
    pub fn open(&mut self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", &json!({"url": url}))?;
        if let Some(error) = answer["errorText"].as_str() {
            bail!("cannot open {url}: {error}");
        }
        self.wait(
            "the page is loaded",
            "document.readyState === 'complete'",
            ANSWER,
        )
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, script: &str) -> Result<Value> {
        let params = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", &params)?;
        match answer.get("exceptionDetails") {
            Some(details) => bail!(
                "cannot run {script}: {}",
                details["exception"]["description"]
            ),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression in the page is true.
    pub fn wait(&mut self, what: &str, script: &str, limit: Duration) -> Result<()> {
        let started = Instant::now();
        loop {
            let value = self.eval(script)?;
            if value == json!(true) {
                return Ok(());
            }
            if started.elapsed() > limit {
                bail!(
                    "{what}: not after {} s ({script} is {value})",
                    limit.as_secs()
                );
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session.clear();
        let _ = self.call("Browser.close", &json!({}));
        let started = Instant::now();
        while started.elapsed() < END && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
