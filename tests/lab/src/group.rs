//! Auto Scaling groups of a cluster: hooks, sizes, members.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::admin::Instance;
use crate::api::Lab;
use crate::cluster::{Cluster, Role};
use crate::wait::wait_until;

/// The hooks of the template, where they are switched on.
pub const LAUNCHING_HOOK: &str = "swarmlet-launching";
/// See [`LAUNCHING_HOOK`].
pub const TERMINATING_HOOK: &str = "swarmlet-terminating";

/// Which way a hook's instances go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Into the group.
    Launching,
    /// Out of it.
    Terminating,
}

/// What becomes of an instance after its hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookResult {
    /// It goes on.
    Continue,
    /// A launch is given up; a termination does not wait for other hooks.
    Abandon,
}

impl HookResult {
    fn name(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Abandon => "ABANDON",
        }
    }
}

impl Cluster {
    /// The name of a role's group.
    pub fn group(&self, role: Role) -> String {
        format!("{}-{}", self.name(), role.name())
    }

    /// Sets the desired capacity of a role's group.
    pub fn scale(&self, role: Role, count: u32) -> Result<()> {
        let count = count.to_string();
        self.of_group(
            "set-desired-capacity",
            role,
            &["--desired-capacity", &count],
        )
    }

    /// Makes or changes a hook; instances that wait already do not see it.
    pub fn put_hook(
        &self,
        role: Role,
        name: &str,
        transition: Transition,
        heartbeat: Duration,
        default: HookResult,
    ) -> Result<()> {
        let transition = match transition {
            Transition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Transition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        };
        let heartbeat = heartbeat.as_secs().to_string();
        let options = [
            "--lifecycle-hook-name",
            name,
            "--lifecycle-transition",
            transition,
        ];
        let limits = [
            "--heartbeat-timeout",
            &heartbeat,
            "--default-result",
            default.name(),
        ];
        self.of_group("put-lifecycle-hook", role, &[options, limits].concat())
    }

    /// Takes a hook away; who waits for it need not any more.
    pub fn delete_hook(&self, role: Role, name: &str) -> Result<()> {
        self.of_group(
            "delete-lifecycle-hook",
            role,
            &["--lifecycle-hook-name", name],
        )
    }

    /// Completes the hook of an instance, in its stead.
    pub fn complete(&self, role: Role, hook: &str, id: &str, result: HookResult) -> Result<()> {
        let options = ["--lifecycle-hook-name", hook, "--instance-id", id];
        let result = ["--lifecycle-action-result", result.name()];
        let words = [&options[..], &result[..]].concat();
        self.of_group("complete-lifecycle-action", role, &words)
    }

    /// Protects instances from a scale-in: so a test chooses which one goes.
    pub fn protect(&self, role: Role, ids: &[&str]) -> Result<()> {
        let words = [&["--protected-from-scale-in", "--instance-ids"], ids].concat();
        self.of_group("set-instance-protection", role, &words)
    }

    /// Takes that back.
    pub fn unprotect(&self, role: Role, ids: &[&str]) -> Result<()> {
        let words = [&["--no-protected-from-scale-in", "--instance-ids"], ids].concat();
        self.of_group("set-instance-protection", role, &words)
    }

    /// Lets those go that hooks or protection hold.
    pub(crate) fn hold_nobody(&self) -> Result<()> {
        for role in [Role::Manager, Role::Worker] {
            let machines = self.machines_of(role)?;
            let state = |machine: &Instance| machine.lifecycle_state.clone().unwrap_or_default();
            if machines
                .iter()
                .any(|machine| state(machine).ends_with(":Wait"))
            {
                for hook in self.hooks(role)? {
                    self.delete_hook(role, &hook)?;
                }
            }
            let held = machines
                .iter()
                .filter(|machine| machine.protected && state(machine) == "InService");
            let held: Vec<&str> = held.map(|machine| machine.id.as_str()).collect();
            // As many as one call takes.
            for some in held.chunks(50) {
                self.unprotect(role, some)?;
            }
        }
        Ok(())
    }

    fn hooks(&self, role: Role) -> Result<Vec<String>> {
        let group = self.group(role);
        let words = ["autoscaling", "describe-lifecycle-hooks"];
        let named = ["--auto-scaling-group-name", &group];
        let found = self.lab().aws(&[words, named].concat())?;
        let hooks = found["LifecycleHooks"].as_array().into_iter().flatten();
        let hooks = hooks.filter_map(|hook| hook["LifecycleHookName"].as_str());
        Ok(hooks.map(str::to_owned).collect())
    }

    /// Calls Auto Scaling for a role's group.
    fn of_group(&self, action: &str, role: Role, options: &[&str]) -> Result<()> {
        let group = self.group(role);
        let words = ["autoscaling", action, "--auto-scaling-group-name", &group];
        self.lab().aws(&[&words[..], options].concat()).map(drop)
    }
}

impl Lab {
    /// Ends a member of a group, through its hooks. Its group is then smaller, or launches another.
    pub fn terminate_member(&self, id: &str, shrink: bool) -> Result<()> {
        let shrink = if shrink {
            "--should-decrement-desired-capacity"
        } else {
            "--no-should-decrement-desired-capacity"
        };
        let action = "terminate-instance-in-auto-scaling-group";
        self.aws(&["autoscaling", action, "--instance-id", id, shrink])
            .map(drop)
    }

    /// Tells its group that an instance is unhealthy, whatever its age: it is replaced.
    pub fn set_unhealthy(&self, id: &str) -> Result<()> {
        let words = ["autoscaling", "set-instance-health", "--instance-id", id];
        let health = [
            "--health-status",
            "Unhealthy",
            "--no-should-respect-grace-period",
        ];
        self.aws(&[&words[..], &health[..]].concat()).map(drop)
    }

    /// Where a member is in its group's life, as `Pending:Wait`; none for an instance of no group.
    pub fn lifecycle_state(&self, id: &str) -> Result<Option<String>> {
        Ok(self.instance(id)?.lifecycle_state)
    }

    /// Waits until a member is in this state.
    pub fn wait_lifecycle(&self, id: &str, state: &str, limit: Duration) -> Result<()> {
        wait_until(&format!("{id} is {state}"), limit, || {
            let now = self.lifecycle_state(id)?;
            ensure!(now.as_deref() == Some(state), "it is {now:?}");
            Ok(())
        })
    }

    /// Sets a tag of an instance.
    pub fn tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        let tag = serde_json::json!([{"Key": key, "Value": value}]).to_string();
        self.aws(&["ec2", "create-tags", "--resources", id, "--tags", &tag])
            .map(drop)
    }

    /// Takes a tag of an instance away.
    pub fn untag(&self, id: &str, key: &str) -> Result<()> {
        let tag = serde_json::json!([{"Key": key}]).to_string();
        self.aws(&["ec2", "delete-tags", "--resources", id, "--tags", &tag])
            .map(drop)
    }
}
