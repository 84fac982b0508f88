//! What happened, in virtual time, on standard error.

use std::fmt;

use tokio::time::Instant;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Seconds since the simulation's start.
struct Virtual(std::sync::OnceLock<Instant>);

impl FormatTime for Virtual {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let born = self.0.get_or_init(Instant::now);
        write!(writer, "{:9.3}", born.elapsed().as_secs_f64())
    }
}

/// From here on the journals of all nodes and the world's are told.
pub(crate) fn tell() {
    let told = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_timer(Virtual(std::sync::OnceLock::new()))
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    let _ = told.try_init();
}
