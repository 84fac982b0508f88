//! Whoever reads a command's output may stop reading: `swarmlet doctor | head -1`. The command itself, as a
//! process whose output has no reader from its start.

mod host;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use host::{Host, To};

/// The code that a shell shows for a program that was ended by SIGPIPE.
const UNREAD: i32 = 141;
/// In a mask of signals as /proc shows it.
const SIGPIPE: u64 = 1 << (13 - 1);

/// Every verb that prints, in each of its forms.
const PRINTING: &[&str] = &[
    "status",
    "status --json",
    "status --watch",
    "status --watch --json",
    "status --boot",
    "status --boot --json",
    "doctor",
    "doctor --json",
    "recover",
    "leave",
    "drain",
    "activate",
    "config check",
    "config show",
    "completions bash",
    "completions zsh",
    "completions fish",
    "completions elvish",
    "completions powershell",
    "man",
    "version",
    "--version",
    "--help",
    "-h",
];

/// Those that go on for ever, and those that print nothing but why they failed.
const OTHERS: &[&str] = &["run", "prepare", "dashboard"];
/// Has to be asked on a manager: the end-to-end cases do.
const ELSEWHERE: &[&str] = &["token rotate"];

#[test]
fn no_verb_is_left_out() {
    let host = Host::new();
    let folder = host.path("man");
    let folder = folder.to_str().expect("a name");
    assert!(host.run(&["man", folder], To::Kept, To::Kept).is(0));
    let mut pages = BTreeSet::new();
    for page in std::fs::read_dir(folder).expect("pages") {
        let name = page.expect("a page").file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".8"));
        pages.insert(name.expect("a page of section 8").replace('-', " "));
    }
    for verb in [PRINTING, OTHERS, ELSEWHERE].concat() {
        let words: Vec<_> = verb
            .split(' ')
            .filter(|word| !word.starts_with('-'))
            .collect();
        for count in 0..=words.len() {
            let whole = [&["swarmlet"], &words[..count]].concat().join(" ");
            pages.remove(&whole);
        }
    }
    assert!(pages.is_empty(), "nothing is said of {pages:?}");
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    let host = Host::new();
    for line in PRINTING {
        let words: Vec<_> = line.split(' ').collect();
        let read = host.run(&words, To::Kept, To::Kept);
        assert!(
            line.contains("--watch") || !read.stdout.is_empty(),
            "{line} prints nothing: {read:?}"
        );
        let unread = host.run(&words, To::Nobody, To::Kept);
        assert!(
            unread.is(UNREAD) && unread.stderr.is_empty(),
            "{line}: {unread:?}"
        );
    }
}

#[test]
fn so_it_does_the_help_of_every_verb() {
    let host = Host::new();
    for verb in [
        PRINTING,
        OTHERS,
        ELSEWHERE,
        &["announce", "config", "token"],
    ]
    .concat()
    {
        let words: Vec<_> = verb
            .split(' ')
            .filter(|word| !word.starts_with('-'))
            .collect();
        // `man` and `completions` take what follows them for a value.
        let verb = &words[..words.len().min(if words.first() == Some(&"completions") {
            1
        } else {
            2
        })];
        for line in [[verb, &["--help"]].concat(), [&["help"], verb].concat()] {
            let unread = host.run(&line, To::Nobody, To::Kept);
            assert!(
                unread.is(UNREAD) && unread.stderr.is_empty(),
                "{line:?}: {unread:?}"
            );
        }
    }
}

/// A complaint that nobody reads changes nothing about how the command ends.
#[test]
fn a_complaint_that_nobody_reads_leaves_the_exit_code_as_it_is() {
    let host = Host::new();
    for (line, code) in [
        ("nonsense", 2),
        ("", 2),
        ("status --boot --watch", 2),
        ("--log-level trace config check", 0),
        ("--log-level trace doctor", 1),
        ("--role boss status", 2),
        ("token rotate", 1),
        ("man /dev/null/x", 1),
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        let ended = host.run(&words, To::Kept, To::Nobody);
        assert!(ended.is(code), "{line}: {ended:?}");
        let ended = host.run(&words, To::Nobody, To::Nobody);
        let unread = if ended.code == Some(code) {
            code
        } else {
            UNREAD
        };
        assert!(ended.is(unread), "{line}: {ended:?}");
    }
}

/// A full disk is no reader that has gone.
#[test]
fn what_cannot_be_written_for_another_reason_is_told() {
    let host = Host::new();
    for line in [
        "version",
        "status",
        "doctor --json",
        "--help",
        "completions zsh",
        "man",
    ] {
        let words: Vec<_> = line.split(' ').collect();
        let ended = host.run(&words, To::FullDisk, To::Kept);
        assert!(ended.is(1), "{line}: {ended:?}");
        assert!(
            ended
                .stderr
                .starts_with("swarmlet: cannot print: No space left on device"),
            "{line}: {ended:?}"
        );
    }
}

/// No word of theirs and no client that hangs up ends those that serve: not the journal that restarts, not a browser.
#[test]
fn what_runs_for_long_outlives_its_readers() {
    let host = Host::new();
    for verb in OTHERS {
        let mut running = host.start(&["--log-level", "trace", verb], To::Nobody, To::Nobody);
        sleep(Duration::from_secs(2));
        let ignored = running.ignored_signals();
        assert!(
            ignored & SIGPIPE != 0,
            "{verb} dies of SIGPIPE: {ignored:x}"
        );
        if *verb == "dashboard" {
            for _ in 0..3 {
                hang_up(host.dashboard);
            }
        }
        assert!(running.lives(), "{verb} has ended");
    }
}

/// Asks for much, reads little, and has gone before the rest is written.
fn hang_up(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it serves");
    let asked = "GET /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20);
    stream.write_all(asked.as_bytes()).expect("it reads");
    let mut first = [0; 16];
    stream.read_exact(&mut first).expect("it answers");
    assert!(first.starts_with(b"HTTP/1.1 "));
}
