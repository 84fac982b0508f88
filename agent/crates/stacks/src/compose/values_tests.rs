//! Docker's sentences (most of them said by its command, version 26.1), and what of them is told.

use super::*;

const FILE: &str = "version: '3.8'
services:
  web:
    image: registry.example/shop:1.2
    command: [serve, --token, t0p-s3cret]
    environment:
      PASSWORD: s3c${ret
      name: named-s3cret
      MULTI: |
        first s3cret line
        second one
    labels:
      - traefik.auth=ann:h4sh/ed
    deploy:
      replicas: many-s3crets
    healthcheck: {test: curl -u me:s3cret}
    networks: [front]
    ports: ['80:s3cret-port']
    volumes: [':s3cret-volume']
    two words: 1
networks:
  front: {driver: weave, driver_opts: {password: w3ave}}
";

fn cuts(values: &Values, sentences: &[(&str, &str)]) {
    for (words, said) in sentences {
        assert_eq!(values.cut(words), *said);
    }
}

fn stay(values: &Values, sentences: &[&str]) {
    for words in sentences {
        assert_eq!(values.cut(words), *words);
    }
}

#[test]
fn no_value_is_repeated() {
    let sentences = [
        (
            r#"invalid interpolation format for services.web.environment.PASSWORD: "s3c${ret"; you may need to escape any $ with another $"#,
            r#"invalid interpolation format for services.web.environment.PASSWORD: "…"; you may need to escape any $ with another $"#,
        ),
        (
            "1 error(s) decoding:; * error decoding 'Ports': Invalid containerPort: s3cret-port",
            "1 error(s) decoding:; * error decoding 'Ports': Invalid containerPort: …",
        ),
        (
            "1 error(s) decoding:; * error decoding 'Deploy.Resources.Limits.memory': invalid size: 'many-s3crets'",
            "1 error(s) decoding:; * error decoding 'Deploy.Resources.Limits.memory': invalid size: '…'",
        ),
        (
            "error decoding 'Volumes[0]': invalid spec: :s3cret-volume: empty section between colons",
            "error decoding 'Volumes[0]': invalid spec: …: empty section between colons",
        ),
        (
            "services.web Additional property two words is not allowed",
            "services.web Additional property … is not allowed",
        ),
        (
            "yaml: cannot decode !!str `many-s3...` as a !!int",
            "yaml: cannot decode !!str `…` as a !!int",
        ),
        (
            r#"parsing "many-s3crets": invalid syntax"#,
            r#"parsing "…": invalid syntax"#,
        ),
        ("label traefik.auth=ann:h4sh/ed", "label …"),
        (
            "label ann:h4sh/ed of 'traefik.auth'",
            "label … of 'traefik.auth'",
        ),
        ("exec --token t0p-s3cret failed", "exec … … failed"),
        (
            r#"env "first s3cret line\nsecond one\n" is bad"#,
            r#"env "…" is bad"#,
        ),
        (
            "env first s3cret line; second one; is bad",
            "env …; …; is bad",
        ),
        (
            "options w3ave and password=w3ave",
            "options … and password=…",
        ),
        ("no such name: named-s3cret", "no such name: …"),
        (r#"it says "ann\" and "never ends: many"#, r#"it says "…"#),
    ];
    cuts(&Values::of("app", FILE, &[]), &sentences);
}

#[test]
fn places_and_names_stay() {
    let sentences = [
        "services.web.deploy.replicas must be a integer",
        "services.web.healthcheck.interval Does not match format 'duration'",
        "services.web Additional property portss is not allowed",
        r#"failed to create service app_web: network "app_front" of registry.example/shop:1.2 isn't there"#,
        r#"network "front" is declared as external, but could not be found"#,
        "the driver 'weave' of 'front'",
        "unsupported Compose file version: 3.8",
        "no such image",
    ];
    stay(&Values::of("app", FILE, &[]), &sentences);
}

#[test]
fn of_a_file_that_is_no_yaml_no_line_is_repeated() {
    let broken =
        "services:\n  web:\n    environment:\n      - PASSWORD=s3cr3t: [x\n      *h1dden: 'a\n";
    assert!(yaml::parse(broken).is_err());
    let values = Values::of("app", broken, &[]);
    let sentences = [
        (
            "yaml: unknown anchor 'h1dden' referenced",
            "yaml: unknown anchor '…' referenced",
        ),
        (
            "yaml: line 4: bad PASSWORD=s3cr3t: [x",
            "yaml: line 4: bad …",
        ),
        ("yaml: line 4: s3cr3t: [x", "yaml: line 4: …"),
    ];
    cuts(&values, &sentences);
    stay(
        &values,
        &[
            "yaml: line 4: did not find expected ',' or ']'",
            "yaml: line 4: found character that cannot start any token",
        ],
    );
}

#[test]
fn of_files_of_variables_nothing_is_quoted() {
    let values = Values::of("app", "services: {a: {image: x, env_file: a.env}}", &[]);
    let sentences = [
        (
            "poorly formatted environment: no variable name on line '=s3cret'",
            "poorly formatted environment: no variable name on line '…'",
        ),
        ("variable 's3cret' is bad", "variable '…' is bad"),
    ];
    cuts(&values, &sentences);
    stay(&values, &["open /etc/swarmlet/stacks/a.env: no such file"]);
}

#[test]
fn values_are_known_before_and_after_variables_are_replaced() {
    let text = "services: {a: {image: x, environment: {A: 'pre-${CLUSTER}-s3cret'}}}";
    let values = Values::of("app", text, &[("CLUSTER", "demo".to_owned())]);
    let sentences = [
        ("bad pre-demo-s3cret", "bad …"),
        ("bad pre-${CLUSTER}-s3cret", "bad …"),
    ];
    cuts(&values, &sentences);
}
