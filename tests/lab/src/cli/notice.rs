//! Notices that can be typed.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use lab::terminal::print;
use lab::{Lab, Notice, SpotAction};

use super::through::find;

#[derive(Debug, Args)]
pub(crate) struct NoticeArgs {
    /// Which machine.
    instance: String,
    #[command(subcommand)]
    kind: NoticeKind,
}

#[derive(Debug, Subcommand)]
enum NoticeKind {
    /// A spot interruption, which happens when its time comes.
    Spot {
        /// In how many seconds.
        #[arg(long = "in", default_value_t = 120)]
        after: u64,
        /// What happens then.
        #[arg(long, value_enum, default_value_t)]
        action: ActionArg,
        /// Nothing happens then.
        #[arg(long)]
        only_tell: bool,
    },
    /// A rebalance recommendation.
    Rebalance,
    /// A scheduled event, which happens when its time comes; its id is printed.
    Maintenance {
        /// In how many seconds.
        #[arg(long = "in", default_value_t = 600)]
        after: u64,
        /// What happens then.
        #[arg(long, default_value = "instance-stop", value_parser = [
            "instance-stop", "instance-retirement", "instance-reboot", "system-reboot", "system-maintenance",
        ])]
        code: String,
        /// An earlier event that this takes the place of.
        #[arg(long)]
        event: Option<String>,
        /// What has become of it.
        #[arg(long, default_value = "active", value_parser = ["active", "completed", "canceled"])]
        state: String,
        /// Nothing happens then.
        #[arg(long)]
        only_tell: bool,
    },
    /// A target lifecycle state, as `Warmed:Stopped`.
    Target {
        /// The state.
        state: String,
    },
    /// Take all notices back.
    Clear,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ActionArg {
    #[default]
    Terminate,
    Stop,
    Hibernate,
}

impl From<ActionArg> for SpotAction {
    fn from(action: ActionArg) -> Self {
        match action {
            ActionArg::Terminate => Self::Terminate,
            ActionArg::Stop => Self::Stop,
            ActionArg::Hibernate => Self::Hibernate,
        }
    }
}

/// Gives the notice, or takes all back.
pub(super) fn give(lab: &Lab, arguments: NoticeArgs) -> Result<()> {
    let id = find(lab, &arguments.instance)?;
    let (notice, only_tell) = match arguments.kind {
        NoticeKind::Spot {
            after,
            action,
            only_tell,
        } => (
            Notice::spot(Duration::from_secs(after)).action(action.into()),
            only_tell,
        ),
        NoticeKind::Rebalance => (Notice::rebalance(), false),
        NoticeKind::Maintenance {
            after,
            code,
            event,
            state,
            only_tell,
        } => {
            let notice = Notice::maintenance(Duration::from_secs(after))
                .code(&code)
                .state(&state);
            let notice = match &event {
                Some(event) => notice.event(event),
                None => notice,
            };
            let given = lab.notice(
                &id,
                &if only_tell {
                    notice.only_told()
                } else {
                    notice
                },
            )?;
            return print(given);
        }
        NoticeKind::Target { state } => (Notice::target(&state), false),
        NoticeKind::Clear => return lab.clear_notices(&id),
    };
    lab.notice(
        &id,
        &if only_tell {
            notice.only_told()
        } else {
            notice
        },
    )
    .map(drop)
}
