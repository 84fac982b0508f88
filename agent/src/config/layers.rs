//! The sources of settings, lowest first, each checked on its own so that every error is found.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};

use super::environment;
use super::error::ConfigError;
use super::fragment::DEFAULTS;
use super::layer::{Layer, check};
use super::settings::under;
use super::{Flags, leaves};

/// Where files are read from, lowest first; beside each `config.toml` its `config.d`.
const FOLDERS: [&str; 2] = ["/usr/lib/swarmlet", "/etc/swarmlet"];

/// All sources, lowest first. What is wrong with them goes to `errors`; what is right is kept.
pub(super) fn read(
    root: &Path,
    variables: &[(String, String)],
    flags: &Flags,
    errors: &mut Vec<ConfigError>,
) -> Vec<Layer> {
    let mut layers = vec![text("default", DEFAULTS, errors)];
    for folder in FOLDERS {
        for path in files(&under(root, Path::new(folder)), errors) {
            layers.extend(file(&path, errors));
        }
    }
    layers.extend(environment::layers(variables, errors));
    layers.push(Layer {
        source: "command line".to_owned(),
        says: flags.says(),
    });
    layers
}

/// `config.toml`, then `config.d/*.toml` by name.
fn files(folder: &Path, errors: &mut Vec<ConfigError>) -> Vec<PathBuf> {
    let drop_ins = folder.join("config.d");
    let mut found = match fs::read_dir(&drop_ins) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            errors.push(ConfigError::new(
                &drop_ins.display().to_string(),
                None,
                &unreadable(&error),
            ));
            Vec::new()
        }
    };
    found.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    found.sort();
    found.insert(0, folder.join("config.toml"));
    found
}

fn file(path: &Path, errors: &mut Vec<ConfigError>) -> Option<Layer> {
    let source = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(content) => Some(text(&source, &content, errors)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            errors.push(ConfigError::new(&source, None, &unreadable(&error)));
            None
        }
    }
}

fn unreadable(error: &std::io::Error) -> String {
    format!("cannot be read: {error}")
}

fn text(source: &str, content: &str, errors: &mut Vec<ConfigError>) -> Layer {
    let says = match content.parse::<toml::Table>() {
        Ok(table) => dict(&table),
        Err(error) => {
            // The parser's own message quotes the line, which may hold a secret.
            let line = error
                .span()
                .map_or(1, |span| content[..span.start].lines().count().max(1));
            let cause = format!("line {line}: {}", error.message().replace('\n', ", "));
            errors.push(ConfigError::new(source, None, &cause));
            Dict::new()
        }
    };
    Layer {
        source: source.to_owned(),
        says: checked(source, &says, errors),
    }
}

fn dict(table: &toml::Table) -> Dict {
    let value = Value::serialize(table).ok();
    value.and_then(Value::into_dict).unwrap_or_default()
}

/// The part of `says` that is right.
fn checked(source: &str, says: &Dict, errors: &mut Vec<ConfigError>) -> Dict {
    let mut right = Dict::new();
    for (path, value) in leaves::of(says) {
        match check(&path, &value) {
            Ok(()) => leaves::put(&mut right, &path, value),
            Err(cause) => errors.push(ConfigError::new(source, Some(&path.join(".")), &cause)),
        }
    }
    right
}
