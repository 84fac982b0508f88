//! What is told of the disk: in the journal, in the status and in numbers.

use std::path::{Path, PathBuf};

use tokio::sync::watch;
use tracing::{info, warn};

use super::CleanError;
use protocol::cleaning::{Share, Step};
use view::metrics::Metrics;
use view::status;
use view::status::disk::{Disk, DiskState};

/// Why nothing more goes where nothing is wrong.
const NOTHING_LEFT: &str = "what is left of images is in use, named by a service, kept or too new";

/// What was told, and where the status and the numbers are.
pub(super) struct Told {
    shown: watch::Sender<Option<Disk>>,
    metrics: Metrics,
    folder: PathBuf,
    cleans: bool,
    images: u64,
    containers: u64,
    /// What was said last of what does not succeed.
    trouble: Option<String>,
}

impl Told {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            shown: watch::channel(None).0,
            metrics: metrics.clone(),
            folder: PathBuf::new(),
            cleans: false,
            images: 0,
            containers: 0,
            trouble: None,
        }
    }

    pub(super) fn shown(&self) -> watch::Receiver<Option<Disk>> {
        self.shown.subscribe()
    }

    /// How full the disk is, and whether it is being cleaned from now on.
    pub(super) fn measured(&mut self, share: Share, folder: &Path, cleans: bool) {
        folder.clone_into(&mut self.folder);
        self.metrics.disk(share.thousandths());
        let folder = folder.display();
        match (self.cleans, cleans) {
            (false, true) => {
                info!(%folder, used = %share, "the engine's disk is full: removing what nobody uses");
            }
            (true, false) => info!(%folder, used = %share, "the engine's disk has room again"),
            _ => {}
        }
        self.cleans = cleans;
    }

    /// How it stands after a step.
    pub(super) fn stands(&mut self, share: Share, step: &Step, error: Option<&CleanError>) {
        self.removed(step, error);
        let why = match (step, error) {
            (_, Some(error)) => Some(error.to_string()),
            (Step::Stuck { why, .. }, None) => Some(match why {
                Some(why) => format!("nobody tells which images the services name: {why}"),
                None => NOTHING_LEFT.to_owned(),
            }),
            _ => None,
        };
        let state = match step {
            Step::Enough => DiskState::Enough,
            Step::Stuck { .. } => DiskState::Stuck,
            _ => DiskState::Cleaning,
        };
        if let (DiskState::Stuck, Some(why)) = (state, &why) {
            self.say(why, |why, folder| {
                warn!(folder, why, "cannot free the engine's disk any further");
            });
        } else if error.is_none() {
            self.trouble = None;
        }
        self.shown.send_replace(Some(Disk {
            folder: self.folder.display().to_string(),
            used_percent: share.thousandths() / 10,
            state,
            removed_images: self.images,
            removed_containers: self.containers,
            error: why,
            seen_at: status::now(),
        }));
    }

    /// Something did not succeed that has to before anything goes on.
    pub(super) fn failed(&mut self, error: &CleanError) {
        self.metrics.failed_chore("disk");
        self.shown.send_modify(|shown| {
            if let Some(shown) = shown {
                shown.error = Some(error.to_string());
            }
        });
        self.say(&error.to_string(), |error, folder| {
            warn!(folder, error, "cannot look after the engine's disk");
        });
    }

    fn removed(&mut self, step: &Step, error: Option<&CleanError>) {
        let refused = error.map(ToString::to_string);
        match (step, refused) {
            (Step::Container(id), None) => {
                self.containers += 1;
                self.metrics.removed("container");
                info!(container = id, "removed what was left of a task");
            }
            (Step::Cache(_), None) => self.metrics.removed("cache"),
            (Step::Image(image), None) => {
                self.images += 1;
                self.metrics.removed("image");
                let bytes = image.size;
                info!(
                    image = image.references[0],
                    bytes, "removed an image that nobody uses"
                );
            }
            (Step::Container(what), Some(error)) => {
                info!(
                    container = what,
                    error, "not removed, and tried again later"
                );
            }
            (Step::Image(image), Some(error)) => {
                let image = &image.references[0];
                info!(image, error, "not removed, and tried again later");
            }
            (Step::Cache(_), Some(error)) => {
                info!(
                    error,
                    "the build cache is not removed, and tried again later"
                );
            }
            (Step::Enough | Step::Stuck { .. }, _) => {}
        }
    }

    /// Says it once, until it is something else.
    fn say(&mut self, what: &str, say: impl FnOnce(&str, &str)) {
        if self.trouble.as_deref() != Some(what) {
            say(what, &self.folder.display().to_string());
            self.trouble = Some(what.to_owned());
        }
    }
}
