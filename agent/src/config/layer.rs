//! One source of settings, and whether a setting of it fits.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::fragment::Fragment;
use super::leaves;

/// What one source says.
pub(super) struct Layer {
    pub(super) source: String,
    pub(super) says: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.says.clone()))
    }
}

/// Whether one setting, alone, fits the known sections and types.
pub(super) fn check(path: &[String], value: &Value) -> Result<(), String> {
    let mut alone = Dict::new();
    leaves::put(&mut alone, path, value.clone());
    let fragment = Value::from(alone).deserialize::<Fragment>();
    fragment.map(drop).map_err(|error| error.kind.to_string())
}
