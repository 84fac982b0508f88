//! What systemd shows, and what the engine is told by it.

use super::*;
use host::command::scripted::Scripted;

/// What systemd shows of a unit that runs this, with Debian's environment file.
fn shown(command: &str) -> String {
    format!(
        "ExecStart={{ path=/usr/sbin/dockerd ; argv[]={command} ; ignore_errors=no ; start_time=[n/a] ; pid=0 }}\n\
         Environment=\"WITH=a b\" PLAIN=c\n\
         EnvironmentFiles=/etc/sysconfig/docker (ignore_errors=yes)\n\
         EnvironmentFiles=/etc/default/docker (ignore_errors=yes)\n\
         FragmentPath=/usr/lib/systemd/system/docker.service\n\
         DropInPaths=/etc/systemd/system/docker.service.d/10-label.conf"
    )
}

fn told(command: &str, files: &[(&str, &str)]) -> DaemonFlags {
    DaemonFlags::parse(&shown(command), |path| {
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, text)| (*text).to_owned())
    })
}

/// Keys and values, as `key=value`.
fn said(flags: &DaemonFlags) -> Vec<String> {
    let pairs = flags.flags.iter();
    pairs
        .map(|flag| match &flag.value {
            Some(value) => format!("{}={value}", flag.key),
            None => flag.key.clone(),
        })
        .collect()
}

#[test]
fn flags_are_found_in_all_their_forms() {
    let cases: [(&str, &[&str]); 14] = [
        (
            "-H fd:// --label disk=ssd",
            &["hosts=fd://", "labels=disk=ssd"],
        ),
        (
            "--label=disk=ssd big --debug",
            &["labels=disk=ssd big", "debug"],
        ),
        ("--label disk=ssd big -D", &["labels=disk=ssd big", "debug"]),
        (
            "-g /mnt/my docker -G docker",
            &["data-root=/mnt/my docker", "group=docker"],
        ),
        (
            "--graph=/mnt -Hfd:// -H=tcp://x",
            &["data-root=/mnt", "hosts=fd://", "hosts=tcp://x"],
        ),
        (
            "-DH fd:// -l debug",
            &["debug", "hosts=fd://", "log-level=debug"],
        ),
        (
            "--log-driver=journald --live-restore",
            &["log-driver=journald", "live-restore"],
        ),
        (
            "--oom-score-adjust -500 --init",
            &["oom-score-adjust=-500", "init"],
        ),
        (
            "--default-address-pool base=10.200.0.0/16,size=24",
            &["default-address-pools=base=10.200.0.0/16,size=24"],
        ),
        (
            "--default-ulimit nofile=32768:65536",
            &["default-ulimits=nofile=32768:65536"],
        ),
        (
            "--insecure-registry=a --registry-mirror=b",
            &["insecure-registries=a", "registry-mirrors=b"],
        ),
        (
            "--label x=${WITH} --label y=$$z ${PLAIN}",
            &["labels=x=a b", "labels=y=$z c"],
        ),
        ("$NONE --iptables=false", &["iptables=false"]),
        ("", &[]),
    ];
    for (flags, expected) in cases {
        let flags = told(&format!("/usr/sbin/dockerd {flags}"), &[]);
        assert_eq!(said(&flags), expected);
        assert!(flags.is_direct(), "{flags:?}");
        assert_eq!(flags.program(), Some("/usr/sbin/dockerd"));
    }
}

#[test]
fn variables_come_from_the_units_files() {
    let files = [
        (
            "/etc/sysconfig/docker",
            "OPTIONS=\"--selinux-enabled \\\n  --log-driver=journald \\\n  --live-restore\"\n",
        ),
        (
            "/etc/default/docker",
            "# DOCKER_OPTS=\"--dns 8.8.8.8\"\nDOCKER_OPTS='--label \"disk=ssd big\"'\nPLAIN=d\n",
        ),
    ];
    let flags = told(
        "/usr/bin/dockerd -H fd:// $OPTIONS $DOCKER_OPTS --label=p=${PLAIN}",
        &files,
    );
    let expected = [
        "hosts=fd://",
        "selinux-enabled",
        "log-driver=journald",
        "live-restore",
        "labels=disk=ssd big",
        "labels=p=d",
    ];
    assert_eq!(said(&flags), expected);
    assert!(flags.is_on("live-restore") && !flags.is_on("debug"));
    assert_eq!(
        flags.place("live-restore"),
        "--live-restore in /etc/sysconfig/docker"
    );
    assert_eq!(flags.place("labels"), "--label in /etc/default/docker");
    assert_eq!(flags.place("hosts"), "-H of docker.service");
    assert_eq!(flags.values("labels").count(), 2);
    assert_eq!(
        flags.command_without("labels")[1..],
        [
            "-Hfd://",
            "--selinux-enabled",
            "--log-driver=journald",
            "--live-restore"
        ]
    );
}

#[test]
fn the_last_word_counts_of_what_is_on_or_off() {
    for (flags, expected) in [
        ("--live-restore", true),
        ("--live-restore=true", true),
        ("--live-restore=false", false),
        ("--live-restore --live-restore=0", false),
        ("--live-restore=f --live-restore", true),
        ("--label live-restore", false),
    ] {
        let told = told(&format!("/usr/bin/dockerd {flags}"), &[]);
        assert_eq!(told.is_on("live-restore"), expected, "{flags}");
    }
}

#[test]
fn a_shell_that_runs_the_engine_is_seen_through_but_not_taken_for_it() {
    let flags = told(
        "/bin/sh -c exec /usr/bin/dockerd $OPTIONS --label a=b",
        &[("/etc/sysconfig/docker", "OPTIONS=-D")],
    );
    assert_eq!(said(&flags), ["debug", "labels=a=b"]);
    assert!(!flags.is_direct());
    assert_eq!(flags.program(), Some("/usr/bin/dockerd"));
    let unknown = told("/usr/local/bin/start-engine --label a=b", &[]);
    assert_eq!(
        (said(&unknown), unknown.program()),
        (vec!["labels=a=b".to_owned()], None)
    );
}

#[tokio::test]
async fn a_unit_that_is_not_there_has_no_flags() {
    let root = tempfile::tempdir().unwrap();
    for runner in [
        Scripted::default().says("systemctl show", "ExecStart=\nEnvironment="),
        Scripted::default().on(
            "systemctl show",
            1,
            "System has not been booted with systemd",
        ),
    ] {
        let flags = DaemonFlags::look(&runner, root.path()).await.unwrap();
        assert_eq!((flags.keys().len(), flags.program()), (0, None));
    }
}
