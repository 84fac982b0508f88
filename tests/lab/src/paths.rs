//! Where the lab keeps what.

use std::path::{Path, PathBuf};
use std::{env, fs, io::Write as _};

use anyhow::{Context as _, Result, anyhow};

use crate::name;

/// The folders of one lab.
#[derive(Clone, Debug)]
pub struct Paths {
    /// What lives as long as the lab: machines, logs, sockets. Deleted by `down`.
    pub state: PathBuf,
    /// What outlives it: image layers, the Python environment, build output.
    pub cache: PathBuf,
    /// The repository.
    pub root: PathBuf,
}

impl Paths {
    /// Reads `LAB_DIR`, `LAB_CACHE` and `LAB_ROOT`, with their defaults.
    pub fn from_env() -> Result<Self> {
        let cache =
            match (env::var_os("LAB_CACHE"), env::var_os("XDG_CACHE_HOME")) {
                (Some(cache), _) => PathBuf::from(cache),
                (None, Some(home)) => PathBuf::from(home).join("swarmlet"),
                (None, None) => PathBuf::from(env::var_os("HOME").ok_or_else(|| {
                    anyhow!("cannot find the cache folder: set HOME or LAB_CACHE")
                })?)
                .join(".cache/swarmlet"),
            };
        let state = env::var_os("LAB_DIR")
            .map_or_else(|| PathBuf::from(name::state_folder()), PathBuf::from);
        let root = env::var_os("LAB_ROOT").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".."),
            PathBuf::from,
        );
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot find the repository at {}", root.display()))?;
        Ok(Self { state, cache, root })
    }

    /// The control plane's socket for the lab's own requests.
    pub fn admin_socket(&self) -> PathBuf {
        self.state.join("admin.sock")
    }

    /// Every request that reached the control plane, one JSON object a line.
    pub fn journal(&self) -> PathBuf {
        self.state.join("requests.jsonl")
    }

    /// A machine's folder.
    pub fn machine(&self, instance_id: &str) -> PathBuf {
        self.state.join("machines").join(instance_id)
    }

    /// What a machine wrote to its console, over all its boots.
    pub fn console(&self, instance_id: &str) -> PathBuf {
        self.machine(instance_id).join("console.log")
    }

    /// The image layers.
    pub fn images(&self) -> PathBuf {
        self.cache.join("image")
    }

    /// A program of the Python environment.
    pub fn venv(&self, program: &str) -> PathBuf {
        self.cache.join("venv/bin").join(program)
    }

    /// A script of the repository.
    pub fn script(&self, name: &str) -> PathBuf {
        self.root.join("scripts").join(name)
    }

    /// The `CloudFormation` template of a cluster.
    pub fn template(&self) -> PathBuf {
        self.root.join("scripts/cloudformation/cluster.yaml")
    }
}

/// Writes a file so that a reader sees the old content or the new, never a part.
pub(crate) fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    let inner = || -> std::io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("/"));
        let temporary = path.with_extension("tmp");
        let mut file = fs::File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        fs::File::open(parent)?.sync_all()
    };
    inner().with_context(|| format!("cannot write {}", path.display()))
}
