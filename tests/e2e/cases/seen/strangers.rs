//! Instances that cannot become nodes: both say why, and what to do.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Effect, Fault, Lab, Launch, Role};

use super::{doctor_says, status_says};
use crate::Case;
use crate::cases::support::{profile, shared, unique};

pub(in crate::cases) const CASES: &[Case] = &[Case {
    name: "seen::instances_that_cannot_join",
    run: strangers,
}];

/// Five of them, which boot side by side.
fn strangers(lab: &Lab) -> Result<()> {
    let worker = shared(lab)?.machines_of(Role::Worker)?.remove(0).id;
    let profile = profile(lab, &worker)?;
    let named = |role: Option<&str>| {
        let cluster = ("swarm:cluster".to_owned(), unique("seen"));
        let role = role.map(|role| ("swarm:role".to_owned(), role.to_owned()));
        [cluster].into_iter().chain(role).collect::<Vec<_>>()
    };
    let launch = |launch: Launch| -> Result<String> { Ok(lab.launch(&launch)?.remove(0)) };
    let bare = Launch::default;
    let hidden = launch(Launch {
        tags: named(Some("worker")),
        metadata_tags: false,
        ..bare()
    })?;
    let roleless = launch(Launch {
        tags: named(None),
        ..bare()
    })?;
    let wrong = launch(Launch {
        tags: named(Some("boss")),
        ..bare()
    })?;
    let with = || Launch {
        tags: named(Some("worker")),
        profile: Some(profile.clone()),
        ..bare()
    };
    let (denied, late) = (launch(with())?, launch(with())?);
    // This one's clock is ten minutes behind AWS's.
    let _skew = lab.fault(
        &Fault::new("*", Effect::Skew)
            .instance(&late)
            .skew_seconds(600),
    )?;
    tags_off(lab, &hidden)?;
    role_missing(lab, &roleless)?;
    role_wrong(lab, &wrong)?;
    no_permission(lab, &denied)?;
    clock_off(lab, &late)?;
    [hidden, roleless, wrong, denied, late]
        .iter()
        .try_for_each(|id| lab.terminate(id))
}

fn tags_off(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "agent", "Allow tags in metadata")?;
    doctor_says(
        lab,
        id,
        "metadata",
        "instance metadata shows none",
        "InstanceMetadataTags=enabled",
    )
}

fn role_missing(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "agent", "waiting for this instance's tags")?;
    status_says(lab, id, "agent", "has no tag swarm:role")?;
    doctor_says(
        lab,
        id,
        "metadata",
        "has no tag swarm:role",
        "set swarm:role = manager or worker",
    )
}

fn role_wrong(lab: &Lab, id: &str) -> Result<()> {
    let said = "the tag swarm:role of instance";
    status_says(lab, id, "agent", said)?;
    status_says(lab, id, "agent", "not tried again")?;
    doctor_says(
        lab,
        id,
        "metadata",
        said,
        "set swarm:role = manager or worker",
    )
}

fn no_permission(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "", "ssm:GetParameter")?;
    status_says(lab, id, "", "is denied: allow it in the IAM policy")?;
    doctor_says(
        lab,
        id,
        "permissions",
        "ssm:GetParameter",
        "allow ssm:GetParameter on arn:aws:ssm:",
    )
}

fn clock_off(lab: &Lab, id: &str) -> Result<()> {
    status_says(lab, id, "", "the clock of this host is wrong")?;
    doctor_says(lab, id, "clock", "s behind AWS's clock", "169.254.169.123")?;
    let text = lab.exec_for(id, Duration::from_secs(30), &["swarmlet", "doctor"])?;
    eprintln!("{}", text.stdout);
    ensure!(text.status == 1, "exit code {}", text.status);
    Ok(())
}
