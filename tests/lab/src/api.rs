//! The running lab, as tests and the command see it.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;

use crate::admin::{Admin, Health, Instance};
use crate::fault::{Fault, FaultGuard};
use crate::image::Image;
use crate::journal::{Request, Requests};
use crate::launch::{self, Launch};
use crate::paths::Paths;
use crate::wait::wait_until;
use crate::{aws, journal, machine, net, up};

const COMMAND_LIMIT: Duration = Duration::from_mins(1);
const OFF_LIMIT: Duration = Duration::from_mins(2);

/// A running lab.
#[derive(Clone, Debug)]
pub struct Lab {
    paths: Paths,
    admin: Admin,
}

/// What a command in a machine printed, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 124 when it took too long, -1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    fn of(done: &std::process::Output) -> Self {
        Self {
            status: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    /// Whether it exited with 0.
    pub fn success(&self) -> bool {
        self.status == 0
    }

    /// Standard output of a command that must succeed.
    pub fn ok(self) -> Result<String> {
        if self.success() {
            return Ok(self.stdout);
        }
        bail!(
            "exit status {}: {}{}",
            self.status,
            self.stdout,
            self.stderr
        )
    }
}

impl Lab {
    /// Finds the lab that runs, by `LAB_DIR` or its default.
    pub fn attach() -> Result<Self> {
        let paths = Paths::from_env()?;
        if !up::runs(&paths) {
            bail!(
                "cannot find a running lab at {}: start one with `lab up`",
                paths.state.display()
            );
        }
        Ok(Self {
            admin: Admin::new(paths.admin_socket()),
            paths,
        })
    }

    /// Its folders.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(crate) fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The network and the images.
    pub fn health(&self) -> Result<Health> {
        self.admin.health()
    }

    /// All instances of this session, also terminated ones.
    pub fn instances(&self) -> Result<Vec<Instance>> {
        self.admin.instances()
    }

    /// One of them.
    pub fn instance(&self, id: &str) -> Result<Instance> {
        let found = self
            .instances()?
            .into_iter()
            .find(|instance| instance.id == id);
        found.ok_or_else(|| anyhow!("cannot find the instance {id}: `lab ls` shows all"))
    }

    /// Launches instances; they boot in the background.
    pub fn launch(&self, launch: &Launch) -> Result<Vec<String>> {
        launch::launched(&self.aws(&launch.arguments(&self.health()?)?)?)
    }

    /// Runs a command in a machine, for a minute at most.
    pub fn exec(&self, id: &str, argv: &[&str]) -> Result<Output> {
        self.exec_for(id, COMMAND_LIMIT, argv)
    }

    /// Runs a command in a machine, for so long at most.
    pub fn exec_for(&self, id: &str, limit: Duration, argv: &[&str]) -> Result<Output> {
        let done = machine::enter(&self.paths, id, argv, limit)?
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {argv:?} on {id}"))?;
        Ok(Output::of(&done))
    }

