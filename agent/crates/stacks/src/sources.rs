//! What stacks there are to be: files of this manager, parameters, and objects in S3 that these name.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::compose::{Compose, Contents};
use aws::depot::LARGEST;
use protocol::stacks::{Origin, is_name};

/// What a parameter's value begins with that holds a file in base64: Parameter Store takes no value with
/// `{{` in it, which Swarm's own templates have.
const ENCODED: &str = "base64:";

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
    /// Nothing but comments: nothing of that name is to run.
    Nothing,
    /// It cannot be read, or not be used.
    Broken(String),
}

#[derive(Clone, Debug)]
pub(super) struct StackFile {
    pub(super) text: String,
    /// What is in it, or what is wrong with it.
    pub(super) checked: Result<Checked, String>,
}

/// A file that can be used.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) compose: Compose,
    /// What is in the files that it names.
    pub(super) contents: Contents,
    /// SHA-256 of all of it.
    pub(super) digest: String,
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

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (&String, &mut Source)> {
        let parameters = self.parameters.iter_mut().flatten();
        self.files.iter_mut().chain(parameters)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Source> {
        let parameters = self.parameters.as_ref();
        let parameter = parameters.and_then(|parameters| parameters.get(name));
        parameter.or_else(|| self.files.get(name))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.parameters.is_some() && self.trouble.is_none()
    }
}

const UNCHECKED: &str = "not checked yet";
const EMPTY: &str = "cannot use it: it is empty; delete the parameter to remove the stack, or write a comment into \
                     it (`# nothing`)";

impl Source {
    pub(super) fn new(
        origin: Origin,
        name: &str,
        place: String,
        text: Result<String, String>,
    ) -> Self {
        let content = match text.and_then(|text| checked(name, text)) {
            Err(cause) => Content::Broken(cause),
            // A file is emptied by its owner; what comes from elsewhere may be half written.
            Ok(text) if origin == Origin::Parameter && text.trim().is_empty() => {
                Content::Broken(EMPTY.to_owned())
            }
            Ok(text) if is_blank(&text) => Content::Nothing,
            Ok(text) => Content::File(StackFile {
                text,
                checked: Err(UNCHECKED.to_owned()),
            }),
        };
        Self {
            origin,
            place,
            content,
        }
    }

    /// What is in it, if it can be used.
    pub(super) fn checked(&self) -> Option<(&StackFile, &Checked)> {
        match &self.content {
            Content::File(file) => Some((file, file.checked.as_ref().ok()?)),
            _ => None,
        }
    }

    /// What is wrong with it.
    pub(super) fn mistake(&self) -> Option<String> {
        match &self.content {
            Content::Broken(cause) => Some(cause.clone()),
            Content::File(file) => file.checked.as_ref().err().cloned(),
            Content::Nothing => None,
        }
    }
}

fn checked(name: &str, text: String) -> Result<String, String> {
    if !is_name(name) {
        return Err(format!(
            "cannot name a stack {name:?}: use up to 40 of a-z, 0-9, \"-\" and \"_\", a letter or digit first"
        ));
    }
    if text.len() > LARGEST {
        return Err(too_large());
    }
    Ok(text)
}

fn too_large() -> String {
    format!("cannot use it: it is larger than {} KiB", LARGEST / 1024)
}

/// The file in a parameter's value.
pub(super) fn decoded(value: &str) -> Result<String, String> {
    let Some(encoded) = value.trim().strip_prefix(ENCODED) else {
        return Ok(value.to_owned());
    };
    let encoded: String = encoded.split_whitespace().collect();
    let bytes = STANDARD.decode(encoded).map_err(|error| error.to_string());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    text.map_err(|cause| format!("cannot read it as base64: {cause}"))
}

/// Whether there is nothing in it but comments.
fn is_blank(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with('#'))
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
        return Err(too_large());
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
        assert!(matches!(&found["web"].content, Content::File(_)));
        assert!(matches!(found["off"].content, Content::Nothing));
        assert!(broken("Bad").contains("a-z"));
        assert!(broken("two").contains("both this stack"));
        assert!(broken("large").contains("larger than 256 KiB"));
        assert!(files(&folder.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn an_empty_parameter_is_broken_and_an_empty_file_is_nothing() {
        let source = |origin, text: &str| Source::new(origin, "a", "p".into(), Ok(text.into()));
        for text in ["", " ", "\n\n"] {
            assert!(matches!(
                source(Origin::File, text).content,
                Content::Nothing
            ));
            let mistake = source(Origin::Parameter, text).mistake().unwrap();
            assert!(mistake.contains("it is empty"), "{mistake}");
        }
        for origin in [Origin::File, Origin::Parameter] {
            assert!(matches!(
                source(origin, "# nothing\n").content,
                Content::Nothing
            ));
        }
    }

    #[test]
    fn a_parameter_may_hold_its_file_in_base64() {
        let line = decoded("base64:aG9zdG5hbWU6ICJ7ey5Ob2RlLkhvc3RuYW1lfX0iCg==\n").unwrap();
        assert_eq!(line, "hostname: \"{{.Node.Hostname}}\"\n");
        assert_eq!(decoded("base64:aG9z\ndG5hbWU=").unwrap(), "hostname");
        assert_eq!(decoded("services: {}").unwrap(), "services: {}");
        for bad in ["base64:%", "base64:/w=="] {
            assert!(
                decoded(bad)
                    .unwrap_err()
                    .starts_with("cannot read it as base64: ")
            );
        }
    }
}
