//! Settings: fragments, merged, validated.

mod settings;

pub use settings::{
    AwsSettings, EndpointMode, EngineSettings, Forced, LogSettings, MetadataSettings, NodeSettings,
    Settings, SwarmSettings,
};
