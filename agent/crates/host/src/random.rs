//! What differs from node to node, so that a fleet does not move in step.

use std::time::Duration;

use protocol::Moment;

/// Lots to draw. The decision knows none: it is the same for the same facts.
pub trait Chance {
    /// Some part of a time.
    fn within(&self, most: Duration) -> Duration;

    /// A number below `count`, or 0 where there is none.
    fn pick(&self, count: usize) -> usize;

    /// The lot of a moment.
    fn lot(&self) -> u16 {
        let lot = self.pick(Moment::LOTS.into());
        u16::try_from(lot).unwrap_or_default()
    }
}

/// 128 bits that nobody guesses, as 32 hexadecimal digits. The generator is a cryptographic one, seeded by the system.
pub fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The thread's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dice;

impl Chance for Dice {
    fn within(&self, most: Duration) -> Duration {
        most.mul_f64(rand::random_range(0.0..1.0))
    }

    fn pick(&self, count: usize) -> usize {
        rand::random_range(0..count.max(1))
    }
}
