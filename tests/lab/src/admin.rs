//! The control plane's admin interface: JSON over HTTP/1.1 on a unix socket.
//!
//! A socket file can be reached from the host's namespace, where the lab's addresses cannot.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of the admin interface; each request is a connection of its own.
#[derive(Clone, Debug)]
pub struct Admin {
    socket: PathBuf,
}

/// What the control plane made at its start.
#[derive(Clone, Debug, Deserialize)]
pub struct Health {
    /// The lab's network.
    pub vpc_id: String,
    /// Its subnets, one per zone.
    pub subnet_ids: Vec<String>,
    /// The images it knows.
    pub images: Images,
    /// Address and port of the AWS interface, inside the hub's namespace.
    pub api: String,
}

/// Image ids.
#[derive(Clone, Debug, Deserialize)]
pub struct Images {
    /// With the engine.
    pub baked: String,
    /// Without it.
    pub plain: String,
    /// With an older one.
    pub bookworm: String,
    /// With a newer one.
    pub forky: String,
    /// With cloud-init at work.
    pub cloud_init: String,
    /// As Debian publishes it.
    pub stock: String,
    /// Without it, for dnf.
    pub dnf: String,
}

/// An image that was asked for, and whose disk is not kept yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct PendingImage {
    /// `ami-…`.
    #[serde(rename = "image_id")]
    pub id: String,
    /// The instance it is made from.
    pub instance_id: Option<String>,
    /// Or the image it is a copy of.
    pub source_image_id: Option<String>,
}

/// The tag that gives a virtual machine a clock of its own.
pub(crate) const CLOCK_TAG: &str = "lab:clock";

/// An instance as the control plane sees it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    #[serde(rename = "instance_id")]
    pub id: String,
    /// EC2's name of the state: `running`, `stopped`, `terminated` and so on.
    pub state: String,
    /// Its primary address.
    #[serde(rename = "private_ip")]
    pub address: String,
    /// Hardware address of its primary interface.
    pub mac: String,
    /// The image it was launched from.
    pub image_id: String,
    /// How many reboots were asked for.
    #[serde(default)]
    pub boots: u64,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The Auto Scaling group it belongs to.
    #[serde(default)]
    pub group: Option<String>,
    /// Where it is in its group's life: `Pending:Wait`, `InService`, `Terminating:Wait` and so on.
    #[serde(default)]
    pub lifecycle_state: Option<String>,
    /// Whether its group's scale-in passes it over.
    #[serde(default)]
    pub protected: bool,
    /// Availability zone.
    #[serde(default)]
    pub zone: String,
}

impl Instance {
    /// A tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    /// How far a virtual machine's clock is ahead of the host's when it boots, in seconds.
    pub(crate) fn clock_ahead(&self) -> Result<i64> {
        self.tag(CLOCK_TAG).map_or(Ok(0), |ahead| {
            ahead.parse().with_context(|| {
                format!(
                    "cannot set the clock of {}: {ahead:?} are no seconds",
                    self.id
                )
            })
        })
    }

    /// Whether the machine should be there and on.
    pub fn running(&self) -> bool {
        matches!(self.state.as_str(), "running" | "pending")
    }

    /// Whether it is gone for good.
    pub fn terminated(&self) -> bool {
        matches!(self.state.as_str(), "terminated" | "shutting-down")
    }
}

impl Admin {
    /// A client for the given socket.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Whether the control plane serves, and with what.
    pub fn health(&self) -> Result<Health> {
        self.typed("GET", "/lab/health", None)
    }

    /// All instances of this session, also terminated ones.
    pub fn instances(&self) -> Result<Vec<Instance>> {
        self.typed("GET", "/lab/machines", None)
    }

    /// Images that wait for their disk.
    pub(crate) fn pending_images(&self) -> Result<Vec<PendingImage>> {
        self.typed("GET", "/lab/images", None)
    }

    /// An image's disk is kept, or could not be.
    pub(crate) fn finish_image(&self, id: &str, error: Option<&str>) -> Result<()> {
        let body = serde_json::json!({"image_id": id, "error": error});
        self.request("POST", "/lab/images", Some(&body)).map(drop)
    }

    /// Starts a fault; the answer is its id.
    pub fn add_fault(&self, fault: &Value) -> Result<String> {
        let answer: Value = self.typed("POST", "/lab/faults", Some(fault))?;
        let id = answer.get("id").and_then(Value::as_str);
        Ok(id
            .ok_or_else(|| anyhow!("cannot start a fault: the answer has no id"))?
            .to_owned())
    }

    /// Lets a loopback address stand for an instance: what comes from it is that instance's.
    pub fn alias(&self, address: &str, instance: &str) -> Result<()> {
        let body = serde_json::json!({"address": address, "instance": instance});
        self.request("POST", "/lab/aliases", Some(&body)).map(drop)
    }

    /// Gives an instance a notice; the answer is the event's id.
    pub fn give_notice(&self, notice: &Value) -> Result<String> {
        let answer: Value = self.typed("POST", "/lab/notices", Some(notice))?;
        Ok(answer["event"].as_str().unwrap_or_default().to_owned())
    }

    /// Takes all notices to an instance back.
    pub fn clear_notices(&self, instance: &str) -> Result<()> {
        self.request("DELETE", &format!("/lab/notices/{instance}"), None)
            .map(drop)
    }

    /// Ends a fault.
    pub fn remove_fault(&self, id: &str) -> Result<()> {
        self.request("DELETE", &format!("/lab/faults/{id}"), None)
            .map(drop)
    }

    fn typed<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let text = self.request(method, path, body)?;
        serde_json::from_str(&text)
            .with_context(|| format!("cannot read the control plane's answer to {method} {path}"))
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        let exchange = || -> Result<String> {
            let mut stream = UnixStream::connect(&self.socket)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            let body = body.map(Value::to_string).unwrap_or_default();
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            body_of(&answer)
        };
        exchange().with_context(|| {
            format!(
                "cannot ask the control plane {method} {path} at {}",
                self.socket.display()
            )
        })
    }
}

/// The body of a whole HTTP/1.1 answer that is not chunked.
fn body_of(answer: &str) -> Result<String> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| anyhow!("the answer breaks off"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("HTTP {status}: {}", body.trim());
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_body_of_a_good_answer() {
        let body = body_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
        assert_eq!(body.expect("good"), "[]");
    }

    #[test]
    fn tells_the_status_and_text_of_a_bad_one() {
        let error = body_of("HTTP/1.1 404 Not Found\r\n\r\nno such fault").expect_err("bad");
        assert_eq!(error.to_string(), "HTTP 404: no such fault");
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(body_of("HTTP/1.1 200 OK\r\n").is_err());
    }

    #[test]
    fn an_instance_without_tags_and_group_can_be_read() {
        let text = r#"{"instance_id":"i-1","state":"running","private_ip":"10.98.16.4",
            "mac":"02:00:00:00:00:01","image_id":"ami-1","group":null}"#;
        let instance: Instance = serde_json::from_str(text).expect("readable");
        assert!(instance.running() && !instance.terminated());
        assert_eq!(instance.tag("swarm:role"), None);
    }
}
