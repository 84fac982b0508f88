//! What an edge of the world can do wrong on purpose, so that it is seen that the rules would notice.

use super::State;

/// One way in which something works wrongly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mischief {
    /// Auto Scaling says that it has heard of an end, and has not.
    EndIsNotHeard,
    /// The same of a launch.
    LaunchIsNotHeard,
    /// Whoever asks for the hooks has completed its launch with that.
    LaunchIsOverAtOnce,
    /// An engine says that no task runs, whatever runs.
    NoTaskIsSeen,
    /// A manager's engine says that it is a worker.
    ManagerLooksLikeWorker,
    /// A demotion is answered, and does not take place.
    DemotionIsLost,
    /// The leader is told of no task on any node.
    LeaderSeesNoTasks,
    /// The leader's taking back of a drain is answered, and does not take place.
    DrainStays,
    /// The engine's label stays when it is taken back.
    AnnouncementStays,
    /// What was told is not told again once the node has left, and the disk has forgotten it.
    CauseIsForgotten,
    /// A leave is answered, and is no end: the node is in its swarm again a moment after.
    LeaveIsUndone,
    /// Nobody hears that an operator takes a departure back.
    WithdrawalIsNotHeard,
    /// A node is activated, and the labels that came with that are lost.
    LabelsAreLost,
    /// By EC2's word every instance has every address.
    AddressesAreNotTold,
    /// Whoever says that he is a manager is the one on record.
    RecordsAreForged,
    /// That a node is refused is answered, and does not take place.
    RefusalIsLost,
    /// Auto Scaling says that it protects an instance from scale-in, and does not.
    ProtectionIsLost,
}

impl State {
    /// Whether this is what works wrongly.
    pub(crate) fn plays(&self, mischief: Mischief) -> bool {
        self.mischief == Some(mischief)
    }
}
