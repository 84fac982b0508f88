//! What differs from node to node, so that a fleet does not move in step.

use std::time::Duration;

/// Lots to draw. The decision knows none: it is the same for the same facts.
pub trait Chance {
    /// A pause with some time on top: a fleet that started in one second must not ask in one
    /// second.
    fn stretch(&self, pause: Duration) -> Duration;

    /// A number below `count`, or 0 where there is none.
    fn pick(&self, count: usize) -> usize;
}

/// The thread's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dice;

impl Chance for Dice {
    fn stretch(&self, pause: Duration) -> Duration {
        pause.mul_f64(rand::random_range(1.0..1.2))
    }

    fn pick(&self, count: usize) -> usize {
        rand::random_range(0..count.max(1))
    }
}
