//! What the agent decided last, and why: the end of its story, for people who come later.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// So many are kept.
const KEPT: usize = 12;
/// Decisions that follow each other in a circle (ask, wait, ask, …) are told once, if the circle is
/// no longer than this.
const CIRCLE: usize = 3;

/// A decision, once or several times.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Told {
    /// When it was made first, in seconds since the Unix epoch.
    pub since: u64,
    /// When it was made last.
    pub last: u64,
    /// How often.
    pub times: u64,
    /// The step that was decided on: `serve`, `wait`, `join`, ….
    pub action: String,
    /// Why: a word that stays the same, as `member` or `managers-silent`.
    pub reason: String,
    /// Why, as a sentence.
    pub text: String,
    /// Why the step did not succeed when it was tried last.
    pub error: Option<String>,
}

/// The last decisions, the newest at the end.
#[derive(Clone, Debug, Default)]
pub struct Story(VecDeque<Told>);

impl Story {
    /// A decision was made.
    pub fn decided(&mut self, at: u64, action: &str, reason: &str, text: &str) {
        let recent = self.0.len().saturating_sub(CIRCLE)..self.0.len();
        let same = |told: &Told| told.action == action && told.text == text;
        let before = recent
            .rev()
            .find(|index| self.0.get(*index).is_some_and(same));
        let told = match before.and_then(|index| self.0.remove(index)) {
            Some(told) => Told {
                last: at,
                times: told.times + 1,
                ..told
            },
            None => Told {
                since: at,
                last: at,
                times: 1,
                action: action.to_owned(),
                reason: reason.to_owned(),
                text: text.to_owned(),
                error: None,
            },
        };
        self.0.push_back(told);
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// How its step ended.
    pub fn ended(&mut self, error: Option<String>) {
        if let Some(told) = self.0.back_mut() {
            told.error = error;
        }
    }

    /// All of them, the newest first.
    pub fn told(&self) -> Vec<Told> {
        self.0.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_decisions_is_told_once_and_the_newest_first() {
        let mut story = Story::default();
        story.decided(1, "join", "joining", "joining 10.0.0.1");
        for at in [2, 4, 6] {
            story.decided(at, "read-ticket", "no-ticket", "reading the ticket");
            story.ended(Some("denied".into()));
            story.decided(at + 1, "wait", "no-ticket", "waiting for the ticket");
        }
        let told = story.told();
        let said: Vec<_> = told
            .iter()
            .map(|t| (t.action.as_str(), t.since, t.last, t.times))
            .collect();
        assert_eq!(
            said,
            [
                ("wait", 3, 7, 3),
                ("read-ticket", 2, 6, 3),
                ("join", 1, 1, 1)
            ]
        );
        assert_eq!(told[1].error.as_deref(), Some("denied"));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut story = Story::default();
        for at in 0..100 {
            story.decided(at, "wait", "r", &at.to_string());
        }
        let told = story.told();
        assert_eq!((told.len(), told[0].since), (KEPT, 99));
    }

    #[test]
    fn an_error_is_of_the_last_try() {
        let mut story = Story::default();
        story.ended(Some("nothing was decided".into()));
        for error in [Some("no space".to_owned()), None] {
            story.decided(1, "join", "r", "joining");
            story.ended(error);
        }
        assert_eq!(story.told()[0].error, None);
    }
}
