//! A steady load: one request after the other, each at the next address.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::{Lab, wait_until};

/// As a browser's person, or a load balancer's health check, at the latest gives up.
const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(100);
/// So many answers in a row are no luck: four times around all tasks.
const SETTLED: usize = 16;

/// When each request was sent, and whether it was answered.
type Requests = Arc<Mutex<Vec<(Instant, bool)>>>;

/// A load that goes on until it is ended.
pub(super) struct Load {
    requests: Requests,
    over: Arc<AtomicBool>,
    client: JoinHandle<()>,
}

/// What became of the requests.
pub(super) struct Told {
    sent: usize,
    lost: usize,
    /// From the moment that is looked from to the last lost one's sending.
    last: Option<Duration>,
}

impl Load {
    /// Begins.
    pub(super) fn start(lab: &Lab, addresses: &[&str], port: &str) -> Self {
        let urls: Vec<String> = addresses
            .iter()
            .map(|address| format!("http://{address}:{port}/"))
            .collect();
        let (requests, over) = (Requests::default(), Arc::new(AtomicBool::new(false)));
        let (lab, kept, ends) = (lab.clone(), Arc::clone(&requests), Arc::clone(&over));
        let client = thread::spawn(move || {
            for url in urls.iter().cycle() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let sent = Instant::now();
                let answered = lab.visit(url, PATIENCE).is_ok();
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((sent, answered));
                thread::sleep(BETWEEN);
            }
        });
        Self {
            requests,
            over,
            client,
        }
    }

    /// Waits until nothing is lost any more.
    pub(super) fn settles(&self, limit: Duration) -> Result<()> {
        let from = self.count();
        wait_until("no request is lost any more", limit, || {
            let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            let good = requests[from..]
                .iter()
                .rev()
                .take_while(|(_, answered)| *answered);
            let good = good.count();
            ensure!(good >= SETTLED, "{good} of the last {SETTLED} are answered");
            Ok(())
        })
    }

    fn count(&self) -> usize {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Ends it; times count from the given moment.
    pub(super) fn end(self, since: Instant) -> Told {
        self.over.store(true, Ordering::Relaxed);
        // It ends with its request.
        let _ = self.client.join();
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = || requests.iter().filter(|(_, answered)| !answered);
        Told {
            sent: requests.len(),
            lost: lost().count(),
            last: lost()
                .next_back()
                .map(|(sent, _)| sent.saturating_duration_since(since)),
        }
    }
}

impl Told {
    /// Prints it.
    pub(super) fn tell(&self) {
        let last = self.last.map_or_else(String::new, |last| {
            format!(
                ", the last of them sent {:.1} s after the loss",
                last.as_secs_f64()
            )
        });
        eprintln!(
            "    {} of {} requests at the other nodes lost{last}",
            self.lost, self.sent
        );
    }
}
