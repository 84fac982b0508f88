//! The values of a stack's file, which no error repeats: Docker's own words quote some, and what is below `environment:` or
//! among labels may be a password. Keys, and names of what a stack is made of, tell where the mistake is, so they stay.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Variables;
use super::interpolate;
use super::quotes::{QUOTES, first_quoted, without};
use super::yaml::{self, Node, Value};

/// What stands for a value.
const CUT: &str = "…";
/// Their values are names: of images, networks, drivers, files.
const NAMES: [&str; 11] = [
    "image",
    "networks",
    "secrets",
    "configs",
    "source",
    "driver",
    "name",
    "version",
    "file",
    "env_file",
    "depends_on",
];
/// Below these every key is the user's own choice, and none says that its value is a name.
const FREE: [&str; 5] = ["environment", "labels", "args", "driver_opts", "options"];
/// Shorter ones are no secrets, and are in most sentences.
const SHORTEST: usize = 4;
/// What Docker takes values apart at.
const SEPARATORS: [char; 7] = [':', '=', ',', ';', '/', '@', ' '];

/// What Docker may say of a file, and what not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// Keys, and names.
    names: BTreeSet<String>,
    /// All else, the longest first.
    hidden: Vec<String>,
    /// The file itself: what is quoted and not of it is Docker's own word.
    text: String,
    /// It names files of variables, of which nothing is known here.
    has_files: bool,
}

impl Values {
    /// Those of a stack's file. Of one that is no YAML all is a value.
    pub(crate) fn of(stack: &str, text: &str, variables: &Variables) -> Self {
        let mut found = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        match yaml::parse(text) {
            Ok(mut node) => {
                // Docker speaks of some before variables are replaced, of others after.
                found.take(&node, None);
                interpolate::all(&mut node, variables);
                found.take(&node, None);
            }
            Err(_) => text.lines().for_each(|line| found.take_line(line)),
        }
        let own = found.names.iter().map(|name| format!("{stack}_{name}"));
        let own: Vec<String> = own.collect();
        found.names.extend(own);
        found
            .names
            .extend(["true", "false", "null"].map(str::to_owned));
        let names = &found.names;
        let is_told = |value: &String| value.chars().count() < SHORTEST || names.contains(value);
        found.hidden.retain(|value| !is_told(value));
        found.hidden.sort_by_key(|value| Reverse(value.len()));
        found.hidden.dedup();
        found
    }

    /// Takes what is below a key, or what is freely chosen, then without one.
    fn take(&mut self, node: &Node, key: Option<&str>) {
        match &node.value {
            Value::Null => {}
            Value::Scalar(text) if key.is_some_and(|key| NAMES.contains(&key)) => {
                self.names.insert(text.clone());
            }
            Value::Scalar(text) => self.take_value(text),
            Value::List(items) => items.iter().for_each(|item| self.take(item, key)),
            Value::Map(entries) => {
                let is_free = key.is_some_and(|key| FREE.contains(&key));
                for (key, value) in entries {
                    self.has_files |= key == "env_file";
                    self.take_key(key);
                    self.take(value, Some(key).filter(|_| !is_free).map(String::as_str));
                }
            }
        }
    }

    fn take_key(&mut self, key: &str) {
        if is_name(key) {
            self.names.insert(key.to_owned());
        } else {
            self.take_value(key);
        }
    }

    /// With its lines; the key of a `KEY=value` is a name.
    fn take_value(&mut self, text: &str) {
        let lines = text.lines().map(|line| line.trim().to_owned());
        self.hidden.extend(lines);
        self.hidden.push(text.to_owned());
        if let Some((key, value)) = text.split_once('=')
            && is_name(key)
        {
            self.names.insert(key.to_owned());
            self.hidden.push(value.to_owned());
        }
    }

    /// A line of a file that is no YAML: all that could be a value.
    fn take_line(&mut self, line: &str) {
        let mut rest = line.trim();
        self.hidden.push(rest.to_owned());
        while let Some((_, value)) = rest.split_once([':', '=', '-', ' ']) {
            rest = value.trim();
            self.hidden.push(rest.trim_matches(QUOTES).to_owned());
        }
    }

    /// The words without what they repeat of the file's values, and without what they quote of it, unless that is a name.
    pub(crate) fn cut(&self, words: &str) -> String {
        let values = self.hidden.iter();
        let words = values.fold(words.to_owned(), |words, value| without(&words, value, CUT));
        self.without_quotes(&self.without_parts(&words))
    }

    /// Docker takes some values apart, as `80:http`, and tells of a part at the end: `Invalid containerPort: http`.
    fn without_parts(&self, words: &str) -> String {
        let pieces = words.split(": ").enumerate().map(|(index, piece)| {
            let end = piece.find([' ', ';']).unwrap_or(piece.len());
            let (first, rest) = piece.split_at(end);
            if index > 0 && self.is_part(first) {
                format!("{CUT}{rest}")
            } else {
                piece.to_owned()
            }
        });
        pieces.collect::<Vec<_>>().join(": ")
    }

    fn is_part(&self, word: &str) -> bool {
        let is_of = |value: &String| value.split(SEPARATORS).any(|part| part == word);
        !word.is_empty() && !self.names.contains(word) && self.hidden.iter().any(is_of)
    }

    fn without_quotes(&self, words: &str) -> String {
        let mut done = String::new();
        let mut rest = words;
        while let Some((start, end)) = first_quoted(rest, done.chars().next_back()) {
            let inner = &rest[start..end];
            done.push_str(&rest[..start]);
            done.push_str(if self.is_harmless(inner) { inner } else { CUT });
            // With the closing mark, so that it opens nothing.
            let next = (end + 1).min(rest.len());
            done.push_str(&rest[end..next]);
            rest = &rest[next..];
        }
        done + rest
    }

    /// What may stay in quotes: a name, what YAML's reader misses (`']'`), and what is Docker's own (`'duration'`).
    fn is_harmless(&self, quoted: &str) -> bool {
        let is_mark = quoted.len() == 1 && quoted.chars().all(|c| c.is_ascii_punctuation());
        self.names.contains(quoted) || is_mark || self.is_dockers(quoted)
    }

    fn is_dockers(&self, quoted: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._[]".contains(c);
        // Cut off where it is long.
        let start = quoted.trim_end_matches('.');
        let is_of = |value: &String| value.contains(start);
        let is_of_file = self.text.contains(start) || self.hidden.iter().any(is_of);
        !self.has_files && !is_of_file && quoted.chars().all(is_plain)
    }
}

/// Something like `KEY`, `a.b/c` or `x-y`.
fn is_name(key: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    !key.is_empty() && key.chars().all(is_part)
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
