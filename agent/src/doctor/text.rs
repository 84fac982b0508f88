//! The findings as text: aligned, each with what to do below it. Pure.

use std::fmt::Write as _;

use super::{Examination, Finding, Grade};
use view::text::table::{Paint, Tone};

/// Lines for people.
pub fn render(examination: &Examination, colour: bool) -> String {
    let paint = Paint(colour);
    let width = |text: fn(&Finding) -> &str| {
        let widths = examination
            .findings
            .iter()
            .map(|finding| text(finding).chars().count());
        widths.max().unwrap_or(0)
    };
    let (concern, check) = (
        width(|finding| finding.concern),
        width(|finding| &finding.check),
    );
    let mut text = String::new();
    for finding in &examination.findings {
        let (word, tone) = word(finding.grade);
        let padded = paint.cell(&format!("{word:<7}"), tone);
        let (about, what) = (finding.concern, &finding.check);
        let seen = paint.cell(&finding.seen, Tone::Plain);
        let _ = writeln!(text, "{padded}  {about:<concern$}  {what:<check$}  {seen}");
        if let Some(advice) = &finding.advice {
            let advice = paint.cell(&format!("-> {advice}"), tone);
            let _ = writeln!(text, "{:9}{advice}", "");
        }
    }
    text.push_str(&summary(examination));
    text
}

fn summary(examination: &Examination) -> String {
    let count = |grade| examination.count(grade);
    format!(
        "\n{} ok, {} to look at, {} failed, {} not known\n",
        count(Grade::Ok),
        count(Grade::Warn),
        count(Grade::Fail),
        count(Grade::Skipped)
    )
}

fn word(grade: Grade) -> (&'static str, Tone) {
    match grade {
        Grade::Ok => ("ok", Tone::Good),
        Grade::Warn => ("warn", Tone::Warn),
        Grade::Fail => ("FAIL", Tone::Bad),
        Grade::Skipped => ("skipped", Tone::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_aligned_with_what_to_do_below() {
        let examination = Examination::new(vec![
            Finding::new("clock", "against AWS", Grade::Ok, "2 s"),
            Finding::new("permissions", "ssm", Grade::Fail, "denied").advise("allow it"),
        ]);
        assert!(!examination.healthy);
        let expected = "\
ok       clock        against AWS  2 s
FAIL     permissions  ssm          denied
         -> allow it

1 ok, 0 to look at, 1 failed, 0 not known
";
        assert_eq!(render(&examination, false), expected);
    }

    #[test]
    fn only_a_failure_is_one() {
        for (grade, healthy) in [
            (Grade::Ok, true),
            (Grade::Warn, true),
            (Grade::Skipped, true),
            (Grade::Fail, false),
        ] {
            let examination = Examination::new(vec![Finding::new("c", "x", grade, "s")]);
            assert_eq!(examination.healthy, healthy);
        }
    }
}
