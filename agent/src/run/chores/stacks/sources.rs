//! What stacks there are to be: files of this manager, parameters, and objects in S3 that these name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cloud::depot::LARGEST;
use crate::swarm::stacks::{Origin, is_name};

/// Where a manager's own files are.
pub(in crate::run) const FOLDER: &str = "/etc/swarmlet/stacks";

/// All sources, as last read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) files: BTreeMap<String, Source>,
    /// None before the first answer: then nobody knows what is in Parameter Store.
    pub(super) parameters: Option<BTreeMap<String, Source>>,
    /// Why Parameter Store cannot be read.
    pub(super) trouble: Option<String>,
    pub(super) objects: BTreeMap<String, Object>,
}

/// A stack's source.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) origin: Origin,
    /// A path, a parameter's name, an address in S3.
    pub(super) place: String,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    File(StackFile),
    /// Empty: nothing of that name is to run.
    Nothing,
    /// It cannot be read, or not be used.
    Broken(String),
}

#[derive(Clone, Debug)]
pub(super) struct StackFile {
    pub(super) text: String,
    pub(super) digest: String,
    /// The registries that it pulls from, or what is wrong with it.
    pub(super) hosts: Result<BTreeSet<String>, String>,
}

/// An object in S3, as last fetched.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) mark: String,
    pub(super) text: String,
}

impl Sources {
    /// By name. Parameter Store, which is the same for all managers, goes before files.
    pub(super) fn all(&self) -> BTreeMap<&String, &Source> {
        let parameters = self.parameters.iter().flatten();
        self.files.iter().chain(parameters).collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Source> {
        let parameters = self.parameters.as_ref();
        let parameter = parameters.and_then(|parameters| parameters.get(name));
        parameter.or_else(|| self.files.get(name))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.parameters.is_some() && self.trouble.is_none()
    }

    /// Where an earlier look has found the same text, it need not be checked again.
    pub(super) fn keep_checks(old: &BTreeMap<String, Source>, new: &mut BTreeMap<String, Source>) {
        for (name, source) in new {
            let before = old.get(name).map(|source| &source.content);
            if let (Content::File(file), Some(Content::File(before))) =
                (&mut source.content, before)
                && file.digest == before.digest
                && before.hosts.is_ok()
            {
                file.hosts.clone_from(&before.hosts);
            }
        }
    }
}

impl Source {
    pub(super) fn new(
        origin: Origin,
        name: &str,
        place: String,
        text: Result<String, String>,
    ) -> Self {
        let text = text.and_then(|text| checked(name, text));
        let content = match text {
            Err(cause) => Content::Broken(cause),
            Ok(text) if is_blank(&text) => Content::Nothing,
            Ok(text) => Content::File(StackFile {
                digest: digest(&text),
                text,
                hosts: Err(UNCHECKED.to_owned()),
            }),
        };
        Self {
            origin,
            place,
            content,
        }
    }
}

const UNCHECKED: &str = "not checked yet";

fn checked(name: &str, text: String) -> Result<String, String> {
    if !is_name(name) {
        return Err(format!(
            "cannot name a stack {name:?}: use up to 40 of a-z, 0-9, \"-\" and \"_\", a letter or digit first"
        ));
    }
    if text.len() > LARGEST {
        return Err(format!(
            "cannot use it: it is larger than {} KiB",
            LARGEST / 1024
        ));
    }
    Ok(text)
}

/// Whether there is nothing in it but comments.
fn is_blank(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with('#'))
}

fn digest(text: &str) -> String {
    use std::fmt::Write;
    let bytes = Sha256::digest(text.as_bytes());
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The files of a folder; one that is not there has none.
pub(super) fn files(folder: &Path) -> std::io::Result<BTreeMap<String, Source>> {
    let mut found: BTreeMap<String, Source> = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let (Some("yml" | "yaml"), Some(name)) = (ending, stem) else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let place = path.display().to_string();
        let source = match found.get(&name) {
            Some(other) => {
                let cause = format!(
                    "{} and {place} are both this stack: remove one",
                    other.place
                );
                Source::new(Origin::File, &name, place, Err(cause))
            }
            None => Source::new(Origin::File, &name, place, read(&path)),
        };
        found.insert(name, source);
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map(|file| file.len());
    if size.is_ok_and(|size| size > LARGEST as u64) {
        return Err(format!(
            "cannot use it: it is larger than {} KiB",
            LARGEST / 1024
        ));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot read it: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_stacks_by_their_name_and_blank_ones_are_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("web.yml", "services: {}");
        put("off.yaml", "# taken out of service\n\n");
        put("Bad.yml", "x");
        put("two.yml", "x");
        put("two.yaml", "x");
        put("large.yml", &"x".repeat(LARGEST + 1));
        put(".web.yml", "an editor's");
        put("notes.txt", "x");
        let found = files(folder.path()).unwrap();
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["Bad", "large", "off", "two", "web"]);
        let broken = |name: &str| match &found[name].content {
            Content::Broken(cause) => cause.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert!(matches!(&found["web"].content, Content::File(file) if file.digest.len() == 64));
        assert!(matches!(found["off"].content, Content::Nothing));
        assert!(broken("Bad").contains("a-z"));
        assert!(broken("two").contains("both this stack"));
        assert!(broken("large").contains("larger than 256 KiB"));
        assert!(files(&folder.path().join("none")).unwrap().is_empty());
    }
}
