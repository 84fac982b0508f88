//! The commands `lab` and `bench` as processes, without a lab: what they tell may go unread. With a lab, the
//! end-to-end cases show the same of every verb.

use std::fs::File;
use std::io::pipe;
use std::process::{Command, Stdio};

const LAB: &str = env!("CARGO_BIN_EXE_lab");
const BENCH: &str = env!("CARGO_BIN_EXE_bench");
/// The code that a shell shows for a program that was ended by SIGPIPE.
const UNREAD: i32 = 141;

/// The exit code, and what it said on standard error.
fn run(program: &str, words: &[&str], out: Stdio, err: Stdio) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    // No lab is up there.
    command.env("LAB_DIR", folder.path().join("lab"));
    let ended = command.stdout(out).stderr(err).output().expect("an end");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), said)
}

fn nobody() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// The verbs, by the command's own help.
fn verbs() -> Vec<String> {
    let help = Command::new(LAB).arg("--help").output().expect("help");
    let help = String::from_utf8(help.stdout).expect("text");
    let (_, verbs) = help.split_once("Commands:\n").expect("verbs");
    let (verbs, _) = verbs.split_once("\n\n").expect("options");
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    verbs.lines().filter_map(first).collect()
}

#[test]
fn help_that_nobody_reads_ends_quietly() {
    let verbs = verbs();
    assert!(verbs.len() > 15, "{verbs:?}");
    let mut lines = vec![
        (LAB, vec!["--help"]),
        (LAB, vec!["--version"]),
        (LAB, vec!["help"]),
    ];
    lines.extend(verbs.iter().map(|verb| (LAB, vec!["help", verb])));
    let own = verbs.iter().filter(|verb| *verb != "help");
    lines.extend(own.map(|verb| (LAB, vec![verb.as_str(), "--help"])));
    lines.extend([
        (LAB, vec!["cluster", "create", "--help"]),
        (BENCH, vec!["--help"]),
    ]);
    for (program, words) in lines {
        // `lab aws --help` is the AWS command line's own.
        if words.first() == Some(&"aws") {
            continue;
        }
        let ended = run(program, &words, nobody(), Stdio::piped());
        assert_eq!(ended, (Some(UNREAD), String::new()), "{program} {words:?}");
    }
}

#[test]
fn a_complaint_that_nobody_reads_leaves_the_exit_code_as_it_is() {
    for (program, words, code) in [
        (LAB, &["nonsense"][..], 2),
        (LAB, &[], 2),
        (LAB, &["ls"], 1),
        (LAB, &["journal"], 1),
        (LAB, &["cluster", "wait", "nobody"], 1),
        (BENCH, &["--nonsense"], 2),
        (BENCH, &["--quick"], 1),
    ] {
        let (read, said) = run(program, words, Stdio::piped(), Stdio::piped());
        assert!(
            read == Some(code) && !said.is_empty(),
            "{words:?}: {read:?} {said}"
        );
        let (unread, _) = run(program, words, nobody(), nobody());
        assert_eq!(unread, Some(code), "{words:?}");
    }
}

#[test]
fn what_cannot_be_written_for_another_reason_is_told() {
    let full = File::create("/dev/full").expect("the device");
    let (code, said) = run(LAB, &["--help"], full.into(), Stdio::piped());
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "lab: cannot print: No space left on device (os error 28)\n"
    );
}
