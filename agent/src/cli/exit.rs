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
}

/// What they mean; 2 is clap's own.
pub(super) const CODES: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "failed, trying again may help"),
    ("2", "wrong command line"),
    (
        "78",
        "a tag, a setting or the image has to be changed first",
    ),
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
    /// The code; the terminal one is `EX_CONFIG` of sysexits.h.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Terminal => 78,
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
