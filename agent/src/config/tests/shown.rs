//! What is shown of settings, and never of credentials.

use super::*;

#[test]
fn no_error_shows_a_credential() {
    let host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[aws]\nendpoint_url = 'http://me:hush@host'\n[metadata]\nbudget = 'http://me:hush@x'",
        )
        .file(
            "etc/swarmlet/config.d/x.toml",
            "[engine.daemon]\nhttp-proxy = http://me:hush@proxy",
        );
    let errors = host.errors();
    assert!(
        errors.contains("aws.endpoint_url: is no address"),
        "{errors}"
    );
    assert!(
        errors.contains("metadata.budget: \"http://[hidden]@x\" is no length"),
        "{errors}"
    );
    assert!(errors.contains("x.toml: line 2: "), "{errors}");
    assert!(!errors.contains("hush"), "{errors}");
}

#[test]
fn show_tells_each_value_its_source_and_hides_credentials() {
    let mut host = Host::new()
        .file(
            "etc/swarmlet/config.toml",
            "[engine.daemon]\ndebug = true\nhttp-proxy = 'http://me:hush@proxy:3128'\n",
        )
        .variable("AWS_ENDPOINT_URL", "http://10.98.0.1:4566");
    host.flags.node.role = Some(Role::Manager);
    let shown = host.shown();
    for line in [
        "state_dir = \"/var/lib/swarmlet\"  # default",
        "endpoint_url = \"http://10.98.0.1:4566\"  # environment variable AWS_ENDPOINT_URL",
        "role = \"manager\"  # command line",
        "# cluster not set: the tag swarm:cluster",
        "# address_pool not set: chosen clear of the VPC",
        "# rotate_tokens_every not set: never",
        "daemon.debug = true  # /etc/swarmlet/config.toml",
        "daemon.http-proxy = \"http://[hidden]@proxy:3128\"  # /etc/swarmlet/config.toml",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line}\n-- not in --\n{shown}"
        );
    }
    assert!(!shown.contains("role not set"), "{shown}");
    assert!(shown.parse::<toml::Table>().is_ok(), "{shown}");
}
