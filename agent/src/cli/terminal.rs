//! The terminal: its colours, its size, and leaving it as it was.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

/// The alternate screen, without a cursor; and back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// To the corner; then, after each line and at the end, what was there before is cleared.
const HOME: &str = "\u{1b}[H";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_REST: &str = "\u{1b}[J";
const RESET: &str = "\u{1b}[0m";

/// Between two pictures: at most, and at least.
const LONGEST: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(200);

/// Whether standard output shows colours, and wants them (<https://no-color.org>).
pub(super) fn has_colours() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_none_or(|term| term == "dumb");
    io::stdout().is_terminal() && set("NO_COLOR").is_none() && !dumb
}

/// Waits for a happening, neither longer than a second nor shorter than people can see.
pub(super) async fn pause(happening: impl Future<Output = ()>) {
    sleep(SHORTEST).await;
    let _ = timeout(LONGEST.saturating_sub(SHORTEST), happening).await;
}

/// Returns when somebody ends this: Ctrl-C, `kill`, or a terminal that goes away.
pub(super) async fn ended() {
    let asked = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = asked else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Where pictures are drawn over each other, or, without a terminal, one after the other.
pub(super) struct Screen {
    is_terminal: bool,
}

impl Screen {
    pub(super) fn open(is_terminal: bool) -> Self {
        if is_terminal {
            let _ = write(ENTER);
        }
        Self { is_terminal }
    }

    pub(super) fn draw(&self, text: &str) -> io::Result<()> {
        if !self.is_terminal {
            return write(&format!("{}\n", text.trim_end()));
        }
        let (columns, rows) = size();
        let mut drawn = HOME.to_owned();
        let lines: Vec<&str> = text.lines().take(rows).collect();
        for (index, line) in lines.iter().enumerate() {
            drawn.push_str(if index > 0 { "\r\n" } else { "" });
            drawn.push_str(&cut(line, columns));
            drawn.push_str(CLEAR_LINE);
        }
        drawn.push_str(CLEAR_REST);
        write(&drawn)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = write(LEAVE);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Columns and rows; what is usual where the terminal does not say.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

/// The first columns of a line: one that wraps would push the others down. Escapes have no width.
fn cut(line: &str, columns: usize) -> String {
    let (mut kept, mut width, mut escape) = (String::new(), 0, false);
    for c in line.chars() {
        if c == '\u{1b}' {
            escape = true;
        }
        if escape {
            escape = c != 'm';
            kept.push(c);
            continue;
        }
        width += 1;
        if width > columns {
            return kept + RESET;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_by_what_is_seen() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc\u{1b}[0m");
        let coloured = "\u{1b}[31mab\u{1b}[0mcd";
        assert_eq!(cut(coloured, 4), coloured);
        assert_eq!(cut(coloured, 1), "\u{1b}[31ma\u{1b}[0m");
    }

    #[tokio::test(start_paused = true)]
    async fn pictures_come_at_least_every_second_and_not_in_a_storm() {
        for (happening, expected) in [(0, 200), (500, 500), (5000, 1000)] {
            let expected = Duration::from_millis(expected);
            let begun = tokio::time::Instant::now();
            pause(sleep(Duration::from_millis(happening))).await;
            assert_eq!(begun.elapsed(), expected, "{happening}");
        }
    }
}
