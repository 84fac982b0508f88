//! What metadata's documents become, and what is kept of them.

use std::collections::BTreeMap;

use super::super::answering::{answer, serve};
use super::super::imds::MetadataError;
use super::*;

#[test]
fn the_documents_of_the_metadata_service_become_credentials() {
    for code in ["\"Code\":\"Success\",", ""] {
        let document = format!(
            r#"{{{code}"AccessKeyId":"AKIA","SecretAccessKey":"s3cret",
            "Token":"t","Expiration":"2026-01-01T00:00:00Z","Type":"AWS-HMAC"}}"#
        );
        let credentials = parse(&document).unwrap();
        assert_eq!(credentials.access_key_id(), "AKIA");
        assert!(credentials.expiry().is_some());
    }
}

#[test]
fn a_broken_document_is_refused_without_a_quote() {
    for document in [
        r#"{"AccessKeyId":"AKIA","SecretAccessKey":"s3cret""#,
        r#"{"Code":"Success","SecretAccessKey":"s3cret"}"#,
        r#"{"Code":{"SecretAccessKey":"s3cret"}}"#,
    ] {
        let error = parse(document).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

struct Shows(BTreeMap<&'static str, &'static str>);

impl Metadata for Shows {
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        Ok(self.0.get(path).map(|text| (*text).to_owned()))
    }
}

#[tokio::test]
async fn the_metadata_services_word_is_told_and_a_profile_is_seen() {
    const ROLE: &str = "meta-data/iam/security-credentials/r";
    let info = r#"{"Code":"Success","InstanceProfileArn":"arn"}"#;
    let lost = r#"{"Code":"InstanceProfileNotFound","Message":"Instance Profile with id X was not found."}"#;
    let trust =
        r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role r."}"#;
    let failed = r#"{"Code":"Failed"}"#;
    for (shown, expected) in [
        (vec![], "the instance has no instance profile; attach an"),
        (
            vec![(PROFILE, info)],
            "metadata has no credentials of its role yet",
        ),
        (
            vec![(PROFILE, info), (PATH, "")],
            "metadata has no credentials of its role yet",
        ),
        (
            vec![(PROFILE, info), (PATH, "r")],
            "metadata has no credentials of its role yet",
        ),
        (
            vec![(PROFILE, lost)],
            "InstanceProfileNotFound: Instance Profile with id X was not found; attach an",
        ),
        (
            vec![(PATH, "r\n"), (ROLE, trust)],
            "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role r; look",
        ),
        (
            vec![(PATH, "r"), (ROLE, failed)],
            "says Failed; it is asked again",
        ),
        (vec![(PATH, "r"), (ROLE, "<html>")], "gave no credentials"),
    ] {
        let shows = Shows(shown.iter().copied().collect());
        let text = read_role(&shows).await.unwrap_err().to_string();
        assert!(text.contains(expected), "{shown:?}: {text}");
    }
}

/// Metadata that answers once with a document that ends then, and is gone.
async fn twice(ends: &str) -> (provider::Result, provider::Result) {
    let document = format!(
        r#"{{"AccessKeyId":"AKIA","SecretAccessKey":"s3cret","Token":"t","Expiration":"{ends}"}}"#
    );
    let answers = ["token", "r", &document];
    let (base, _) = serve(answers.map(|body| answer("200 OK", "", body)).to_vec()).await;
    let second = Duration::from_secs(1);
    let credentials = InstanceCredentials::new(Imds::new(&base, second, second).once());
    (credentials.provide().await, credentials.provide().await)
}

#[tokio::test]
async fn the_last_ones_are_used_until_they_end() {
    let (first, then) = twice("2999-01-01T00:00:00Z").await;
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(then.unwrap().access_key_id(), "AKIA");
    let (first, then) = twice("2020-01-01T00:00:00Z").await;
    assert!(first.is_ok(), "{first:?}");
    assert!(then.is_err(), "{then:?}");
}
