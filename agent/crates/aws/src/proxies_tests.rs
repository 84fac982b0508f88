//! Proxies and who is reached without one, as curl, Python and Go take them.

use super::*;

fn has(list: &str, address: &str) -> bool {
    let proxies = Proxies {
        http: "http://plain:1".parse().ok(),
        https: "http://secure:2".parse().ok(),
        exceptions: list.parse().unwrap(),
    };
    proxies.for_address(&address.parse().unwrap()).is_none()
}

#[test]
fn names_blocks_addresses_and_ports_are_excepted() {
    let ssm = "https://ssm.us-east-1.amazonaws.com";
    for (list, address, expected) in [
        ("", ssm, false),
        ("*", ssm, true),
        ("*", "http://10.0.0.1:4566/", true),
        ("amazonaws.com", ssm, true),
        (".amazonaws.com", ssm, true),
        ("*.amazonaws.com", ssm, true),
        ("AmazonAWS.com.", ssm, true),
        (".amazonaws.com", "https://amazonaws.com/", true),
        ("aws.com", ssm, false),
        ("us-east-1.amazonaws.com.cn", ssm, false),
        ("localhost, ,  .amazonaws.com", ssm, true),
        ("localhost .amazonaws.com", ssm, true),
        ("ssm.us-east-1.amazonaws.com:443", ssm, true),
        ("ssm.us-east-1.amazonaws.com:8443", ssm, false),
        (
            "amazonaws.com:8443",
            "https://ssm.amazonaws.com:8443/x?y",
            true,
        ),
        ("10.0.0.0/8", "https://10.98.0.1:4566/", true),
        ("10.0.0.0/8", "https://11.0.0.1/", false),
        ("10.0.0.0/8", "https://10.example.com/", false),
        ("10.98.0.1", "http://10.98.0.1:4566/", true),
        ("10.98.0.1:4566", "http://10.98.0.1:4566/", true),
        ("10.98.0.1:80", "http://10.98.0.1:4566/", false),
        ("10.98.0.1:80", "http://10.98.0.1/", true),
        ("0.98.0.1", "http://10.98.0.1/", false),
        ("fd00::/8", "http://[fd00:ec2::1]/", true),
        ("[fd00::1]:80", "http://[fd00::1]/", true),
        ("fd00::1", "http://[fd00::2]/", false),
    ] {
        assert_eq!(has(list, address), expected, "{list:?} {address}");
    }
}

#[test]
fn what_is_no_entry_is_named() {
    for (list, entry) in [
        ("a.example,http://b", "http://b"),
        ("10.0.0.0/40", "10.0.0.0/40"),
        ("a:port", "a:port"),
        ("a;b", "a;b"),
        (".", "."),
    ] {
        assert_eq!(list.parse::<Exceptions>(), Err(entry.to_owned()));
    }
}

#[test]
fn each_scheme_has_its_proxy_and_its_login_is_shown_nowhere() {
    let proxies = Proxies {
        http: "plain.example:3128".parse().ok(),
        https: "https://me:hush@secure.example:8443/".parse().ok(),
        exceptions: Exceptions::default(),
    };
    let shown = |address: &str| {
        let proxy = proxies.for_address(&address.parse().unwrap());
        proxy.map(ToString::to_string)
    };
    assert_eq!(shown("http://a/"), Some("http://plain.example:3128".into()));
    assert_eq!(
        shown("https://a/"),
        Some("https://secure.example:8443".into())
    );
    assert!(!format!("{proxies:?}").contains("hush"));
}

#[test]
fn what_is_no_proxy_is_refused() {
    for bad in [
        "",
        "http://",
        "socks5://p:1080",
        "ftp://p",
        "http://p:x",
        "http://p:",
        "http://p/path",
        "http://p?q",
        "me:hush@p:3128",
        "http://p q",
        "http://p:99999",
    ] {
        assert_eq!(bad.parse::<Proxy>(), Err(()), "{bad}");
    }
}
