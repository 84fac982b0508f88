//! The ways to AWS: endpoints, proxies, authorities.

use super::*;

const BUNDLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/crates/aws/src/fixtures/authority.pem"
);

/// A file, but none of certificates.
const NO_BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

#[test]
fn the_ways_of_awss_own_tools_are_settings() {
    let host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[aws]\nendpoints.s3 = 'http://s3.file'\nhttps_proxy = 'http://file:1'",
        )
        .variable("AWS_ENDPOINT_URL", "http://all")
        .variable("AWS_ENDPOINT_URL_SSM", "http://ssm")
        .variable("AWS_ENDPOINT_URL_AUTO_SCALING", "http://scaling")
        .variable("AWS_USE_DUALSTACK_ENDPOINT", "FALSE")
        .variable("AWS_CA_BUNDLE", BUNDLE)
        .variable("ALL_PROXY", "http://all:1")
        .variable("HTTPS_PROXY", "http://great:2")
        .variable("https_proxy", "http://me:hush@small:3")
        .variable("NO_PROXY", "10.0.0.0/8,.example.com");
    let aws = host.settings().aws;
    let expected = Endpoints {
        ssm: Some("http://ssm".into()),
        auto_scaling: Some("http://scaling".into()),
        s3: Some("http://s3.file".into()),
        ..Endpoints::all("http://all")
    };
    assert_eq!(aws.client.endpoints, expected);
    assert_eq!(aws.client.ca_bundle, Some(BUNDLE.into()));
    let proxy = |address: &str| {
        let proxy = aws.client.proxies.for_address(&address.parse().unwrap());
        proxy.map(ToString::to_string)
    };
    assert_eq!(proxy("https://ssm").as_deref(), Some("http://small:3"));
    assert_eq!(proxy("http://ssm").as_deref(), Some("http://all:1"));
    assert_eq!(proxy("https://ssm.example.com"), None);
    let shown = host.shown();
    assert!(
        shown.contains(
            "https_proxy = \"http://[hidden]@small:3\"  # environment variable https_proxy"
        ),
        "{shown}"
    );
    assert!(!format!("{shown}{aws:?}").contains("hush"));

    let ignored = host.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let ignored = ignored
        .variable("AWS_USE_FIPS_ENDPOINT", "True")
        .settings()
        .aws;
    assert_eq!(ignored.client.endpoints, Endpoints::default());
    assert!(ignored.client.use_fips);
}

#[test]
fn what_is_wrong_with_a_way_names_its_variable() {
    for (name, text, part) in [
        (
            "AWS_ENDPOINT_URL_SSM",
            "ssm.local",
            "aws.endpoints.ssm: is no address",
        ),
        (
            "AWS_ENDPOINT_URL_S3",
            "http://me:hush@x",
            "aws.endpoints.s3: is no address",
        ),
        ("AWS_USE_FIPS_ENDPOINT", "yes", "aws.use_fips: "),
        (
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "1",
            "aws.ignore_endpoint_urls: ",
        ),
        (
            "AWS_CA_BUNDLE",
            "bundle.pem",
            "aws.ca_bundle: is no absolute path",
        ),
        (
            "AWS_CA_BUNDLE",
            "/none.pem",
            "aws.ca_bundle: cannot read /none.pem",
        ),
        ("AWS_CA_BUNDLE", NO_BUNDLE, "aws.ca_bundle: cannot use /"),
        (
            "HTTPS_PROXY",
            "http://me:hush@proxy:x",
            "aws.https_proxy: is no proxy that can be used",
        ),
        (
            "https_proxy",
            "me:hush@proxy:3128",
            "aws.https_proxy: is no proxy that can be used",
        ),
        (
            "all_proxy",
            "socks5://me:hush@proxy:1080",
            "aws.http_proxy: is no proxy that can be used",
        ),
        (
            "NO_PROXY",
            "a,http://me:hush@b",
            "aws.no_proxy: \"http://[hidden]@b\" is no host",
        ),
    ] {
        let host = Host::new().variable(name, text);
        let errors = host.errors();
        let expected = format!("environment variable {name}: {part}");
        assert!(
            errors.contains(&expected),
            "{expected}\n-- not in --\n{errors}"
        );
        assert!(!errors.contains("hush"), "{errors}");
    }
    let both = Host::new()
        .variable(
            "AWS_ENDPOINT_URL_SSM",
            "https://ssm-fips.us-east-1.amazonaws.com",
        )
        .variable("AWS_USE_FIPS_ENDPOINT", "true");
    let expected = "variable AWS_USE_FIPS_ENDPOINT: aws.use_fips: cannot be used with an address of your own, here for ssm";
    assert!(both.errors().contains(expected), "{}", both.errors());
}
