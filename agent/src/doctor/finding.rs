//! What was found.

use serde::Serialize;

/// How good it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, but not as well or as long as it should.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be looked at, or cannot be known.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// `metadata`, `ways`, `permissions`, `secrets`, `group`, `clock`, `units`, `engine`, `cgroup`, `disk`, `link`,
    /// `networks`, `firewall`, `ports`, `names` or `entrance`.
    pub concern: &'static str,
    /// What was looked at.
    pub check: String,
    /// How good it is.
    pub grade: Grade,
    /// What was seen.
    pub seen: String,
    /// What to do; none where nothing has to be done.
    pub advice: Option<String>,
}

impl Finding {
    pub(super) fn new(
        concern: &'static str,
        check: impl Into<String>,
        grade: Grade,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            concern,
            check: check.into(),
            grade,
            seen: seen.into(),
            advice: None,
        }
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// All that was found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Examination {
    /// Of which form this is: 1.
    pub schema: u32,
    /// Whether nothing failed: the exit code is 0 then, and else 1.
    pub healthy: bool,
    /// One thing each.
    pub findings: Vec<Finding>,
}

impl Examination {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self {
            schema: 1,
            healthy: findings.iter().all(|finding| finding.grade != Grade::Fail),
            findings,
        }
    }

    /// How many there are of a grade.
    pub(super) fn count(&self, grade: Grade) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.grade == grade)
            .count()
    }
}
