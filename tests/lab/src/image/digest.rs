//! A digest over all that goes into a layer.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::sh::output;

/// Collects inputs, one a line.
#[derive(Clone, Default)]
pub(super) struct Digest {
    inputs: String,
}

impl Digest {
    /// Adds a word or a line.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.inputs.push_str(text);
        self.inputs.push('\n');
        self
    }

    /// Adds a file, or a folder with all below: names, modes and contents.
    pub(super) fn path(mut self, path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        walk(path, &mut files).with_context(|| format!("cannot read {}", path.display()))?;
        let parent = path.parent().unwrap_or(path);
        for file in files {
            let executable = fs::metadata(&file)?.permissions().mode() & 0o111 != 0;
            // The program, not a crate: without optimisation a crate takes seconds for the binary.
            let sum = output(Command::new("sha256sum").arg("--").arg(&file))?;
            let sum = sum.split(' ').next().unwrap_or_default();
            let name = file.strip_prefix(parent).unwrap_or(&file).display();
            self = self.text(&format!("{name} {executable} {sum}"));
        }
        Ok(self)
    }

    /// Sixteen hex digits.
    pub(super) fn finish(self) -> Result<String> {
        let mut child = Command::new("sha256sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run sha256sum")?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(self.inputs.as_bytes())?;
        }
        let sum = String::from_utf8_lossy(&child.wait_with_output()?.stdout).into_owned();
        match sum.get(..16) {
            Some(digits) => Ok(digits.to_owned()),
            None => bail!("cannot make a digest: sha256sum printed {sum:?}"),
        }
    }
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut below = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    below.sort();
    below.iter().try_for_each(|path| walk(path, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_borders_of_inputs_matter() {
        let one = Digest::default()
            .text("ab")
            .text("c")
            .finish()
            .expect("digest");
        let other = Digest::default()
            .text("a")
            .text("bc")
            .finish()
            .expect("digest");
        assert_ne!(one, other);
        assert_eq!(one.len(), 16);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert!(Digest::default().path(Path::new("/nonexistent/x")).is_err());
    }
}
