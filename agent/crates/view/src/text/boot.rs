//! The way into the swarm: a line a step, with its times and a bar on a common scale.

use super::table::{Paint, Table, Tone};
use crate::status::boot::{Boot, Step};

/// How many characters the whole time takes.
const WIDTH: u16 = 40;

pub(super) fn render(boot: &Boot, paint: Paint) -> String {
    let last = boot.steps.last().map_or(0.0, |step| step.to_ms);
    let end = boot.served_ms.unwrap_or(last).max(1.0);
    let mut table = Table::new(&["STEP", "AT", "TOOK", ""]);
    for step in &boot.steps {
        table.row(vec![
            (step.name.clone(), Tone::Plain),
            (format!("{:.1} ms", step.from_ms), Tone::Plain),
            (format!("{:.1} ms", step.to_ms - step.from_ms), Tone::Plain),
            (bar(step, end), Tone::Good),
        ]);
    }
    let up = boot.started_ms / 1000.0;
    let outcome = match boot.served_ms {
        Some(served) => format!("the node served {served:.0} ms later"),
        None => "the node does not serve yet".to_owned(),
    };
    let left_out = match boot.left_out {
        0 => String::new(),
        some => format!("  {some} steps in the middle are left out\n"),
    };
    format!(
        "{}\n\n{}{left_out}",
        paint.cell(
            &format!("the agent started {up:.2} s after the host, {outcome}"),
            Tone::Bold
        ),
        table.render("  ", paint)
    )
}

/// From where it begins to where it ends; at least one character.
fn bar(step: &Step, end: f64) -> String {
    let column = |at: f64| {
        let share = (at / end).clamp(0.0, 1.0) * f64::from(WIDTH);
        (0..WIDTH)
            .take_while(|c| f64::from(*c) + 0.5 < share)
            .count()
    };
    let (from, to) = (column(step.from_ms), column(step.to_ms));
    let from = from.min(usize::from(WIDTH) - 1);
    format!(
        "{}{}",
        "·".repeat(from),
        "█".repeat(to.saturating_sub(from).max(1))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, from_ms: f64, to_ms: f64) -> Step {
        Step {
            name: name.into(),
            from_ms,
            to_ms,
        }
    }

    #[test]
    fn a_line_a_step_on_a_common_scale() {
        let boot = Boot {
            started_ms: 2150.0,
            served_ms: Some(200.0),
            steps: vec![
                step("identify", 0.0, 50.0),
                step("join", 50.0, 195.0),
                step("serve", 199.5, 200.0),
            ],
            left_out: 0,
        };
        let lines: Vec<String> = render(&boot, Paint(false))
            .lines()
            .map(Into::into)
            .collect();
        assert_eq!(
            lines,
            [
                "the agent started 2.15 s after the host, the node served 200 ms later",
                "",
                "  STEP      AT        TOOK",
                "  identify  0.0 ms    50.0 ms   ██████████",
                "  join      50.0 ms   145.0 ms  ··········█████████████████████████████",
                "  serve     199.5 ms  0.5 ms    ·······································█",
            ]
        );
    }

    #[test]
    fn a_node_that_waits_says_so() {
        let boot = Boot {
            steps: vec![step("wait, no-ticket", 0.0, 9000.0)],
            left_out: 7,
            ..Boot::default()
        };
        let text = render(&boot, Paint(false));
        assert!(text.contains("does not serve yet"), "{text}");
        assert!(text.contains("7 steps in the middle"), "{text}");
    }
}
