//! Who is believed, by which way each address is reached, and what addresses the SDK knows.

use std::sync::Arc;

use aws_smithy_http_client::tls::TrustStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::answering::{answer, aws, exchange, serve};
use super::*;
use crate::Proxies;

const AUTHORITY: &str = include_str!("fixtures/authority.pem");
const TEAPOT: &str = "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n";

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::from_pem_slice(include_bytes!("fixtures/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server that the authority has signed, and that answers one request. Its key is of no use elsewhere;
/// the authority's was thrown away. As a proxy it is first asked for a way.
async fn server(is_proxy: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if is_proxy {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]);
            let login = head
                .to_lowercase()
                .contains("proxy-authorization: basic bwu6ahvzaa==");
            let is_good = head.starts_with("CONNECT localhost:443 ") && login;
            let said: &[u8] = if is_good {
                b"HTTP/1.1 200 OK\r\n\r\n"
            } else {
                b"HTTP/1.1 407 No\r\n\r\n"
            };
            stream.write_all(said).await.unwrap();
        }
        if let Ok(stream) = acceptor().accept(stream).await {
            exchange(stream, TEAPOT.as_bytes()).await;
        }
    });
    port
}

fn at(endpoint: &str, proxies: Proxies, authorities: TrustStore) -> Aws {
    aws(Endpoints::all(endpoint), proxies, authorities)
}

/// The status of an answer, if there is one, else why not.
async fn asked(aws: &Aws) -> Result<u16, String> {
    let answer = aws.ssm().get_parameter().name("p").send().await;
    let error = answer.unwrap_err();
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    status.ok_or_else(|| super::super::refusal::whole(&error))
}

