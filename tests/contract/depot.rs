//! What runs on the swarm: parameters by their path, objects in S3, passwords of ECR; all with the
//! rights of the template's roles, and with signatures that are checked.

use std::collections::BTreeMap;

use anyhow::Result;
use aws::CloudError;
use aws::depot::{Address, AwsDepot, Depot as _, Fetched};
use aws::parameter_store::{ParameterStore as _, Ssm};
use secrecy::ExposeSecret as _;

use crate::aws::{with_cluster, with_role};
use crate::control_plane::STACK_BUCKET;

const KEY: &str = "shop/a stack (1).yml";

#[test]
fn all_parameters_of_a_path_are_read_whatever_their_number() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        // By people: no role of an instance writes them.
        let put = |name: &str, value: &str, kind: &[&str]| {
            let name = format!("/swarmlet/c/stacks/{name}");
            let put = ["ssm", "put-parameter", "--name", &name, "--value", value];
            plane.administer(&[&put[..], kind].concat())
        };
        for number in 0..12 {
            put(
                &format!("s{number}"),
                &format!("file {number}"),
                &["--type", "String"],
            )?;
        }
        let key = ["--type", "SecureString", "--key-id", "alias/swarmlet-c"];
        for value in ["one", "two"] {
            put("secret", value, &[&key[..], &["--overwrite"]].concat())?;
        }
        put("deep/er", "no stack", &["--type", "String"])?;
        let store = Ssm::new(&with_role(plane, manager)?, None);
        let found = store.read_below("/swarmlet/c/stacks").await?;
        let found: BTreeMap<_, _> = found.iter().map(|p| (p.name.as_str(), p)).collect();
        assert_eq!(found.len(), 13, "{:?}", found.keys());
        assert_eq!(found["s11"].value.expose_secret(), "file 11");
        let secret = found["secret"];
        assert_eq!((secret.value.expose_secret(), secret.version), ("two", 2));
        let none = store.read_below("/swarmlet/c/registries").await?;
        assert!(none.is_empty());

        let store = Ssm::new(&with_role(plane, worker)?, None);
        let denied = store.read_below("/swarmlet/c/stacks").await.err();
        let is_named = |action: &str| action == "ssm:GetParametersByPath";
        assert!(
            matches!(&denied, Some(CloudError::Denied { action, .. }) if is_named(action)),
            "{denied:?}"
        );
        Ok(())
    })
}

#[test]
fn an_object_is_fetched_once_and_again_when_it_changes() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("stack.yml").display().to_string();
        let put = |text: &str, bucket: &str| {
            std::fs::write(&file, text)?;
            let to = ["--bucket", bucket, "--key", KEY, "--body", &file];
            plane.administer(&[&["s3api", "put-object"], &to[..]].concat())
        };
        for bucket in [STACK_BUCKET, "other"] {
            plane.administer(&["s3api", "create-bucket", "--bucket", bucket])?;
            put("services: {}", bucket)?;
        }
        let depot = AwsDepot::new(&with_role(plane, manager)?, Some("123456789012"));
        let at = |bucket: &str, key: &str| -> Address {
            format!("s3://{bucket}/{key}").parse().expect("an address")
        };
        let address = at(STACK_BUCKET, KEY);
        let Fetched::New { text, mark } = depot.object(&address, None).await? else {
            panic!("there is none");
        };
        assert_eq!(text, "services: {}");
        assert_eq!(depot.object(&address, Some(&mark)).await?, Fetched::Same);
        put("services: {a: {}}", STACK_BUCKET)?;
        let again = depot.object(&address, Some(&mark)).await?;
        assert!(matches!(again, Fetched::New { text, .. } if text == "services: {a: {}}"));
        put(&"x".repeat(300 * 1024), STACK_BUCKET)?;
        let error = depot
            .object(&address, Some(&mark))
            .await
            .expect_err("large");
        assert!(error.to_string().contains("larger than 256 KiB"), "{error}");
        let others = AwsDepot::new(&with_role(plane, manager)?, Some("210987654321"));
        // Who may not list the bucket is not told that it is missing; and a bucket may be another's.
        for (depot, address, said) in [
            (
                &depot,
                at(STACK_BUCKET, "none"),
                "is denied, or not there (Access Denied): look at the key first",
            ),
            (
                &others,
                address,
                "is denied, or not there (Access Denied): look at the key first",
            ),
            (
                &depot,
                at("other", "x"),
                "is denied: allow it in the IAM policy",
            ),
        ] {
            let error = depot
                .object(&address, None)
                .await
                .expect_err(said)
                .to_string();
            assert!(error.contains(said), "{error}");
        }
        Ok(())
    })
}

/// A bucket's name that was given up is anybody's: what he puts there would run on all nodes.
#[test]
fn a_bucket_that_somebody_else_has_made_is_not_read() -> Result<()> {
    with_cluster(async |plane, manager, _| {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("stack.yml").display().to_string();
        std::fs::write(&file, "services: {theirs: {}}")?;
        plane.do_as_a_stranger(&["s3api", "create-bucket", "--bucket", STACK_BUCKET])?;
        let put = ["s3api", "put-object", "--bucket", STACK_BUCKET];
        plane.do_as_a_stranger(&[&put[..], &["--key", "x", "--body", &file]].concat())?;
        let address: Address = format!("s3://{STACK_BUCKET}/x")
            .parse()
            .expect("an address");
        let aws = with_role(plane, manager)?;
        // By the policy where the account is not known, by both where it is.
        for owner in [None, Some("123456789012")] {
            let answer = AwsDepot::new(&aws, owner).object(&address, None).await;
            assert!(
                matches!(answer, Err(CloudError::Denied { .. })),
                "{answer:?}"
            );
        }
        Ok(())
    })
}

#[test]
fn a_manager_logs_in_to_ecr_and_a_worker_does_not() -> Result<()> {
    with_cluster(async |plane, manager, worker| {
        let login = AwsDepot::new(&with_role(plane, manager)?, None);
        let login = login.role_login(lab::aws::REGION).await?;
        assert!(!login.encoded.expose_secret().is_empty());
        // moto's passwords have all expired long ago, at the same time.
        assert!(login.expires > 0);
        let refused = AwsDepot::new(&with_role(plane, worker)?, None);
        let refused = refused.role_login(lab::aws::REGION).await.err();
        assert!(
            matches!(refused, Some(CloudError::Denied { .. })),
            "{refused:?}"
        );
        Ok(())
    })
}
