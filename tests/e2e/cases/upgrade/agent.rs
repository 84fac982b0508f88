//! An agent as a file: put on machines in place of the one that they have, and what its service says then.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use lab::{Image, Lab, Launch, wait_until};
use serde_json::Value;

use crate::cases::image::seal;
use crate::cases::support::{agent_is_ready, booted, engine_answers, requests_of, unique, unit};

const INSTALL: &str = "cat >/usr/bin/.swarmlet && chmod 755 /usr/bin/.swarmlet && mv /usr/bin/.swarmlet /usr/bin/swarmlet";
/// So long a node may be without an agent that serves.
const SERVES: Duration = Duration::from_secs(30);

/// A program, and what tells it from others.
#[derive(Debug)]
pub(super) struct Agent {
    file: PathBuf,
    digest: String,
}

/// By what it is, wherever it lies.
impl PartialEq for Agent {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Agent {
    pub(super) fn of(file: &Path) -> Result<Self> {
        let said = Command::new("sha256sum").arg("--").arg(file).output()?;
        let said = String::from_utf8(said.stdout)?;
        let digest = said.split(' ').next().filter(|digest| !digest.is_empty());
        let digest = digest.with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self {
            file: file.to_owned(),
            digest: digest.to_owned(),
        })
    }

    fn installed(&self, lab: &Lab, id: &str) -> Result<()> {
        let file = File::open(&self.file)?;
        let done = lab.exec_with_file(id, &["sh", "-c", INSTALL], file)?;
        done.ok().map(drop)
    }

    /// It is what the service runs.
    pub(super) fn runs(&self, lab: &Lab, id: &str) -> Result<()> {
        let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
        let program = format!("/proc/{pid}/exe");
        let said = lab.exec(id, &["sha256sum", &program])?.ok()?;
        ensure!(said.starts_with(&self.digest), "{id} runs {said}");
        Ok(())
    }

    /// An image whose machines boot with it.
    pub(super) fn image(&self, lab: &Lab) -> Result<Image> {
        let builder = lab.launch(&Launch::default())?.remove(0);
        booted(lab, &builder)?;
        engine_answers(lab, &builder)?;
        self.installed(lab, &builder)?;
        // Which names the program's digest, that the seal holds it to.
        let manifest = lab.paths().root.join("packer/provision/80-manifest.sh");
        let manifest = fs::read_to_string(manifest)?;
        lab.exec_with_input(&builder, &["bash", "-s"], &manifest)?
            .ok()?;
        seal(lab, &builder)?;
        lab.stop(&builder)?;
        let image = lab.create_image(&builder, &unique("earlier"))?;
        lab.terminate(&builder)?;
        Ok(image)
    }

    /// It takes over from the one that runs, and serves; AWS is not asked by a worker.
    pub(super) fn replaces(&self, lab: &Lab, id: &str) -> Result<()> {
        self.installed(lab, id)?;
        let asked = requests_of(lab, id)?.len();
        let (told, at) = (Instant::now(), SystemTime::UNIX_EPOCH.elapsed()?.as_secs());
        lab.exec(id, &["systemctl", "restart", "swarmlet"])?.ok()?;
        let left = SERVES.saturating_sub(told.elapsed());
        wait_until("the agent serves", left, || serves(lab, id, at))?;
        let took = told.elapsed();
        self.runs(lab, id)?;
        let asked = requests_of(lab, id)?.len() - asked;
        let instance = lab.instance(id)?;
        let role = instance.tag("swarm:role").unwrap_or_default();
        let time = took.as_secs_f64();
        eprintln!("    {id} {role}: serves after {time:.2} s, {asked} calls to AWS");
        ensure!(took < SERVES, "{id} served after {took:?}");
        ensure!(
            role == "manager" || asked == 0,
            "{id} called AWS {asked} times"
        );
        Ok(())
    }
}

/// By the service manager's word, and by the agent's own after a moment.
fn serves(lab: &Lab, id: &str, after: u64) -> Result<()> {
    agent_is_ready(lab, id)?;
    let status = lab.exec(id, &["swarmlet", "status", "--json"])?;
    let told: Value = serde_json::from_str(&status.stdout)?;
    let at = told["at"].as_u64().unwrap_or_default();
    ensure!(at >= after, "it has said nothing since: {told}");
    ensure!(told["serving"] == true && told["healthy"] == true, "{told}");
    ensure!(told["epoch"] == 1, "its epoch is {}", told["epoch"]);
    Ok(())
}

/// The agent that runs found nothing wrong with what the one before has left, nor ended by itself.
pub(super) fn nothing_to_complain_of(lab: &Lab, id: &str) -> Result<()> {
    let pid = unit(lab, id, "swarmlet.service", "MainPID")?;
    let pid = format!("_PID={pid}");
    let said = |level: &str| {
        let words = ["journalctl", "--no-pager", "-o", "cat", "-p", level, &pid];
        lab.exec(id, &words)?.ok()
    };
    let (all, warnings) = (said("info")?, said("warning")?);
    ensure!(!all.is_empty(), "{id} has no journal of {pid}");
    ensure!(warnings.is_empty(), "{id} warns: {warnings}");
    let restarts = unit(lab, id, "swarmlet.service", "NRestarts")?;
    ensure!(restarts == "0", "the agent of {id} ended {restarts} times");
    Ok(())
}
