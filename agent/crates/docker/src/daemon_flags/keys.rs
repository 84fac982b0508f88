//! Flags and the keys of `daemon.json` that they stand for (moby, `cmd/dockerd/config*.go`).

use super::Flag;
use super::words::is_flag;

/// Flags that are named in the singular, or are older names.
const NAMED: [(&str, &str); 18] = [
    ("add-runtime", "runtimes"),
    ("authorization-plugin", "authorization-plugins"),
    ("cdi-spec-dir", "cdi-spec-dirs"),
    ("cluster-store-opt", "cluster-store-opts"),
    ("default-address-pool", "default-address-pools"),
    ("default-network-opt", "default-network-opts"),
    ("default-ulimit", "default-ulimits"),
    ("dns-opt", "dns-opts"),
    ("exec-opt", "exec-opts"),
    ("feature", "features"),
    ("graph", "data-root"),
    ("host", "hosts"),
    ("insecure-registry", "insecure-registries"),
    ("label", "labels"),
    ("log-opt", "log-opts"),
    ("node-generic-resource", "node-generic-resources"),
    ("registry-mirror", "registry-mirrors"),
    ("storage-opt", "storage-opts"),
];
const SHORT: [(char, &str); 8] = [
    ('b', "bridge"),
    ('g', "data-root"),
    ('G', "group"),
    ('H', "hosts"),
    ('l', "log-level"),
    ('p', "pidfile"),
    ('s', "storage-driver"),
    ('D', "debug"),
];
/// Those that take no value.
const ALONE: [char; 4] = ['D', 'h', 'r', 'v'];

/// The flags among the engine's words.
pub(super) fn flags(words: &[String]) -> Vec<Flag> {
    let mut found = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().filter(|next| !is_flag(next));
        let (flag, has_taken) = match word.strip_prefix("--") {
            Some("") => break,
            Some(long) => self::long(long, next),
            None => match short(word, next, &mut found) {
                Some(flag) => flag,
                None => continue,
            },
        };
        found.push(flag);
        if has_taken {
            words.next();
        }
    }
    found
}

/// `--name`, `--name=value`, `--name value`; with whether the next word was its value.
fn long(text: &str, next: Option<&str>) -> (Flag, bool) {
    let (name, own) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let named = NAMED.iter().find(|(flag, _)| *flag == name);
    let flag = Flag {
        key: named.map_or(name, |(_, key)| key).to_owned(),
        name: format!("--{name}"),
        value: own.or(next).map(str::to_owned),
    };
    (flag, own.is_none() && next.is_some())
}

/// `-Hvalue`, `-H=value`, `-H value`, and before them some that take no value, as in `-DH value`.
fn short(word: &str, next: Option<&str>, found: &mut Vec<Flag>) -> Option<(Flag, bool)> {
    let mut rest = word.strip_prefix('-')?;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        let key = SHORT.iter().find(|(short, _)| *short == letter);
        let mut flag = Flag {
            key: key.map_or_else(|| letter.to_string(), |(_, key)| (*key).to_owned()),
            name: format!("-{letter}"),
            value: None,
        };
        if !ALONE.contains(&letter) {
            let own = Some(rest.strip_prefix('=').unwrap_or(rest)).filter(|own| !own.is_empty());
            flag.value = own.or(next).map(str::to_owned);
            return Some((flag, own.is_none() && next.is_some()));
        }
        found.push(flag);
    }
    None
}

/// Whether a flag's value says that it is on, as Go reads it (`strconv.ParseBool`).
pub(super) fn is_true(value: &str) -> bool {
    ["1", "t", "T", "TRUE", "true", "True"].contains(&value)
}
