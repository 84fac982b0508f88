//! The protocol as it is, and with one rule taken away.

/// Which rule is taken away. The decision itself stays the production one: what is altered is what
/// it is told, or what is made of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variant {
    /// As it is.
    Production,
    /// The ticket is published before the outcome is written.
    PublishesFirst,
    /// A node is promoted before the ticket names it.
    PromotesFirst,
    /// A later outcome replaces an earlier one.
    OverwritesOutcome,
    /// Whoever is silent for long is taken for terminated.
    TrustsSilence,
    /// A claim that has taken too long is deleted.
    DeletesClaim,
    /// So is all that its epoch has.
    DeletesEpoch,
    /// A register that reads as absent is written without a condition.
    TrustsAbsence,
    /// The ticket counts for an end that came after it was read.
    TrustsOldTicket,
    /// It is not on record that a new cluster was forced, and under which claim.
    ForgetsForce,
    /// A manager that departs does as a worker does: it does not wait for its demotion.
    DepartsAsWorker,
    /// The tasks that run here are not seen.
    MissesTasks,
    /// Auto Scaling is told to go on as soon as the node is drained.
    CompletesEarly,
    /// What was said of a departure is taken for taken back, and is not.
    ForgetsRetract,
    /// All nodes that leave are drained at once.
    DrainsAll,
    /// The leader does not drain those that leave.
    ForgetsDrain,
    /// A stranger's address is not held against EC2's word.
    ChecksNoAddress,
    /// A second node is given the labels of an instance that another node is.
    AdmitsSecond,
    /// No record of a manager's own is asked for.
    AsksNoRecord,
    /// When old entries are taken off, whoever says that he is an instance is taken for it.
    TrustsLabels,
    /// An EC2 that does not answer is taken for one that knows no instance.
    TrustsNoAnswer,
    /// So is an answer that is not whole.
    CountsPartial,
    /// That EC2 does not know an instance is certain at once.
    BelievesAtOnce,
    /// The leader drains no stranger.
    ForgetsRefusal,
}
