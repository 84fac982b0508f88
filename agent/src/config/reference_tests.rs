//! The reference of settings and the installed file say what the code says.

use std::collections::BTreeMap;

use super::fragment::{DEFAULTS, Fragment, SECTIONS, UNSET};

const REFERENCE: &str = include_str!("../../../docs/configuration.md");
const INSTALLED: &str = include_str!("../../../systemd/config.toml");
/// The only table without keys of its own.
const FREE: (&str, &str) = ("engine.daemon", "a table, empty");

/// The keys that the code knows: it lists them when it meets one that it does not know.
fn known() -> Vec<String> {
    let listed = |text: &str| -> Vec<String> {
        let error = toml::from_str::<Fragment>(text).expect_err(text);
        let (_, names) = error.message().split_once("expected ").expect("a list");
        names
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let mut keys = listed("unknown = 1");
    keys.retain(|key| !SECTIONS.contains(&key.as_str()));
    for section in SECTIONS {
        let below = listed(&format!("[{section}]\nunknown = 1"));
        keys.extend(below.into_iter().map(|key| format!("{section}.{key}")));
    }
    keys.sort();
    keys
}

/// What each key is while nobody has set it, as the reference shows it.
fn defaults() -> BTreeMap<String, String> {
    let mut found: BTreeMap<_, _> = flat(DEFAULTS)
        .into_iter()
        .map(|(key, value)| (key, format!("`{value}`")))
        .collect();
    for (key, instead) in UNSET {
        let instead = instead.replace('<', "&lt;").replace('>', "&gt;");
        found.insert(key.to_owned(), format!("not set: {instead}"));
    }
    found.insert(FREE.0.to_owned(), FREE.1.to_owned());
    found
}

/// The keys of a file in two levels, with their values.
fn flat(text: &str) -> BTreeMap<String, toml::Value> {
    let table: toml::Table = text.parse().expect("TOML");
    let mut found = BTreeMap::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => {
                let below = inner
                    .into_iter()
                    .map(|(name, value)| (format!("{key}.{name}"), value));
                found.extend(below);
            }
            value => drop(found.insert(key, value)),
        }
    }
    found
}

#[test]
fn the_reference_has_every_setting_with_its_default() {
    let rows = REFERENCE
        .split("## Tags")
        .next()
        .unwrap_or_default()
        .lines();
    let documented: BTreeMap<String, String> = rows
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let key = cells.next()?.strip_suffix('`')?;
            Some((key.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    assert_eq!(documented, defaults());
    assert_eq!(documented.into_keys().collect::<Vec<_>>(), known());
}

#[test]
fn the_installed_file_shows_every_setting_with_its_default() {
    let mut text = String::new();
    for line in INSTALLED.lines() {
        // A comment that is a setting: `# key = …`.
        let setting = line
            .strip_prefix("# ")
            .filter(|rest| rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)));
        text.push_str(setting.unwrap_or(line));
        text.push('\n');
    }
    toml::from_str::<Fragment>(&text).expect("all of it together is valid");
    let shown = flat(&text);
    let mut keys: Vec<_> = shown.keys().cloned().collect();
    keys.retain(|key| !key.starts_with(FREE.0));
    let mut expected = known();
    expected.retain(|key| key != FREE.0);
    assert_eq!(keys, expected);
    for (key, default) in flat(DEFAULTS) {
        assert_eq!(shown[&key], default, "{key} in systemd/config.toml");
    }
}

fn is_key(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}
