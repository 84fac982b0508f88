//! When the join tokens are drawn anew.

use std::time::Duration;

/// What the leader does about the tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rotation {
    /// Nothing.
    Nothing,
    /// Write down that the time counts from now: nobody knows when they were drawn.
    Note,
    /// Draw new ones.
    Rotate,
}

/// Decides by when they were drawn last (seconds since the Unix epoch) and how long they may be used.
/// A time to come is another node's clock, and counts as now.
pub fn next(every: Option<Duration>, rotated: Option<u64>, now: u64) -> Rotation {
    match (every, rotated) {
        (Some(_), None) => Rotation::Note,
        (Some(every), Some(rotated)) if now.saturating_sub(rotated) >= every.as_secs() => {
            Rotation::Rotate
        }
        _ => Rotation::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_drawn_anew_when_their_time_is_over() {
        let hour = Some(Duration::from_hours(1));
        for (every, rotated, now, expected) in [
            (None, None, 9_000, Rotation::Nothing),
            (None, Some(0), 9_000, Rotation::Nothing),
            (hour, None, 9_000, Rotation::Note),
            (hour, Some(5_401), 9_000, Rotation::Nothing),
            (hour, Some(5_400), 9_000, Rotation::Rotate),
            (hour, Some(9_500), 9_000, Rotation::Nothing),
        ] {
            assert_eq!(next(every, rotated, now), expected, "{every:?} {rotated:?}");
        }
    }
}
