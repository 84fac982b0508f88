//! The files that a stack's file names: they are part of it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Compose, Material};
use protocol::stacks::Origin;
use protocol::stacks::objects::Kind;

/// What swarmkit takes as a secret (`manager/controlapi/secret.go`, `MaxSecretSize`).
const SECRET: usize = 500 * 1024;
/// The same for a config (`MaxConfigSize`); 500 KiB before Docker Engine 23.
const CONFIG: usize = 1000 * 1024;

/// What is named where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Use {
    /// The content of a secret or config, by its key.
    Content(Kind, String),
    /// A file of variables, by its path.
    Environment(String),
}

/// What is in the named files: their digests, since the contents may be secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Contents {
    pub(super) digests: BTreeMap<Use, String>,
    /// The stack is a file itself, and its files are beside it.
    beside: bool,
    /// What cannot be used, with the place in the stack's file; the cure is another for each source.
    pub(super) troubles: Vec<Trouble>,
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    /// What names it, and the line.
    pub(super) place: String,
    pub(super) of: Use,
    pub(super) cause: String,
}

impl Contents {
    /// One digest for a text and all that it names; the text's own where it names nothing.
    pub(crate) fn digest(&self, text: &str) -> String {
        if self.digests.is_empty() {
            return format!("{:x}", Sha256::digest(text.as_bytes()));
        }
        let mut all = Sha256::new();
        all.update(text.as_bytes());
        for (of, digest) in &self.digests {
            all.update(format!("\n{of:?} {digest}").as_bytes());
        }
        format!("{:x}", all.finalize())
    }

    /// The digest of what is in a secret or config.
    pub(super) fn of(&self, kind: Kind, key: &str) -> Option<&String> {
        self.digests.get(&Use::Content(kind, key.to_owned()))
    }
}

/// Reads all files that a stack's file names; paths start from `folder`. Beside what is the same for all managers there are
/// none: each has its own disk, and a stack must not depend on who leads.
pub(crate) fn read(compose: &Compose, folder: &Path, origin: Origin) -> Contents {
    let mut contents = Contents {
        beside: origin == Origin::File,
        ..Contents::default()
    };
    for (name, service) in &compose.services {
        for file in &service.env_files {
            let place = format!("services.{name}.env_file, line {}", file.line);
            let of = Use::Environment(file.text.clone());
            let read = contents.content(folder, &file.text, usize::MAX);
            contents.note(place, of, read);
        }
    }
    for (kind, all, most) in [
        (Kind::Secret, &compose.secrets, SECRET),
        (Kind::Config, &compose.configs, CONFIG),
    ] {
        for (key, material) in all {
            contents.take(kind, key, material, folder, most);
        }
    }
    contents
}

impl Contents {
    fn take(&mut self, kind: Kind, key: &str, material: &Material, folder: &Path, most: usize) {
        if let Some(file) = material.file.as_ref().filter(|_| !material.external) {
            let place = format!("{kind}s.{key}, line {}", material.line);
            let of = Use::Content(kind, key.to_owned());
            let read = match self.content(folder, file, most) {
                Ok(bytes) if bytes.is_empty() && kind == Kind::Secret => {
                    Err(format!("{file} is empty, which Docker takes for no secret"))
                }
                other => other,
            };
            self.note(place, of, read);
        }
    }

    fn content(&self, folder: &Path, file: &str, most: usize) -> Result<Vec<u8>, String> {
        if self.beside {
            return content(&folder.join(file), most);
        }
        Err(format!(
            "{file} would be read on whichever manager leads, and what comes from Parameter Store or S3 is the same on all"
        ))
    }

    fn note(&mut self, place: String, of: Use, read: Result<Vec<u8>, String>) {
        match read {
            Ok(bytes) => drop(
                self.digests
                    .insert(of, format!("{:x}", Sha256::digest(bytes))),
            ),
            Err(cause) => self.troubles.push(Trouble { place, of, cause }),
        }
    }
}

fn content(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let limit = most.min(CONFIG) as u64;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        let limit = limit / 1024;
        return Err(format!(
            "{} is larger than the {limit} KiB that Docker takes",
            path.display()
        ));
    }
    Ok(bytes)
}
