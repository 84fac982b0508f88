//! Where log messages go: to the journal with their fields, else to standard error.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// What our fields start with in the journal: `SWARMLET_INSTANCE`, `SWARMLET_CLUSTER`, ….
const FIELD_PREFIX: &str = "SWARMLET";
/// Set by systemd for a service whose standard error is the journal.
const JOURNAL_STREAM: &str = "JOURNAL_STREAM";

/// Starts logging at `level`. A second start changes nothing.
///
/// A service logs to the journal. Whoever types a command reads standard error.
pub fn start(level: &str) {
    // Levels by module, without the spans' fields and thus without the engine for regular expressions.
    let filter = level.parse::<Targets>();
    let filter = filter.unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    let is_service = std::env::var_os(JOURNAL_STREAM).is_some() && !stderr().is_terminal();
    let journal = is_service
        .then(tracing_journald::layer)
        .and_then(Result::ok);
    let journal = journal.map(|layer| {
        layer
            .with_field_prefix(Some(FIELD_PREFIX.to_owned()))
            .with_syslog_identifier("swarmlet".to_owned())
    });
    let plain = journal.is_none().then(|| {
        let layer = fmt::layer().with_writer(stderr).with_target(false);
        layer.with_ansi(stderr().is_terminal()).without_time()
    });
    let _ = registry().with(filter).with(journal).with(plain).try_init();
}
