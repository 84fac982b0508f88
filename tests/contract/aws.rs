//! Parameter Store and EC2 through the agent's own adapters, with the credentials of an
//! instance's role.

use std::time::Duration;

use anyhow::Result;
use aws::fleet::{Ec2, Fleet as _};
use aws::imds::Imds;
use aws::parameter_store::{Created, ParameterStore as _, Ssm};
use aws::{Aws, ClientSettings, CloudError, Endpoints};
use secrecy::ExposeSecret as _;

use crate::control_plane::ControlPlane;

const CLAIM: &str = "/swarmlet/c/epochs/0000000001/claim";
const OUTCOME: &str = "/swarmlet/c/epochs/0000000001/outcome";
const TICKET: &str = "/swarmlet/c/ticket";

/// The credentials of an instance: this process' requests are that instance's from here on.
pub(crate) fn with_role(plane: &ControlPlane, instance: &str) -> Result<Aws> {
    plane.admin.alias("127.0.0.1", instance)?;
    let imds = Imds::new(&plane.imds, Duration::from_secs(2), Duration::from_secs(10));
    let settings = ClientSettings {
        endpoints: Endpoints::all(&plane.api),
        ..ClientSettings::default()
    };
    Ok(Aws::new(&imds, lab::aws::REGION, &settings))
}

struct Edge {
    ssm: Ssm,
    ec2: Ec2,
}

fn edge(plane: &ControlPlane, instance: &str) -> Result<Edge> {
    let aws = with_role(plane, instance)?;
    Ok(Edge {
        ssm: Ssm::new(&aws, Some("alias/swarmlet-c".into())),
        ec2: Ec2::new(&aws),
    })
}

pub(crate) fn with_cluster(
    test: impl AsyncFnOnce(&ControlPlane, &str, &str) -> Result<()>,
) -> Result<()> {
    let plane = ControlPlane::start()?;
    let (manager, worker) = plane.cluster("c")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(test(&plane, &manager, &worker))
}

#[test]
fn a_register_is_written_once_and_read_back() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let store = edge(plane, manager)?.ssm;
        let names = [CLAIM.to_owned(), OUTCOME.to_owned()];
        assert_eq!(store.read_all(&names).await?, [None, None]);
        assert_eq!(store.create(CLAIM, "first").await?, Created::Now);
        assert_eq!(store.create(CLAIM, "second").await?, Created::Before);
        assert_eq!(store.read_all(&names).await?, [Some("first".into()), None]);
        Ok(())
    })
}

#[test]
fn a_manager_writes_the_ticket_and_a_worker_reads_it_and_nothing_else() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        let store = edge(plane, manager)?.ssm;
        assert!(store.read(TICKET).await?.is_none());
        for value in ["one", "two"] {
            store.put_secret(TICKET, &value.into()).await?;
        }
        store.create(CLAIM, "claim").await?;

        let store = edge(plane, worker)?.ssm;
        let ticket = store.read(TICKET).await?.expect("the ticket is there");
        assert_eq!(ticket.expose_secret(), "two");
        denied(store.read(CLAIM).await, "ssm:GetParameter", CLAIM);
        denied(
            store.read_all(&[CLAIM.to_owned()]).await,
            "ssm:GetParameters",
            CLAIM,
        );
        denied(
            store.create(OUTCOME, "mine").await,
            "ssm:PutParameter",
            OUTCOME,
        );
        denied(
            store.put_secret(TICKET, &"mine".into()).await,
            "ssm:PutParameter",
            TICKET,
        );
        Ok(())
    })
}

/// What the code promises, the role cannot break either.
#[test]
fn a_managers_role_overwrites_no_register_and_writes_only_the_agents_records() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        let store = edge(plane, manager)?.ssm;
        store.create(CLAIM, "first").await?;
        let forged = store.put(CLAIM, "mine").await;
        let Err(CloudError::Denied { action, why, .. }) = &forged else {
            panic!("a register was overwritten: {forged:?}");
        };
        assert_eq!(action, "ssm:PutParameter");
        assert!(why.said().contains("an explicit deny"), "{why}");
        denied(
            store.put_secret(OUTCOME, &"mine".into()).await,
            "ssm:PutParameter",
            OUTCOME,
        );
        let read = store.read_all(&[CLAIM.to_owned()]).await?;
        assert_eq!(read, [Some("first".into())]);

        for name in ["stacks/shop", "registries/ghcr.io", "else"] {
            let name = format!("/swarmlet/c/{name}");
            let put = store.put_secret(&name, &"mine".into()).await;
            denied(put, "ssm:PutParameter", &name);
            denied(store.create(&name, "mine").await, "ssm:PutParameter", &name);
        }
        let node = format!("/swarmlet/c/nodes/{manager}");
        assert_eq!(store.create(&node, "one").await?, Created::Now);
        store.put(&node, "another").await?;

        let store = edge(plane, worker)?.ssm;
        let own = format!("/swarmlet/c/nodes/{worker}");
        for name in [
            CLAIM,
            OUTCOME,
            TICKET,
            "/swarmlet/c/unlock-key",
            &own,
            &node,
        ] {
            let put = store.put_secret(name, &"mine".into()).await;
            denied(put, "ssm:PutParameter", name);
            denied(store.create(name, "mine").await, "ssm:PutParameter", name);
        }
        Ok(())
    })
}

