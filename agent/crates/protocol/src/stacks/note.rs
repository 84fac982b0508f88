//! What the swarm's label says of a stack: `deployed parameter <digest> <host>=<mark> … objects=<number>`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The word for what the swarm had of the stack after its deployment. It reads like a registry's, so that
/// an earlier version of the agent takes it for one that nothing is pulled from.
const OBJECTS: &str = "objects";

/// Where a stack's file comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A folder of one manager, which the next leader may not have: its absence says nothing.
    File,
    /// Parameter Store, which is the same for all: its absence removes the stack.
    Parameter,
}

/// How far a deployment has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// It may or may not have had an effect.
    Begun,
    /// The swarm has all of it.
    Deployed,
}

/// What the swarm's label says of one stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// How far it has come.
    pub stage: Stage,
    /// Where it came from.
    pub origin: Origin,
    /// SHA-256 of its file, and of the files that it names.
    pub digest: String,
    /// What the swarm had of it after its deployment (see [`crate::stacks::objects::fingerprint`]); none in
    /// a note of an earlier version of the agent.
    pub objects: Option<u64>,
    /// By host, the version of the password it was given, or when that of the role is to be renewed.
    pub logins: BTreeMap<String, u64>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Begun => "begun",
            Stage::Deployed => "deployed",
        };
        let origin = match self.origin {
            Origin::File => "file",
            Origin::Parameter => "parameter",
        };
        write!(f, "{stage} {origin} {}", self.digest)?;
        for (host, mark) in &self.logins {
            write!(f, " {host}={mark}")?;
        }
        match self.objects {
            Some(number) => write!(f, " {OBJECTS}={number}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Note {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        let stage = match words.next() {
            Some("begun") => Stage::Begun,
            Some("deployed") => Stage::Deployed,
            _ => return Err(()),
        };
        let origin = match words.next() {
            Some("file") => Origin::File,
            Some("parameter") => Origin::Parameter,
            _ => return Err(()),
        };
        let digest = words.next().filter(|digest| !digest.is_empty()).ok_or(())?;
        let login = |word: &str| {
            let (host, mark) = word.rsplit_once('=')?;
            Some((host.to_owned(), mark.parse().ok()?))
        };
        let logins: Option<BTreeMap<_, _>> = words.map(login).collect();
        let mut logins = logins.ok_or(())?;
        Ok(Self {
            stage,
            origin,
            digest: digest.to_owned(),
            objects: logins.remove(OBJECTS),
            logins,
        })
    }
}
