//! `/etc/swarmlet/environment` for commands typed in a shell. systemd reads it for the units; without
//! this a command would look for another AWS endpoint, another proxy or other settings than they do.

use std::env;
use std::io;
use std::iter::Peekable;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::str::Chars;

const FILE: &str = "/etc/swarmlet/environment";

/// Starts this command anew with what the file sets and the caller's environment does not, if there is
/// any. A process cannot change its own environment while others may read it, so it is a new one; under
/// systemd all is set already.
pub(super) fn complete() -> io::Result<()> {
    let text = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut missing = parse(&text);
    missing.retain(|(key, _)| env::var_os(key).is_none());
    if missing.is_empty() {
        return Ok(());
    }
    let mut command = Command::new(env::current_exe()?);
    Err(command.args(env::args_os().skip(1)).envs(missing).exec())
}

/// What cannot be done, for whom it concerns.
pub(super) fn warning(error: &io::Error) -> String {
    format!("cannot read {FILE}: {error}; going on without it, unlike the units")
}

/// The assignments of a file as systemd reads it (systemd.exec(5), `EnvironmentFile=`): what is no
/// assignment is left out.
fn parse(text: &str) -> Vec<(String, String)> {
    let mut rest = text.chars().peekable();
    let mut found = Vec::new();
    while rest.peek().is_some() {
        let key = key(&mut rest);
        if rest.next() == Some('=') {
            let value = value(&mut rest);
            if is_name(&key) {
                found.push((key, value));
            }
        }
    }
    found
}

/// Up to the equals sign, or the end of a line that has none.
fn key(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut key = String::new();
    let ends = |key: &str, c: char| c == '\n' || c == '=' && !is_comment(key);
    while let Some(c) = rest.next_if(|c| !ends(&key, *c)) {
        key.push(c);
    }
    key.trim().to_owned()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', ';'])
}

fn is_name(key: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    key.chars().all(word) && !key.starts_with(|c: char| c.is_ascii_digit()) && !key.is_empty()
}

/// Up to the end of the line, without quotes, escapes, and the blanks around it.
fn value(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    let mut kept = 0;
    while let Some(c) = rest.next() {
        match c {
            '\n' => break,
            '\'' | '"' if value.trim().is_empty() => {
                value.clear();
                quoted(c, rest, &mut value);
                kept = value.len();
            }
            '\\' => {
                value.extend(rest.next().filter(|c| *c != '\n'));
                kept = value.len();
            }
            c if c.is_whitespace() && value.is_empty() => {}
            c => {
                value.push(c);
                kept = if c.is_whitespace() { kept } else { value.len() };
            }
        }
    }
    value.truncate(kept);
    value
}

/// Up to the closing quote. Between double ones a backslash takes the meaning of four characters.
fn quoted(quote: char, rest: &mut Peekable<Chars<'_>>, value: &mut String) {
    while let Some(c) = rest.next().filter(|c| *c != quote) {
        if c != '\\' || quote == '\'' {
            value.push(c);
            continue;
        }
        match rest.next() {
            Some('\n') | None => {}
            Some(c @ ('"' | '\\' | '`' | '$')) => value.push(c),
            Some(c) => value.extend(['\\', c]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_systemd_reads_it() {
        let cases: [(&str, &[(&str, &str)]); 14] = [
            ("A=1\nB=2", &[("A", "1"), ("B", "2")]),
            ("# A=1\n; B=2\n\n  C = 3  \n", &[("C", "3")]),
            ("no assignment\nA=1\n", &[("A", "1")]),
            ("A=", &[("A", "")]),
            ("A=a b  \n", &[("A", "a b")]),
            ("A=\"a b \"  \n", &[("A", "a b ")]),
            ("A='a \\ $x \"b\"'\n", &[("A", "a \\ $x \"b\"")]),
            ("A=\"a\\\"b\\$c\\d\"\n", &[("A", "a\"b$c\\d")]),
            ("A=\"two\nlines\"\nB=1", &[("A", "two\nlines"), ("B", "1")]),
            ("A=a\\\nb\nB=1", &[("A", "ab"), ("B", "1")]),
            ("A=a\\ \n", &[("A", "a ")]),
            ("A=b=c#d\n", &[("A", "b=c#d")]),
            ("1A=1\nA-B=2\n=3\nC=it's\n", &[("C", "it's")]),
            ("A='open", &[("A", "open")]),
        ];
        for (text, expected) in cases {
            let found = parse(text);
            let found: Vec<_> = found
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
