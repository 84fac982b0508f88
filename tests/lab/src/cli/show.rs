//! Lists for people.

use anyhow::Result;
use lab::terminal::print;
use lab::{Instance, Lab, Node, Request, machine};

use super::LsArgs;

/// One line per instance.
pub(super) fn instances(lab: &Lab, list: &LsArgs) -> Result<()> {
    let mut instances = lab.instances()?;
    instances.retain(|instance| list.wants(instance));
    if list.ids {
        return instances
            .iter()
            .try_for_each(|instance| print(&instance.id));
    }
    print(format_args!(
        "{:<20} {:<11} {:<8} {:<19} {:<14} {:<12} {:<8} {:<11} NAME",
        "INSTANCE", "STATE", "MACHINE", "LIFECYCLE", "ADDRESS", "CLUSTER", "ROLE", "ZONE"
    ))?;
    instances.iter().try_for_each(instance)
}

fn instance(instance: &Instance) -> Result<()> {
    let on = machine::is_on(&instance.id);
    print(format_args!(
        "{:<20} {:<11} {:<8} {:<19} {:<14} {:<12} {:<8} {:<11} {}",
        instance.id,
        instance.state,
        if on { "on" } else { "off" },
        lifecycle(instance),
        instance.address,
        instance.tag("swarm:cluster").unwrap_or("-"),
        instance.tag("swarm:role").unwrap_or("-"),
        instance.zone,
        instance.tag("Name").unwrap_or("-"),
    ))
}

/// Where it is in its group's life, and whether a scale-in passes it over: only one in service is.
fn lifecycle(instance: &Instance) -> String {
    match instance.lifecycle_state.as_deref() {
        Some(state @ "InService") if instance.protected => format!("{state} protected"),
        Some(state) => state.to_owned(),
        None => "-".to_owned(),
    }
}

/// One line per node of a swarm.
pub(super) fn nodes(nodes: &[Node]) -> Result<()> {
    print(format_args!(
        "{:<26} {:<28} {:<8} {:<13} MANAGER",
        "NODE", "HOSTNAME", "STATUS", "AVAILABILITY"
    ))?;
    nodes.iter().try_for_each(|node| {
        print(format_args!(
            "{:<26} {:<28} {:<8} {:<13} {}",
            node.id, node.hostname, node.status, node.availability, node.manager_status
        ))
    })
}

/// One line per request.
pub(super) fn journal(lab: &Lab, instance: Option<&str>, imds: bool) -> Result<()> {
    let instance = instance
        .map(|given| super::through::find(lab, given))
        .transpose()?;
    for request in lab.journal()? {
        let wanted = instance.is_none() || request.instance == instance;
        if wanted && (imds || request.is_aws()) {
            print(line(&request))?;
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
        request.error.as_deref().unwrap_or("-"),
        request.ms,
        request.target,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(state: &str, protected: bool) -> Instance {
        serde_json::from_value(serde_json::json!({
            "instance_id": "i-1", "state": "running", "private_ip": "10.98.16.4", "mac": "02:00:00:00:00:01",
            "image_id": "ami-1", "lifecycle_state": state, "protected": protected,
        }))
        .expect("readable")
    }

    #[test]
    fn protection_is_shown_where_it_counts() {
        assert_eq!(
            lifecycle(&instance("InService", true)),
            "InService protected"
        );
        assert_eq!(lifecycle(&instance("InService", false)), "InService");
        assert_eq!(
            lifecycle(&instance("Terminating:Wait", true)),
            "Terminating:Wait"
        );
    }
}
