//! The merged settings for people.

use std::fmt::{self, Write as _};

use figment::Figment;
use figment::value::{Dict, Num, Value};

use super::fragment::UNSET;
use super::leaves;
use super::redact::redact;

/// Settings as TOML, each line with its source. Credentials in URLs are hidden.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown(String);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Line {
    section: String,
    text: String,
}

impl Shown {
    pub(super) fn new(merged: &Figment) -> Self {
        let says: Dict = merged.extract().unwrap_or_default();
        let leaves = leaves::of(&says);
        let mut lines: Vec<Line> = leaves
            .iter()
            .map(|(path, value)| set(merged, path, value))
            .collect();
        lines.extend(
            UNSET
                .iter()
                .filter_map(|(key, instead)| unset(&leaves, key, instead)),
        );
        lines.sort_by(|a, b| {
            (&a.section, a.text.trim_start_matches("# "))
                .cmp(&(&b.section, b.text.trim_start_matches("# ")))
        });
        Self(print(&lines))
    }
}

fn set(merged: &Figment, path: &[String], value: &Value) -> Line {
    let (section, key) = if path.len() == 1 {
        ("", path)
    } else {
        (path[0].as_str(), &path[1..])
    };
    let key = key
        .iter()
        .map(|part| quoted_key(part))
        .collect::<Vec<_>>()
        .join(".");
    let source = merged
        .get_metadata(value.tag())
        .map_or("default", |metadata| &metadata.name);
    let text = format!("{key} = {}  # {source}", redact(&literal(value)));
    Line {
        section: section.to_owned(),
        text,
    }
}

fn unset(leaves: &[(Vec<String>, Value)], key: &str, instead: &str) -> Option<Line> {
    let (section, name) = key.split_once('.')?;
    let is_set = leaves
        .iter()
        .any(|(path, _)| path.len() > 1 && path[0] == section && path[1] == name);
    (!is_set).then(|| Line {
        section: section.to_owned(),
        text: format!("# {name} not set: {instead}"),
    })
}

fn print(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut section = "";
    for line in lines {
        if line.section != section {
            section = &line.section;
            let _ = writeln!(out, "\n[{section}]");
        }
        let _ = writeln!(out, "{}", line.text);
    }
    out
}

fn quoted_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        string(key)
    }
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A value as TOML.
fn literal(value: &Value) -> String {
    match value {
        Value::String(_, text) => string(text),
        Value::Char(_, c) => string(&c.to_string()),
        Value::Bool(_, is) => is.to_string(),
        Value::Num(_, number) => numeral(*number),
        Value::Empty(..) => string(""),
        Value::Array(_, items) => {
            format!(
                "[{}]",
                items.iter().map(literal).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Dict(_, inner) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{} = {}", quoted_key(key), literal(value))
            };
            format!(
                "{{{}}}",
                inner.iter().map(pair).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

fn numeral(number: Num) -> String {
    match (number.to_i128(), number.to_u128(), number.to_f64()) {
        (Some(whole), _, _) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, part) => format!("{:?}", part.unwrap_or_default()),
    }
}
