//! Exit codes, in one place. The units know the terminal one.

use std::process::{ExitCode, Termination};

/// How the command ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done.
    Done,
    /// Not done; trying again may help.
    Failed,
    /// Not done, and trying again is useless until a person has changed a tag or a setting.
    /// The units do not restart after it (`RestartPreventExitStatus=78`).
    Terminal,
    /// The command line cannot be understood.
    Misused,
    /// Whoever read the output has gone (`swarmlet doctor | head -1`).
    Unread,
}

/// What they mean.
pub(super) const CODES: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "failed, trying again may help"),
    ("2", "wrong command line"),
    (
        "78",
        "a tag, a setting or the image has to be changed first",
    ),
    ("141", "whoever read the output has gone"),
];

/// What `--help` says about them.
pub(super) fn help() -> String {
    let codes: Vec<_> = CODES
        .iter()
        .map(|(code, what)| format!("{code} {what}"))
        .collect();
    format!("Exit codes: {}", codes.join("; "))
}

impl Exit {
    /// The code; the terminal one is `EX_CONFIG` of sysexits.h, the unread one what a shell shows for a
    /// program that SIGPIPE has ended. That signal is ignored here, as Rust does: it would end the agent too.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Terminal => 78,
            Self::Misused => 2,
            Self::Unread => 141,
        }
    }

    /// The end of a failure.
    pub(super) fn after(is_terminal: bool) -> Self {
        if is_terminal {
            Self::Terminal
        } else {
            Self::Failed
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        let document = include_str!("../../../docs/troubleshooting.md");
        let all = [
            Exit::Done,
            Exit::Failed,
            Exit::Misused,
            Exit::Terminal,
            Exit::Unread,
        ];
        let told: Vec<_> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(told, all.map(|exit| exit.code().to_string()));
        for code in told {
            assert!(document.contains(&format!("\n| {code} | ")), "{code}");
        }
    }
}
