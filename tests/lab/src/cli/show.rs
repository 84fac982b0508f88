//! Lists for people.

use anyhow::Result;
use lab::{Lab, Request, machine};

/// One line per instance.
pub(super) fn instances(lab: &Lab, all: bool) -> Result<()> {
    println!(
        "{:<20} {:<14} {:<9} {:<14} {:<12} {:<8} {:<11} NAME",
        "INSTANCE", "STATE", "MACHINE", "ADDRESS", "CLUSTER", "ROLE", "ZONE"
    );
    for instance in lab.instances()? {
        if instance.terminated() && !all {
            continue;
        }
        let machine = if machine::systemd_of(&instance.id).is_ok() {
            "on"
        } else {
            "off"
        };
        println!(
            "{:<20} {:<14} {machine:<9} {:<14} {:<12} {:<8} {:<11} {}",
            instance.id,
            instance.state,
            instance.address,
            instance.tag("swarm:cluster").unwrap_or("-"),
            instance.tag("swarm:role").unwrap_or("-"),
            instance.zone,
            instance.tag("Name").unwrap_or("-"),
        );
    }
    Ok(())
}

/// One line per request.
pub(super) fn journal(lab: &Lab, instance: Option<&str>, imds: bool) -> Result<()> {
    let instance = instance
        .map(|given| super::through::find(lab, given))
        .transpose()?;
    for request in lab.journal()? {
        let wanted = instance.is_none() || request.instance == instance;
        if wanted && (imds || request.is_aws()) {
            println!("{}", line(&request));
        }
    }
    Ok(())
}

fn line(request: &Request) -> String {
    format!(
        "{:.3} {:<20} {:<28} {} {} {:.0} ms  {}",
        request.time,
        request.instance.as_deref().unwrap_or("-"),
        format!("{}:{}", request.service, request.action),
        request
            .status
            .map_or_else(|| "---".to_owned(), |status| status.to_string()),
        request.error.as_deref().unwrap_or(""),
        request.ms,
        request.target,
    )
}
