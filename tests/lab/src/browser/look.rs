//! What there is to see: a picture, the accessibility tree, requests, complaints.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Browser;

impl Browser {
    /// Writes what the screen shows, as PNG.
    pub fn screenshot(&mut self, path: &Path) -> Result<()> {
        let picture = self.call("Page.captureScreenshot", &json!({"format": "png"}))?;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap_or_default())?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What a screen reader is told: role and name of everything that is not ignored.
    pub fn accessible(&mut self) -> Result<Vec<(String, String)>> {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}))?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let text = |node: &Value, field: &str| {
            node[field]["value"].as_str().unwrap_or_default().to_owned()
        };
        let seen = nodes.iter().filter(|node| node["ignored"] != true);
        Ok(seen
            .map(|node| (text(node, "role"), text(node, "name")))
            .collect())
    }

    /// The address of every request so far.
    pub fn requests(&mut self) -> Vec<String> {
        let sent = self.events("Network.requestWillBeSent");
        let url = |event: Value| event["request"]["url"].as_str().map(ToOwned::to_owned);
        sent.into_iter().filter_map(url).collect()
    }

    /// What the page's console and the browser complained of so far.
    pub fn complaints(&mut self) -> Vec<String> {
        let thrown = self.events("Runtime.exceptionThrown");
        let mut found: Vec<String> = thrown.iter().map(ToString::to_string).collect();
        let said = self.events("Runtime.consoleAPICalled");
        let loud = said
            .iter()
            .filter(|event| event["type"] == "error" || event["type"] == "warning");
        found.extend(loud.map(ToString::to_string));
        let logged = self.events("Log.entryAdded");
        let loud = logged
            .iter()
            .filter(|event| event["entry"]["level"] == "error");
        found.extend(loud.map(|event| event["entry"].to_string()));
        found
    }

    fn events(&mut self, method: &str) -> Vec<Value> {
        self.pipe.drain();
        let events = self
            .pipe
            .events
            .iter()
            .filter(|event| event["method"] == method);
        events.map(|event| event["params"].clone()).collect()
    }
}
