//! A healthy cluster that nobody disturbs: what its agents use meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use lab::{Instance, Lab, Request};

use crate::memory::{self, Use};
use crate::pair::Pair;
use crate::results::Results;

/// A worker and a leader, for so long.
pub(crate) fn measure(
    lab: &Lab,
    pair: &Pair,
    window: Duration,
    results: &mut Results,
) -> Result<()> {
    let ours = &pair.ours;
    let watched = [("worker", &ours.worker), ("leader", &ours.manager)];
    let begun = Instant::now();
    let looks = || watched.map(|(_, machine)| memory::of(&machine.id));
    let before = looks();
    let calls = lab.journal()?.len();
    thread::sleep(window);
    let after = looks();
    let hours = begun.elapsed().as_secs_f64() / 3600.0;
    let requests = lab.journal()?.split_off(calls);
    results.note("idle/minutes", window.as_secs_f64() / 60.0);
    for ((name, machine), (before, after)) in watched.iter().zip(before.into_iter().zip(after)) {
        account(name, &before?, &after?, hours, results);
        let mut asked = |what: &str, wanted: &dyn Fn(&Request) -> bool| {
            let own = requests.iter().filter(|request| is_of(request, machine));
            let count = own.filter(|request| wanted(request)).count();
            let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / hours;
            results.note(&format!("idle-{name}/{what}"), rate);
        };
        asked("aws calls an hour", &Request::is_aws);
        asked("metadata requests an hour", &|request| !request.is_aws());
    }
    Ok(())
}

fn is_of(request: &Request, machine: &Instance) -> bool {
    request.instance.as_deref() == Some(&machine.id)
}

fn account(name: &str, before: &Use, after: &Use, hours: f64, results: &mut Results) {
    let mut note = |what: &str, value| results.note(&format!("idle-{name}/{what}"), value);
    note("rss", after.rss);
    note("anonymous", after.anonymous);
    note("pss", after.pss);
    note("own", after.own);
    note("rss growth an hour", (after.rss - before.rss) / hours);
    note("cpu seconds an hour", (after.cpu - before.cpu) / hours);
    note("wakes an hour", (after.wakes - before.wakes) / hours);
}
