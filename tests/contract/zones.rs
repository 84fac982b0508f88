//! EC2's word while one zone fails, and however many pages it takes.

use anyhow::Result;
use aws::CloudError;
use aws::fleet::{Ec2, Fleet as _};
use aws::lifecycle::{AutoScaling, Lifecycle as _};

use crate::aws::{with_cluster, with_role};
use crate::control_plane::ControlPlane;

const UNKNOWN: &str = "i-0123456789abcdef0";

fn launch(plane: &ControlPlane, zone: &str) -> Result<String> {
    let where_to = format!("AvailabilityZone={zone}");
    let query = ["--output", "text", "--query", "Instances[0].InstanceId"];
    let words = [
        "ec2",
        "run-instances",
        "--image-id",
        "ami-0ba1ed00000000001",
        "--placement",
        &where_to,
    ];
    plane.told(&[&words[..], &query].concat())
}

#[test]
fn a_zone_that_fails_takes_away_only_its_own_word() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let ec2 = Ec2::new(&with_role(plane, manager)?);
        let own = ec2.instances(manager, &[]).await?.known.remove(0);
        let zones = ["us-east-1a", "us-east-1b", "us-east-1c"];
        let others: Vec<_> = zones
            .into_iter()
            .filter(|zone| own.facts.zone.as_deref() != Some(zone))
            .collect();
        let (lost, here) = (launch(plane, others[0])?, launch(plane, others[1])?);
        let asked = [
            lost.clone(),
            here.clone(),
            UNKNOWN.to_owned(),
            "*".to_owned(),
        ];
        let fault = serde_json::json!({"service": "ec2", "effect": "error", "zone": others[0]});
        // By one that knows their zones, and by one that does not.
        let fresh = Ec2::new(&with_role(plane, manager)?);
        let whole = ec2.instances(manager, &asked).await?;
        assert!(whole.knows(&lost) && whole.knows(&here));
        assert_eq!(
            whole.silent,
            ["*".to_owned()].into(),
            "all but what is no id"
        );
        let id = plane.admin.add_fault(&fault)?;
        for ec2 in [&ec2, &fresh] {
            let word = ec2.instances(manager, &asked).await?;
            assert!(word.knows(manager) && word.knows(&here), "{word:?}");
            assert!(!word.knows(&lost) && !word.knows(UNKNOWN), "{word:?}");
            assert_eq!(word.silent, [lost.clone(), "*".to_owned()].into());
        }
        plane.admin.remove_fault(&id)?;
        let own_zone = own.facts.zone.as_deref();
        let fault = serde_json::json!({"service": "ec2", "effect": "error", "zone": own_zone});
        plane.admin.add_fault(&fault)?;
        let none = ec2.instances(manager, &asked).await;
        assert!(matches!(none, Err(CloudError::Refused { .. })), "{none:?}");
        Ok(())
    })
}

#[test]
fn all_pages_are_read() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let ec2 = Ec2::new(&with_role(plane, manager)?);
        let mut ids = Vec::new();
        for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
            ids.push(launch(plane, zone)?);
        }
        plane
            .admin
            .add_fault(&serde_json::json!({"service": "ec2", "effect": "pages", "per_page": 1}))?;
        let scaling = AutoScaling::new(&with_role(plane, manager)?);
        let groups = ["c-manager", "c-worker"].map(str::to_owned);
        assert_eq!(scaling.groups(&groups).await?.len(), 2);
        let word = ec2.instances(manager, &ids).await?;
        assert!(
            ids.iter().all(|id| word.knows(id)) && word.knows(manager),
            "{word:?}"
        );
        assert!(word.silent.is_empty());
        Ok(())
    })
}