fn denied<T: std::fmt::Debug>(answer: Result<T, CloudError>, wanted: &str, target: &str) {
    match answer {
        Err(CloudError::Denied {
            action, resource, ..
        }) => {
            assert_eq!(action, wanted);
            assert!(resource.ends_with(target), "{resource} is not {target}");
        }
        other => panic!("{wanted} on {target} was not denied: {other:?}"),
    }
}

#[test]
fn throttling_denial_and_failure_are_told_apart() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let edge = edge(plane, manager)?;
        let mut seen = Vec::new();
        for (service, effect) in [("ssm", "throttle"), ("ssm", "deny"), ("ssm", "error")] {
            let fault = serde_json::json!({"service": service, "effect": effect});
            let id = plane.admin.add_fault(&fault)?;
            seen.push(edge.ssm.read(TICKET).await.err());
            plane.admin.remove_fault(&id)?;
        }
        assert!(
            matches!(seen[0], Some(CloudError::Throttled { .. })),
            "{:?}",
            seen[0]
        );
        assert!(
            matches!(seen[1], Some(CloudError::Denied { .. })),
            "{:?}",
            seen[1]
        );
        assert!(
            matches!(seen[2], Some(CloudError::Refused { .. })),
            "{:?}",
            seen[2]
        );
        let fault = serde_json::json!({"service": "ec2", "effect": "throttle"});
        plane.admin.add_fault(&fault)?;
        let answer = edge.ec2.tags(manager).await.err();
        assert!(
            matches!(answer, Some(CloudError::Throttled { .. })),
            "{answer:?}"
        );
        Ok(())
    })
}

/// Only another live instance of the same cluster with that very name is one.
#[test]
fn ec2_tells_whether_another_instance_has_the_name() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        // A worker of the template has a group, so it need not ask and may not.
        let ec2 = edge(plane, manager)?.ec2;
        let tag = |id: &str, key: &str, value: &str| {
            let tag = format!("Key={key},Value={value}");
            plane.administer(&["ec2", "create-tags", "--resources", id, "--tags", &tag])
        };
        let names = ["web".to_owned(), "WEB".to_owned()];
        let cluster = ("swarm:cluster", "c");
        let mut seen = Vec::new();
        for (id, name) in [(worker, "web"), (manager, "web-1"), (manager, "WEB")] {
            tag(id, "Name", name)?;
            seen.push(ec2.has_namesake(worker, &names, cluster).await?);
        }
        tag(manager, "swarm:cluster", "other")?;
        seen.push(ec2.has_namesake(worker, &names, cluster).await?);
        assert_eq!(seen, [false, false, true, false]);
        let fault = serde_json::json!({"service": "ec2", "effect": "deny"});
        plane.admin.add_fault(&fault)?;
        let refused = ec2.has_namesake(worker, &names, cluster).await;
        assert!(
            matches!(refused, Err(CloudError::Denied { .. })),
            "{refused:?}"
        );
        Ok(())
    })
}

/// What instance metadata says of its failure to get any; with the first good ones the calls go on.
#[test]
fn missing_credentials_are_explained_and_asked_for_again() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let role = "*/meta-data/iam/security-credentials/?*";
        let list = "*/meta-data/iam/security-credentials/";
        let trust = r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role c-manager.",
            "LastUpdated": "2026-01-01T00:00:00Z"}"#;
        for (target, body, said) in [
            (
                role,
                trust,
                "no AWS credentials: instance metadata says AssumeRoleUnauthorizedAccess: EC2 cannot assume the role \
                 c-manager; look at the role's trust policy",
            ),
            (
                role,
                r#"{"Code": "Failed"}"#,
                "instance metadata says Failed; it is asked again",
            ),
            (role, "", "the metadata service gave no credentials"),
            (list, "", "metadata has no credentials of its role yet"),
        ] {
            // Good ones are kept.
            let edge = edge(plane, manager)?;
            let fault = serde_json::json!({
                "service": "imds", "effect": "answer", "target": target, "body": body
            });
            let id = plane.admin.add_fault(&fault)?;
            for answer in [
                edge.ssm.read(TICKET).await.map(drop),
                edge.ec2.tags(manager).await.map(drop),
            ] {
                let error = answer.expect_err(said);
                assert!(matches!(error, CloudError::NoCredentials(_)), "{error:?}");
                let text = error.to_string();
                assert!(text.contains(said), "{text}");
                assert!(!text.contains("attach"), "it has a profile: {text}");
            }
            plane.admin.remove_fault(&id)?;
            assert!(edge.ssm.read(TICKET).await?.is_none(), "asked again");
        }
        Ok(())
    })
}

