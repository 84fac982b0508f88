//! Settings: fragments, merged, validated.
//!
//! Lowest first: defaults, files under `/usr/lib/swarmlet`, files under `/etc/swarmlet`,
//! environment, tags (see [`crate::node`]), command line.

mod duration;
mod environment;
mod error;
mod flags;
mod fragment;
mod layer;
mod layers;
mod leaves;
mod redact;
#[cfg(test)]
mod reference_tests;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod validate;

use std::path::{Path, PathBuf};

use figment::Figment;

pub use error::{ConfigError, ConfigErrors};
pub use flags::Flags;
pub use settings::{
    AwsSettings, DepartureSettings, DiskSettings, EndpointMode, EngineSettings, Forced,
    LaunchSettings, LogSettings, MetadataSettings, MetricsSettings, NodeSettings, ReadySettings,
    Settings, SwarmSettings, is_kms_key,
};
pub use show::Shown;

impl Settings {
    /// Reads, merges and checks all sources. Every error of every source is in the answer.
    pub fn load(flags: &Flags) -> Result<Self, ConfigErrors> {
        Merged::read(flags, &variables()).settings(flags)
    }

    /// The merged settings as a person wants to see them: where each comes from, no credentials.
    pub fn show(flags: &Flags) -> Result<Shown, ConfigErrors> {
        let merged = Merged::read(flags, &variables());
        merged.settings(flags)?;
        Ok(Shown::new(&merged.figment))
    }
}

impl Default for Settings {
    /// The defaults alone.
    fn default() -> Self {
        let nowhere = Flags {
            root: Some(PathBuf::from("/nonexistent")),
            ..Flags::default()
        };
        let defaults = Merged::read(&nowhere, &[]).settings(&Flags::default());
        defaults.expect("the defaults are valid")
    }
}

fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
        .collect()
}

/// All sources in one, what was wrong with them, and where each setting comes from.
struct Merged {
    figment: Figment,
    errors: Vec<ConfigError>,
}

impl Merged {
    fn read(flags: &Flags, variables: &[(String, String)]) -> Self {
        let mut errors = Vec::new();
        let layers = layers::read(root(flags), variables, flags, &mut errors);
        let figment = layers.into_iter().fold(Figment::new(), Figment::merge);
        Self { figment, errors }
    }

    /// The settings, if neither the sources nor their sum have an error.
    fn settings(&self, flags: &Flags) -> Result<Settings, ConfigErrors> {
        let mut errors = self.errors.clone();
        let fragment = self.figment.extract().unwrap_or_else(|error| {
            errors.push(ConfigError::new("settings", None, &error.kind.to_string()));
            fragment::Fragment::default()
        });
        let settings = validate::settings(fragment, root(flags), flags, &mut |key, cause| {
            errors.push(ConfigError::new(&self.source(key), Some(key), cause));
        });
        match settings {
            Some(settings) if errors.is_empty() => Ok(settings),
            _ => Err(ConfigErrors(errors)),
        }
    }

    fn source(&self, key: &str) -> String {
        let metadata = self.figment.find_metadata(key);
        metadata.map_or_else(
            || "settings".to_owned(),
            |metadata| metadata.name.to_string(),
        )
    }
}

fn root(flags: &Flags) -> &Path {
    flags.root.as_deref().unwrap_or(Path::new("/"))
}