#[tokio::test]
async fn only_who_an_authority_of_the_bundle_has_signed_is_asked() {
    let host = format!("# others too\n{}", include_str!("fixtures/other.pem"));
    for (authorities, expected) in [(format!("{host}{AUTHORITY}"), true), (host, false)] {
        let address = format!("https://localhost:{}", server(false).await);
        let store = roots::store(&authorities).unwrap();
        let answer = asked(&at(&address, Proxies::default(), store)).await;
        assert_eq!(answer.is_ok(), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn a_secure_address_is_reached_by_a_tunnel_and_its_server_checked() {
    for (login, expected) in [("me:hush@", Ok(418)), ("", Err("authorization required"))] {
        let proxies = Proxies {
            https: format!("http://{login}127.0.0.1:{}", server(true).await)
                .parse()
                .ok(),
            ..Proxies::default()
        };
        let store = roots::store(AUTHORITY).unwrap();
        let answer = asked(&at("https://localhost", proxies, store)).await;
        match expected {
            Ok(status) => assert_eq!(answer, Ok(status)),
            Err(part) => {
                let cause = answer.unwrap_err();
                assert!(cause.contains(part) && !cause.contains("hush"), "{cause}");
            }
        }
    }
}

#[tokio::test]
async fn a_plain_address_is_asked_of_the_proxy_unless_it_is_excepted() {
    let teapot = || vec![answer("418 x", "", "")];
    let (proxy, through) = serve(teapot()).await;
    let (direct, without) = serve(teapot()).await;
    let proxies = |exceptions: &str| Proxies {
        http: proxy.replace("//", "//me:hush@").parse().ok(),
        https: "http://127.0.0.1:1".parse().ok(),
        exceptions: exceptions.parse().unwrap(),
    };
    let none = || TrustStore::empty();
    let answer = asked(&at("http://ssm.example", proxies(""), none())).await;
    assert_eq!(answer, Ok(418));
    let head = through.lock().unwrap().concat().to_lowercase();
    assert!(
        head.starts_with("post http://ssm.example/ http/1.1"),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: basic bwu6ahvzaa=="),
        "{head}"
    );
    assert_eq!(
        asked(&at(&direct, proxies("127.0.0.0/8"), none())).await,
        Ok(418)
    );
    let head = without.lock().unwrap().concat().to_lowercase();
    assert!(head.starts_with("post / http/1.1"), "{head}");
    assert!(!head.contains("proxy-"), "{head}");
}

#[tokio::test]
async fn each_service_has_its_own_address_or_awss() {
    let own = Endpoints {
        ec2: Some("http://ec2.example".into()),
        ..Endpoints::default()
    };
    let mut aws = aws(own, Proxies::default(), TrustStore::empty());
    for (region, fips, dual, expected) in [
        (
            "us-east-1",
            false,
            false,
            [
                "ssm.us-east-1.amazonaws.com",
                "s3.us-east-1.amazonaws.com",
                "api.ecr.us-east-1.amazonaws.com",
            ],
        ),
        (
            "us-gov-west-1",
            true,
            false,
            [
                "ssm.us-gov-west-1.amazonaws.com",
                "s3-fips.us-gov-west-1.amazonaws.com",
                "api.ecr-fips.us-gov-west-1.amazonaws.com",
            ],
        ),
        (
            "us-east-2",
            true,
            false,
            [
                "ssm-fips.us-east-2.amazonaws.com",
                "s3-fips.us-east-2.amazonaws.com",
                "api.ecr-fips.us-east-2.amazonaws.com",
            ],
        ),
        (
            "eu-west-1",
            false,
            true,
            [
                "ssm.eu-west-1.api.aws",
                "s3.dualstack.eu-west-1.amazonaws.com",
                "ecr.eu-west-1.api.aws",
            ],
        ),
        (
            "cn-north-1",
            false,
            false,
            [
                "ssm.cn-north-1.amazonaws.com.cn",
                "s3.cn-north-1.amazonaws.com.cn",
                "api.ecr.cn-north-1.amazonaws.com.cn",
            ],
        ),
        (
            "us-iso-east-1",
            false,
            false,
            [
                "ssm.us-iso-east-1.c2s.ic.gov",
                "s3.us-iso-east-1.c2s.ic.gov",
                "api.ecr.us-iso-east-1.c2s.ic.gov",
            ],
        ),
        (
            "us-isob-east-1",
            false,
            false,
            [
                "ssm.us-isob-east-1.sc2s.sgov.gov",
                "s3.us-isob-east-1.sc2s.sgov.gov",
                "api.ecr.us-isob-east-1.sc2s.sgov.gov",
            ],
        ),
    ] {
        aws.region = Region::new(region);
        (aws.use_fips, aws.use_dualstack) = (fips, dual);
        aws.endpoints.ec2 = (!fips && !dual).then(|| "http://ec2.example".into());
        let ways = aws.ways().await;
        let of = |service: &str| {
            let way = ways.iter().find(|way| way.service == service).unwrap();
            way.address.clone().unwrap()
        };
        for (service, host) in ["ssm", "s3", "ecr"].iter().zip(expected) {
            assert_eq!(of(service), format!("https://{host}"), "{region}");
        }
        let is_own = of("ec2") == "http://ec2.example";
        assert_eq!(is_own, !fips && !dual, "{}", of("ec2"));
    }
}

#[tokio::test]
async fn a_knock_is_answered_or_tells_why_not() {
    let (address, _) = serve(vec![answer("403 x", "", "")]).await;
    let aws = |endpoint: &str, proxies| at(endpoint, proxies, TrustStore::empty());
    let plain = aws(&address, Proxies::default());
    assert_eq!(plain.knock(&plain.ways().await[0]).await, Ok(()));
    let nobody = aws("http://127.0.0.1:1", Proxies::default());
    let cause = nobody.knock(&nobody.ways().await[0]).await.unwrap_err();
    assert!(cause.contains("Connection refused"), "{cause}");
    let (proxy, _) = serve(vec![answer("407 x", "", "")]).await;
    let proxies = Proxies {
        http: proxy.parse().ok(),
        ..Proxies::default()
    };
    let stranger = aws("http://ssm.example", proxies);
    let way = &stranger.ways().await[0];
    assert_eq!(way.proxy.as_deref(), Some(proxy.as_str()));
    assert_eq!(
        stranger.knock(way).await,
        Err("the proxy answers 407".to_owned())
    );
}
