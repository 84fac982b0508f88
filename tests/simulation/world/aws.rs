//! Parameter Store: what it holds; and what stands between AWS and a caller.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::CloudError;

use super::State;
use super::machine::MachineId;

/// One region of an account.
pub(crate) struct Aws {
    parameters: BTreeMap<String, Vec<(Duration, String)>>,
    /// How many reads of Parameter Store a second the account may make.
    pub(crate) reads_a_second: f64,
    reads: Bucket,
    writes: Bucket,
    /// How many calls of Auto Scaling a second the account may make.
    pub(crate) scaling_a_second: f64,
    scaling: Bucket,
    /// When each call of Auto Scaling was made, and whether it was refused.
    pub(crate) scalings: Vec<(Duration, bool)>,
    weather: Vec<Weather>,
    /// Answers that come late, and answers that get lost, happen only where this says so.
    pub(crate) calm: bool,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            reads_a_second: READS,
            reads: Bucket::default(),
            writes: Bucket::default(),
            scaling_a_second: SCALINGS,
            scaling: Bucket::default(),
            scalings: Vec::new(),
            weather: Vec::new(),
            calm: false,
        }
    }
}

/// A time in which AWS does not do what it should.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) kind: Trouble,
    pub(crate) until: Duration,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// Others use up the account's request rate.
    Throttled,
    /// Parameter Store does not answer, or loses answers.
    StoreDown,
    /// Nobody may do anything.
    Denied,
    EC2Down,
    /// Auto Scaling does not answer, or loses answers.
    GroupsDown,
}

/// A second's worth of requests at most.
#[derive(Debug, Default)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Bucket {
    fn take(&mut self, now: Duration, rate: f64) -> bool {
        let first = if self.filled.is_zero() { rate } else { 0.0 };
        let grown = now.saturating_sub(self.filled).as_secs_f64() * rate;
        self.tokens = (self.tokens + grown + first).min(rate);
        self.filled = now;
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

/// Parameter Store's limits for an account.
pub(crate) const READS: f64 = 40.0;
/// With higher throughput switched on: AWS has documented 1,000, 3,000 and 10,000 over the years.
pub(crate) const HIGH_READS: f64 = 1000.0;
const WRITES: f64 = 3.0;
/// AWS names no number for Auto Scaling. This one is small.
pub(crate) const SCALINGS: f64 = 7.0;

/// How an accepted call ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Done,
    /// It takes effect, and nobody hears of it.
    AnswerLost,
    /// It never arrives.
    Lost,
}

impl Aws {
    pub(crate) fn change_weather(&mut self, weather: Weather) {
        self.weather.push(weather);
    }

    pub(crate) fn clear(&mut self) {
        self.weather.clear();
    }

    pub(super) fn is(&self, kind: Trouble, now: Duration) -> bool {
        self.weather
            .iter()
            .any(|weather| weather.kind == kind && weather.until > now)
    }

    /// The same of now and of a time before.
    pub(super) fn was(&self, kind: Trouble, now: Duration, before: Duration) -> bool {
        let mut weather = self.weather.iter();
        weather.any(|weather| weather.kind == kind && weather.until + before > now)
    }

    /// Whether nothing that is wrong with AWS keeps a node from its group.
    pub(crate) fn serves_groups(&self, now: Duration) -> bool {
        let kinds = [Trouble::GroupsDown, Trouble::Throttled, Trouble::Denied];
        !kinds.iter().any(|&kind| self.is(kind, now))
    }

    pub(crate) fn latest(&self, name: &str) -> Option<&String> {
        self.parameters.get(name)?.last().map(|(_, value)| value)
    }

    pub(crate) fn names(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.parameters.keys()
    }

    pub(crate) fn write(&mut self, now: Duration, name: &str, value: String) {
        let versions = self.parameters.entry(name.to_owned()).or_default();
        versions.push((now, value));
    }

    fn at(&self, name: &str, then: Duration) -> Option<String> {
        let mut versions = self.parameters.get(name)?.iter().rev();
        versions
            .find(|(at, _)| *at <= then)
            .map(|(_, value)| value.clone())
    }
}

impl State {
    /// Whether Parameter Store takes a call, and what becomes of it.
    pub(crate) fn store_gate(
        &mut self,
        id: MachineId,
        action: &'static str,
        is_write: bool,
    ) -> Result<Fate, CloudError> {
        let calls = &mut self.machines[id].calls;
        *(if is_write {
            &mut calls.writes
        } else {
            &mut calls.reads
        }) += 1;
        if !self.reaches_aws(id) {
            return Ok(Fate::Lost);
        }
        if self.aws.is(Trouble::Denied, self.now) {
            return Err(CloudError::denied(action, "parameter"));
        }
        let busy = self.aws.is(Trouble::Throttled, self.now) && self.random.permille(900);
        let taken = if is_write {
            self.aws.writes.take(self.now, WRITES)
        } else {
            let rate = self.aws.reads_a_second;
            self.aws.reads.take(self.now, rate)
        };
        if busy || !taken {
            self.machines[id].calls.throttled += 1;
            return Err(CloudError::Throttled { action });
        }
        Ok(self.fate(Trouble::StoreDown))
    }

    /// Whether Auto Scaling takes a call, and what becomes of it.
    pub(crate) fn scaling_gate(
        &mut self,
        id: MachineId,
        action: &'static str,
    ) -> Result<Fate, CloudError> {
        let taken = self.aws.scaling.take(self.now, self.aws.scaling_a_second);
        self.aws.scalings.push((self.now, !taken));
        self.machines[id].calls.scaling += 1;
        if !self.reaches_aws(id) {
            return Ok(Fate::Lost);
        }
        if self.aws.is(Trouble::Denied, self.now) {
            return Err(CloudError::denied(action, "group"));
        }
        let busy = self.aws.is(Trouble::Throttled, self.now) && self.random.permille(900);
        if taken && !busy {
            return Ok(self.fate(Trouble::GroupsDown));
        }
        self.machines[id].calls.throttled += 1;
        Err(CloudError::Throttled { action })
    }

    /// What becomes of a call that was taken, where `down` is what loses calls.
    fn fate(&mut self, down: Trouble) -> Fate {
        let lossy = self.aws.is(down, self.now);
        match self.random.below(1000) {
            0..300 if lossy => Fate::AnswerLost,
            300..950 if lossy => Fate::Lost,
            0..3 if !self.aws.calm => Fate::AnswerLost,
            3..6 if !self.aws.calm => Fate::Lost,
            _ => Fate::Done,
        }
    }

    /// A parameter as a read shows it: at times up to a second old.
    pub(crate) fn read_parameter(&mut self, name: &str) -> Option<String> {
        let lag = if self.random.permille(200) {
            self.random.millis(0, 1_000)
        } else {
            Duration::ZERO
        };
        self.aws.at(name, self.now.saturating_sub(lag))
    }
}
