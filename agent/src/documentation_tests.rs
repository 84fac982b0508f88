//! The documentation says what the code and the template say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use strum::VariantNames;

use protocol::Reason;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder with that ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
    found
}

/// The string literals of Rust code, their escapes resolved.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, tail) = rest.split_at(at);
        rest = if tail.starts_with("//") {
            tail.split_once('\n').map_or("", |(_, next)| next)
        } else if tail.starts_with("'\"'") || tail.starts_with("'/'") {
            &tail[3..]
        } else if !tail.starts_with('"') {
            &tail[1..]
        } else if let Some(raw) = before.strip_suffix("r#") {
            let (inner, next) = tail[1..].split_once("\"#").expect(raw);
            found.push(inner.to_owned());
            next
        } else {
            let (inner, next) = quoted(&tail[1..]);
            found.push(inner);
            next
        };
    }
    found
}

/// A literal up to its closing quote, and what follows it.
fn quoted(code: &str) -> (String, &str) {
    let mut inner = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\\']) {
        inner.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if rest[at..].starts_with('"') {
            return (inner, tail);
        }
        rest = if tail.starts_with('\n') {
            tail.trim_start()
        } else {
            inner.extend(tail.chars().next());
            tail.get(1..).unwrap_or_default()
        };
    }
    (inner, "")
}

/// Whether a literal has the parts of a message, in their order; `…` stands for anything.
fn says(literal: &str, message: &str) -> bool {
    let mut rest = literal;
    message
        .split('…')
        .filter(|part| !part.is_empty())
        .all(|part| {
            let Some((_, after)) = rest.split_once(part) else {
                return false;
            };
            rest = after;
            true
        })
}

#[test]
fn literals_are_found_as_the_program_has_them() {
    let code = r#"
        /// a "comment" // it's
        f('"', "one \"two\" \
               three", 'a', "a // b");
    "#;
    assert_eq!(literals(code), ["one \"two\" three", "a // b"]);
    assert_eq!(literals("r#\"raw \"x\"\"#, 1"), ["raw \"x\""]);
    assert!(says(
        "cannot read {path}: {cause}; mend",
        "cannot read …: …; mend"
    ));
    assert!(!says(
        "cannot read {path}: {cause}",
        "cannot read …: …; mend"
    ));
    assert!(!says("b, then a", "a…b"));
}

#[test]
fn every_message_in_troubleshooting_is_one_of_the_programs() {
    let folders = ["agent/src", "agent/crates"];
    let sources = folders
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"));
    let sources: Vec<_> = sources.collect();
    let all: Vec<String> = sources
        .iter()
        .filter(|path| !path.ends_with("documentation_tests.rs"))
        .flat_map(|path| literals(&text(path)))
        .collect();
    let document = text("docs/troubleshooting.md");
    let headings = document
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    let unknown: Vec<_> = headings
        .clone()
        .filter(|message| !all.iter().any(|literal| says(literal, message)))
        .collect();
    assert!(headings.count() > 30);
    assert!(unknown.is_empty(), "said by nobody: {unknown:#?}");
}

#[test]
fn every_reason_is_explained() {
    let document = text("docs/troubleshooting.md");
    let table = document
        .split("| reason | says |")
        .nth(1)
        .expect("the table");
    let explained: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once(" | "))
        .flat_map(|(names, _)| names.split(", "))
        .map(|name| name.trim_matches('`'))
        .collect();
    let unique: BTreeSet<_> = explained.iter().copied().collect();
    assert_eq!(unique.len(), explained.len(), "one is there twice");
    assert_eq!(unique, Reason::VARIANTS.iter().copied().collect());
}

/// The actions of a policy file.
fn policy(role: &str) -> BTreeSet<String> {
    let file = text(format!("docs/examples/iam/{role}.json"));
    let policy: Value = serde_json::from_str(&file).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements.iter().flat_map(|said| match &said["Action"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    });
    actions
        .map(|action| action.as_str().expect("an action").to_owned())
        .collect()
}

/// The actions that a role's own policy in the template allows.
fn template(role: &str) -> BTreeSet<String> {
    let template = text("scripts/cloudformation/cluster.yaml");
    let (_, from) = template
        .split_once(&format!("\n  {role}Role:\n"))
        .expect("the role");
    let (role, _) = from
        .split_once(&format!("\n  {role}Profile:\n"))
        .expect("the profile");
    let (_, policies) = role.split_once("Policies:").expect("its policies");
    let lines = policies
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Action:"));
    lines
        .flat_map(|line| line.split(['[', ']', ',', '\'', ' ']))
        .filter(|word| word.contains(':'))
        .map(str::to_owned)
        .collect()
}

/// The actions of a column of the table in the documentation.
fn documented(column: usize) -> BTreeSet<String> {
    let document = text("docs/security.md");
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let action = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        let is_action = action.contains(':') && cells.len() > 6;
        (is_action && cells[column] == "yes").then(|| action.to_owned())
    });
    rows.collect()
}

#[test]
fn policies_are_the_same_in_template_examples_and_documentation() {
    for (role, name, column) in [("Manager", "manager", 3), ("Worker", "worker", 4)] {
        assert!(template(role).contains("ssm:GetParameter"), "{role}");
        assert_eq!(template(role), policy(name), "{role}: template, example");
        assert_eq!(policy(name), documented(column), "{role}: example, table");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut documents = files(&root().join("docs"), "md");
    documents.push(root().join("README.md"));
    for document in documents {
        let folder = document.parent().expect("a folder");
        for link in text(&document).split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let target = if file.is_empty() {
                document.clone()
            } else {
                folder.join(file)
            };
            assert!(target.exists(), "{}: {link}", document.display());
            let has_anchor = || text(&target).lines().any(|line| anchor_of(line) == anchor);
            assert!(
                anchor.is_empty() || has_anchor(),
                "{}: {link}",
                document.display()
            );
        }
    }
}

/// The anchor of a heading.
fn anchor_of(line: &str) -> String {
    let heading = line.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}