    /// Runs a command in a machine with a line on its standard input, for a minute at most:
    /// a secret given so is in no process list.
    pub fn exec_with_input(&self, id: &str, argv: &[&str], line: &str) -> Result<Output> {
        let failed = || format!("cannot run a command with input on {id}");
        let mut child = machine::enter(&self.paths, id, argv, COMMAND_LIMIT)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(failed)?;
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{line}").with_context(failed)?;
        }
        let done = child.wait_with_output().with_context(failed)?;
        Ok(Output::of(&done))
    }

    /// Runs a command in a machine with a file as its standard input, for a minute at most.
    pub fn exec_with_file(&self, id: &str, argv: &[&str], file: File) -> Result<Output> {
        let done = machine::enter(&self.paths, id, argv, COMMAND_LIMIT)?
            .stdin(file)
            .output()
            .with_context(|| format!("cannot run {argv:?} on {id}"))?;
        Ok(Output::of(&done))
    }

    /// Starts a command in a machine and does not wait; its output can be read from the child.
    pub fn spawn(&self, id: &str, argv: &[&str]) -> Result<Child> {
        machine::interactive(&self.paths, id, argv)?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {argv:?} on {id}"))
    }

    /// A machine's log, as `journalctl` prints it; also of a machine that is off.
    pub fn logs(&self, id: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = if machine::is_on(id) {
            machine::interactive(&self.paths, id, &["journalctl", "--no-pager"])?
        } else {
            let folder = self.paths.machine(id).join("upper/var/log/journal");
            if !folder.exists() {
                bail!(
                    "cannot show the log of {id}: it is off and has none here, see `lab console {id}`"
                );
            }
            let mut command = Command::new("journalctl");
            command.arg("--no-pager").arg("--directory").arg(folder);
            command
        };
        command.args(arguments);
        Ok(command)
    }

    /// Calls the AWS command line.
    pub fn aws<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<Value> {
        aws::call(&self.paths, arguments)
    }

    /// Runs a script of the repository's that calls the AWS command line, without anything to read.
    pub fn script(&self, name: &str, arguments: &[&str]) -> Result<Output> {
        let done = aws::script(&self.paths, name)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run scripts/{name}"))?;
        Ok(Output::of(&done))
    }

    /// Every request so far, oldest first.
    pub fn journal(&self) -> Result<Vec<Request>> {
        journal::read(&self.paths.journal())
    }

    /// Those of the requests that are wanted, oldest first.
    pub fn requests(&self, wanted: &Requests) -> Result<Vec<Request>> {
        let mut requests = self.journal()?;
        requests.retain(|request| wanted.want(request));
        Ok(requests)
    }

    /// Starts a fault that lasts as long as the guard.
    pub fn fault(&self, fault: &Fault) -> Result<FaultGuard> {
        fault.start(&self.admin)
    }

    /// Boots it again in good order, through EC2.
    pub fn reboot(&self, id: &str) -> Result<()> {
        self.instance_call("reboot-instances", id)
    }

    /// Pulls the plug; the machine boots again.
    pub fn reset(&self, id: &str) -> Result<()> {
        machine::must_be_on(id)?;
        machine::cgroup(id)?.kill()
    }

    /// Shuts it down, through EC2.
    pub fn stop(&self, id: &str) -> Result<()> {
        self.instance_call("stop-instances", id)
    }

    /// Boots a stopped one, through EC2.
    pub fn start(&self, id: &str) -> Result<()> {
        self.instance_call("start-instances", id)
    }

    /// Shuts it down for good, through EC2.
    pub fn terminate(&self, id: &str) -> Result<()> {
        self.instance_call("terminate-instances", id)
    }

    /// Makes an image of it, through EC2, and waits until it can be launched.
    pub fn create_image(&self, id: &str, name: &str) -> Result<Image> {
        let words = ["ec2", "create-image", "--instance-id", id, "--name", name];
        let answer = self.aws(&words)?;
        let image = answer["ImageId"].as_str().unwrap_or_default().to_owned();
        wait_until(&format!("{image} is available"), OFF_LIMIT, || {
            let described = self.aws(&["ec2", "describe-images", "--image-ids", &image])?;
            let state = &described["Images"][0]["State"];
            ensure!(state == "available", "it is {state}");
            Ok(())
        })?;
        Ok(Image::Made(image))
    }

    /// Everything it wrote to its console.
    pub fn console(&self, id: &str) -> Result<String> {
        let bytes = fs::read(self.paths.console(id))
            .with_context(|| format!("cannot read the console of {id}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Pulls its network cable until the guard is dropped.
    pub fn unplug(&self, id: &str) -> Result<Unplugged> {
        net::set_link(id, false)?;
        Ok(Unplugged { id: id.to_owned() })
    }

    /// Deletes every stack and terminates every instance that is left, and waits until all
    /// machines are off: the next case finds an empty account, but for the clusters to keep.
    pub fn clear(&self, keep: &[&str]) -> Result<()> {
        let kept = |instance: &Instance| {
            let cluster = instance.tag("swarm:cluster");
            cluster.is_some_and(|cluster| keep.contains(&cluster))
        };
        let mut left = self.instances()?;
        left.retain(|instance| !instance.terminated() && !kept(instance));
        if left.is_empty() {
            return Ok(());
        }
        self.delete_stacks(keep)?;
        for instance in self.instances()? {
            if !instance.terminated() && !kept(&instance) {
                self.terminate(&instance.id)?;
            }
        }
        wait_off(&left)
    }

    fn delete_stacks(&self, keep: &[&str]) -> Result<()> {
        let query = "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName";
        let stacks = self.aws(&["cloudformation", "list-stacks", "--query", query])?;
        let names = stacks.as_array().into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            if !keep.contains(&name) {
                self.aws(&["cloudformation", "delete-stack", "--stack-name", name])?;
            }
        }
        Ok(())
    }

    fn instance_call(&self, action: &str, id: &str) -> Result<()> {
        self.aws(&["ec2", action, "--instance-ids", id]).map(drop)
    }
}

/// Waits until the machines of these instances are off.
pub(crate) fn wait_off(instances: &[Instance]) -> Result<()> {
    wait_until("the machines are off", OFF_LIMIT, || {
        for Instance { id, .. } in instances {
            ensure!(!machine::is_on(id), "{id} is still on");
        }
        Ok(())
    })
}

/// A machine without network until this is dropped.
#[derive(Debug)]
#[must_use = "the cable goes back in when this is dropped"]
pub struct Unplugged {
    id: String,
}

impl Drop for Unplugged {
    fn drop(&mut self) {
        // A machine that was terminated meanwhile has no cable any more.
        let _ = net::set_link(&self.id, true);
    }
}
