//! Which registries a stack pulls from, by the names of its images.

use super::HUB;

/// The host of an image's registry. A first part that has a dot or a port, or is `localhost`, is a host;
/// all else is on Docker Hub.
pub fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((HUB | "index.docker.io", _)) | None => HUB,
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        Some(_) => HUB,
    }
}

/// How the names of ECR's registries end, by partition (the `dnsSuffix` in the SDK's `partitions.json`), and for IPv4 and
/// IPv6.
const ENDS: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
    ".on.aws",
];

/// The region of a registry of ECR, which gives passwords to an instance's role:
/// `<account>.dkr.ecr.<region>.amazonaws.com`, or `<account>.dkr-ecr.<region>.on.aws`.
pub fn role_region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let kinds = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let region = ENDS.iter().find_map(|end| rest.strip_suffix(end))?;
    let is_region = !region.is_empty() && !region.contains('.');
    (is_account && is_region).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_users() {
        for (image, expected) in [
            ("nginx", HUB),
            ("library/nginx:1", HUB),
            ("docker.io/library/nginx", HUB),
            ("registry.example.com/a/b:1", "registry.example.com"),
            ("registry:5000/a@sha256:00", "registry:5000"),
            ("localhost/a", "localhost"),
        ] {
            assert_eq!(host(image), expected, "{image}");
        }
    }

    #[test]
    fn registries_of_ecr_are_told_by_their_form() {
        for (host, expected) in [
            (
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
                Some("eu-central-1"),
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                Some("cn-north-1"),
            ),
            (
                "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
                Some("us-iso-east-1"),
            ),
            (
                "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
                Some("eusc-de-east-1"),
            ),
            ("123456789012.dkr-ecr.us-east-1.on.aws", Some("us-east-1")),
            ("12345678901.dkr.ecr.us-east-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.evil.com.amazonaws.com", None),
            ("public.ecr.aws", None),
            ("registry:5000", None),
        ] {
            assert_eq!(role_region(host), expected, "{host}");
        }
    }
}
