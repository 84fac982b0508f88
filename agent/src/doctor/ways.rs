//! By which ways AWS is reached: its addresses, proxies, authorities.

use futures_util::future::join_all;

use super::{Finding, Grade};
use aws::ClientSettings;
use aws::{Aws, Way};

const CONCERN: &str = "ways";
/// Only stacks need these.
const FOR_STACKS: [&str; 2] = ["s3", "ecr"];
const ADVICE: &str = "make a NAT gateway or a VPC endpoint, let 443 through to it, or name a proxy (https_proxy) or the \
                      endpoint (AWS_ENDPOINT_URL_…) in /etc/swarmlet/environment";
const CERTIFICATE: &str = "name a file with the authority that has signed it (AWS_CA_BUNDLE in /etc/swarmlet/environment)";
const UNKNOWN_REGION: &str = "the region is not known";

/// A way, and why nothing answers there.
pub(super) type Tried = (Way, Result<(), String>);

/// All are tried at once. None if the region is not known.
pub(super) async fn gather(aws: Option<&Aws>) -> Option<Vec<Tried>> {
    let aws = aws?;
    let tried = aws.ways().await.into_iter().map(async |way| {
        let answer = aws.knock(&way).await;
        (way, answer)
    });
    Some(join_all(tried).await)
}

pub(super) fn findings(settings: &ClientSettings, tried: Option<&Vec<Tried>>) -> Vec<Finding> {
    let policy = Finding::new(CONCERN, "settings", Grade::Ok, policy(settings));
    let Some(tried) = tried else {
        let skipped = Finding::new(CONCERN, "all", Grade::Skipped, UNKNOWN_REGION);
        return vec![policy, skipped];
    };
    [policy].into_iter().chain(tried.iter().map(way)).collect()
}

fn way((way, answer): &Tried) -> Finding {
    let found = |grade, seen: String| Finding::new(CONCERN, way.service, grade, seen);
    let through = way
        .proxy
        .as_ref()
        .map(|proxy| format!(" through the proxy {proxy}"));
    let through = through.unwrap_or_default();
    let address = way.address.as_deref().unwrap_or("its address");
    let Err(cause) = answer else {
        return found(Grade::Ok, format!("answers at {address}{through}"));
    };
    let is_for_stacks = FOR_STACKS.contains(&way.service);
    let (grade, whom) = if is_for_stacks {
        (Grade::Warn, "; only stacks need it")
    } else {
        (Grade::Fail, "")
    };
    let seen = format!("cannot reach {address}{through}: {cause}{whom}");
    let is_distrust = cause.contains("certificate");
    found(grade, seen).advise(if is_distrust { CERTIFICATE } else { ADVICE })
}

/// What is not as AWS's own tools have it without any setting.
fn policy(settings: &ClientSettings) -> String {
    let proxies = &settings.proxies;
    let proxy = |scheme: &str, proxy: Option<&aws::Proxy>| {
        proxy.map(|proxy| format!("{scheme} through the proxy {proxy}"))
    };
    let parts = [
        settings.use_fips.then(|| "FIPS".to_owned()),
        settings.use_dualstack.then(|| "dual-stack".to_owned()),
        settings
            .ca_bundle
            .as_ref()
            .map(|path| format!("the authorities of {}", path.display())),
        proxy("http", proxies.http.as_ref()),
        proxy("https", proxies.https.as_ref()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "no FIPS, no dual-stack, no proxy, the host's authorities".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use Grade::{Fail, Ok as Good, Skipped, Warn};

    fn tried(service: &'static str, proxy: Option<&str>, answer: Result<(), &str>) -> Tried {
        let way = Way {
            service,
            address: Ok(format!("https://{service}.example")),
            proxy: proxy.map(str::to_owned),
        };
        (way, answer.map_err(str::to_owned))
    }

    #[test]
    fn each_way_has_its_line_and_what_to_do() {
        let settings = Settings::default().aws.client;
        for (tried, grade, seen, advice) in [
            (
                tried("ssm", None, Ok(())),
                Good,
                "answers at https://ssm.example",
                None,
            ),
            (
                tried("ssm", Some("http://p:1"), Err("refused")),
                Fail,
                "cannot reach https://ssm.example through the proxy http://p:1: refused",
                Some(ADVICE),
            ),
            (
                tried("ec2", None, Err("invalid peer certificate: UnknownIssuer")),
                Fail,
                "UnknownIssuer",
                Some(CERTIFICATE),
            ),
            (
                tried("ecr", None, Err("late")),
                Warn,
                "late; only stacks need it",
                Some(ADVICE),
            ),
        ] {
            let found = findings(&settings, Some(&vec![tried])).remove(1);
            assert_eq!((found.grade, found.advice.as_deref()), (grade, advice));
            assert!(found.seen.contains(seen), "{}", found.seen);
        }
        let unknown = findings(&settings, None).remove(1);
        assert_eq!(
            (unknown.grade, unknown.seen.as_str()),
            (Skipped, UNKNOWN_REGION)
        );
    }

    #[test]
    fn what_is_set_is_told_without_a_login() {
        let mut settings = Settings::default().aws.client;
        assert!(policy(&settings).starts_with("no FIPS"));
        settings.use_fips = true;
        settings.proxies.https = "http://me:hush@p:1".parse().ok();
        assert_eq!(
            policy(&settings),
            "FIPS, https through the proxy http://p:1"
        );
    }
}