#[test]
fn ec2s_word_for_a_wrong_clock_is_translated_by_the_answers_date() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        for (seconds, expected) in [
            (
                900,
                "the clock of this host is wrong by 15 minutes, behind AWS's (AuthFailure",
            ),
            (
                -3600,
                "the clock of this host is wrong by 60 minutes, ahead of AWS's (AuthFailure",
            ),
        ] {
            let fault =
                serde_json::json!({"service": "ec2", "effect": "skew", "skew_seconds": seconds});
            // The SDK signs by the dates of the answers from the second call on.
            let edge = edge(plane, manager)?;
            let id = plane.admin.add_fault(&fault)?;
            let error = edge.ec2.tags(manager).await.expect_err("a wrong clock");
            plane.admin.remove_fault(&id)?;
            assert!(error.to_string().contains(expected), "{error}");
        }
        Ok(())
    })
}

#[test]
fn a_denial_tells_which_policy_decides() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let edge = edge(plane, manager)?;
        for (reason, expected) in [
            (
                "with an explicit deny in a service control policy",
                "the account's organization forbids it",
            ),
            (
                "because no VPC endpoint policy allows it",
                "allow it in the policy of the VPC endpoint",
            ),
        ] {
            let mut faults = Vec::new();
            for service in ["ssm", "ec2"] {
                let fault =
                    serde_json::json!({"service": service, "effect": "deny", "reason": reason});
                faults.push(plane.admin.add_fault(&fault)?);
            }
            let errors = [
                edge.ssm.read(TICKET).await.expect_err(reason),
                edge.ec2.tags(manager).await.expect_err(reason),
            ];
            for id in &faults {
                plane.admin.remove_fault(id)?;
            }
            for error in errors {
                assert!(error.to_string().contains(expected), "{error}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_ticket_under_a_key_that_is_disabled_is_told_apart() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let store = edge(plane, manager)?.ssm;
        store.put_secret(TICKET, &"one".into()).await?;
        let alias = ["kms", "describe-key", "--key-id", "alias/swarmlet-c"];
        let query = ["--output", "text", "--query", "KeyMetadata.KeyId"];
        let key = plane.told(&[alias, query].concat())?;
        plane.administer(&["kms", "disable-key", "--key-id", &key])?;
        for error in [
            store.read(TICKET).await.map(drop).expect_err("disabled"),
            store
                .put_secret(TICKET, &"two".into())
                .await
                .expect_err("disabled"),
        ] {
            assert!(matches!(error, CloudError::KeyUnusable { .. }), "{error:?}");
            assert!(error.to_string().contains("is disabled"), "{error}");
        }
        let other = Ssm::new(&with_role(plane, manager)?, None);
        other.put_secret(TICKET, &"two".into()).await?;
        assert_eq!(
            store.read(TICKET).await?.expect("readable").expose_secret(),
            "two"
        );
        Ok(())
    })
}

#[test]
fn ec2_tells_all_addresses_of_an_instance() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        let ec2 = edge(plane, manager)?.ec2;
        let ids = [worker.to_owned()];
        let before = ec2.instances(worker, &ids).await?.known.remove(0).addresses;
        assert_eq!(before.len(), 1, "{before:?}");
        let eni = plane.interface(worker)?;
        let assign = [
            "ec2",
            "assign-private-ip-addresses",
            "--network-interface-id",
        ];
        for (option, address) in [
            ("--private-ip-addresses", "10.98.31.250"),
            ("--ipv4-prefixes", "10.98.31.16/28"),
        ] {
            plane.administer(&[&assign[..], &[&eni, option, address]].concat())?;
        }
        let after = ec2.instances(worker, &ids).await?.known.remove(0).addresses;
        let added: Vec<String> = after[1..].iter().map(ToString::to_string).collect();
        assert_eq!((after[0], added.len()), (before[0], 2), "{after:?}");
        assert_eq!(added, ["10.98.31.250/32", "10.98.31.16/28"]);
        Ok(())
    })
}

#[test]
fn ec2_tells_tags_and_states_and_skips_unknown_instances() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        let ec2 = edge(plane, manager)?.ec2;
        let tags = ec2.tags(worker).await?;
        assert_eq!(tags.get("swarm:role").map(String::as_str), Some("worker"));
        let unknown = "i-0123456789abcdef0".to_owned();
        let ids = [manager.to_owned(), worker.to_owned(), unknown];
        let mut instances = ec2.instances(manager, &ids).await?.known;
        instances.sort_by_key(|instance| instance.id != manager);
        assert_eq!(instances.len(), 2);
        assert_eq!(instances[0].life, protocol::Life::Alive);
        assert!(!instances[0].addresses.is_empty());
        let facts = &instances[0].facts;
        assert!(facts.zone.is_some() && facts.instance_type.is_some() && !facts.spot);
        assert!(facts.architecture.is_some());
        assert_eq!(
            instances[0].tags.get("swarm:role").map(String::as_str),
            Some("manager")
        );
        Ok(())
    })
}
