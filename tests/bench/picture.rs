//! A boot as a picture (SVG): a line for each bar, time from left to right.

use std::fmt::Write as _;

use crate::trace::{Bar, Boot};

const LABELS: f64 = 230.0;
const WIDTH: f64 = 900.0;
const LINE: f64 = 24.0;
const TOP: f64 = 34.0;

/// Reads well on a light page and on a dark one: colours are chosen by the reader's wish.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.grid{stroke:#d0d7de}.unit{fill:#0969da}\
     .step{fill:#8250df}.ready{stroke:#1a7f37;stroke-width:2}.mark{fill:#1a7f37}\
     @media(prefers-color-scheme:dark){text{fill:#c9d1d9}.grid{stroke:#30363d}.unit{fill:#58a6ff}.step{fill:#bc8cff}\
     .ready{stroke:#3fb950}.mark{fill:#3fb950}}";

/// The whole picture.
pub(crate) fn draw(boot: &Boot) -> String {
    let ends = boot.bars.iter().map(|bar| bar.to);
    let end = ends.fold(boot.ready, f64::max) * 1.06;
    let scale = (WIDTH - LABELS - 70.0) / end;
    let at = |time: f64| LABELS + time * scale;
    let bottom = boot.bars.iter().fold(TOP, |y, _| y + LINE);
    let height = bottom + 30.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>A boot: {:.2} s from systemd to Ready</title>\n<style>{STYLE}</style>\n",
        boot.ready
    );
    for tick in ticks(end) {
        let x = at(tick);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick:.1} s</text>",
            TOP - 6.0,
            TOP - 12.0
        );
    }
    let mut y = TOP;
    for bar in &boot.bars {
        svg.push_str(&line(bar, at(bar.from), at(bar.to), y));
        y += LINE;
    }
    let x = at(boot.ready);
    let _ = write!(
        svg,
        "<path class=\"ready\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/><text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">Ready {:.2} s</text>\n</svg>",
        TOP - 6.0,
        bottom + 18.0,
        boot.ready
    );
    svg
}

fn line(bar: &Bar, from: f64, to: f64, y: f64) -> String {
    let indent = if bar.kind == "step" { 16.0 } else { 0.0 };
    format!(
        "<text x=\"{indent}\" y=\"{:.1}\">{}</text><rect class=\"{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" rx=\"2\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{:.0} ms</text>\n",
        y + 16.0,
        escape(&bar.name),
        bar.kind,
        y + 5.0,
        (to - from).max(1.5),
        to.max(from + 1.5) + 6.0,
        y + 16.0,
        (bar.to - bar.from) * 1000.0
    )
}

/// At most ten or so lines across the picture.
fn ticks(end: f64) -> Vec<f64> {
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
        .into_iter()
        .find(|step| end / step <= 10.0)
        .unwrap_or(10.0);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| last + step < end) {
        ticks.push(ticks.last().copied().unwrap_or_default() + step);
    }
    ticks
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_has_its_line_and_its_time() {
        let bar = |name: &str, kind: &str, from, to| Bar {
            name: name.into(),
            kind: kind.into(),
            from,
            to,
        };
        let boot = Boot {
            bars: vec![
                bar("engine", "unit", 0.4, 1.2),
                bar("a<b", "step", 0.5, 0.52),
            ],
            ready: 1.4,
        };
        let svg = draw(&boot);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
        for part in [
            "800 ms",
            "20 ms",
            "Ready 1.40 s",
            "a&lt;b",
            "class=\"step\"",
        ] {
            assert!(svg.contains(part), "{part} is missing: {svg}");
        }
        assert_eq!(ticks(0.95).len(), 10);
        assert_eq!(ticks(4.0).len(), 8);
    }
}
