//! Combinations of facts, a million of them spread evenly over all there are.

use super::*;
use crate::Kind;
use crate::departure::Departing;

/// About how many combinations are looked at.
const LOOKS: u64 = 1_000_000;

/// From one to the next: coprime to the number of all, or some values would never meet.
fn stride(all: u64) -> u64 {
    let divides_both = |stride: &u64| {
        let (mut a, mut b) = (all, *stride);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a > 1
    };
    (all / LOOKS + 1..=all)
        .find(|stride| !divides_both(stride))
        .unwrap()
}

fn engines() -> Vec<EngineState> {
    let control = [
        Control::Worker,
        Control::NoLeader("no leader".into()),
        Control::Manager {
            leader: false,
            origin: None,
        },
        made_under("n"),
        made_under("theirs"),
    ];
    let mut all = vec![
        EngineState::Inactive,
        EngineState::Locked,
        EngineState::Down,
        failure("e"),
        EngineState::Pending(Identity::default()),
        EngineState::Pending(identity()),
    ];
    all.extend(control.map(member));
    all
}

fn tickets() -> Vec<Option<Reading<Option<Ticket>>>> {
    let other = Ticket {
        swarm_id: "other".into(),
        ..ticket()
    };
    let newer = Ticket {
        epoch: Epoch::FIRST.next(),
        ..other.clone()
    };
    let recovered = Ticket {
        epoch: Epoch::FIRST.next(),
        ..ticket()
    };
    vec![
        None,
        just(None),
        just(Some(ticket())),
        just(Some(Ticket {
            instances: vec!["i-4".into(), "i-9".into()],
            ..ticket()
        })),
        aged(Some(ticket()), 60 * SECOND),
        just(Some(other)),
        just(Some(newer)),
        just(Some(recovered)),
        failed(Trouble::Denied("d".into())),
    ]
}

fn all_registers() -> Vec<Option<Reading<Registers>>> {
    let mut all = vec![None, failed(Trouble::Failed("f".into()))];
    for (claim, mine) in [(None, false), (Some("n"), true), (Some("theirs"), false)] {
        for outcome in [None, formed("swarm"), formed("other"), passed_over()] {
            for epoch in [Epoch::FIRST, Epoch::FIRST.next()] {
                let registers = registers(claim, mine, outcome.clone());
                all.push(just(Registers { epoch, ..registers }));
            }
        }
    }
    all
}

fn probes() -> Vec<Option<Reading<Vec<Probed>>>> {
    vec![
        None,
        lasting(vec![nobody(4)], 200 * SECOND),
        just(vec![manager(4, "swarm", Some(digest()))]),
        lasting(vec![manager(4, "swarm", Some(digest()))], 200 * SECOND),
        lasting(vec![manager(4, "other", Some(digest()))], 200 * SECOND),
    ]
}

fn standings() -> Vec<Option<Standing>> {
    let long = |verdict| standing(verdict, 9, 200 * SECOND);
    vec![
        None,
        standing(Verdict::Removed, 1, Duration::ZERO),
        long(Verdict::Member),
        long(Verdict::Removed),
        long(Verdict::Unclear),
        long(Verdict::NoLeader).map(|s| Standing { leaderless: 1, ..s }),
        long(Verdict::Silent),
    ]
}

fn fleets() -> Vec<Fleet> {
    let of = |four, five| words(&[("i-1", five), ("i-4", four), ("i-5", five)]);
    vec![
        Fleet::default(),
        of(Life::Alive, Life::Alive),
        of(Life::Alive, Life::Terminated),
        of(Life::Terminated, Life::Terminated),
    ]
}

/// Takes one value of a list by a digit of the number.
fn pick<'a, T>(number: &mut u64, values: &'a [T]) -> &'a T {
    let count = values.len() as u64;
    let index = usize::try_from(*number % count).unwrap();
    *number /= count;
    &values[index]
}

/// Everything that a fact can be.
struct Values {
    roles: Vec<Role>,
    engines: Vec<EngineState>,
    ages: Vec<Duration>,
    validities: Vec<Option<Validity>>,
    memberships: Vec<Option<Membership>>,
    peers: Vec<Vec<Peer>>,
    forced: Vec<Option<Epoch>>,
    tickets: Vec<Option<Reading<Option<Ticket>>>>,
    registers: Vec<Option<Reading<Registers>>>,
    probes: Vec<Option<Reading<Vec<Probed>>>>,
    standings: Vec<Option<Standing>>,
    joins: Vec<Option<JoinFailure>>,
    unlocks: Vec<Option<Reading<()>>>,
    acted: Vec<Option<Duration>>,
    holders: Vec<Holder>,
    fleets: Vec<Fleet>,
    recoveries: Vec<Recovery>,
    departures: Vec<Option<Departing>>,
}

impl Values {
    fn all() -> Self {
        let join = JoinFailure {
            age: SECOND,
            attempts: 3,
            cause: "c".into(),
        };
        Self {
            roles: vec![Role::Manager, Role::Worker],
            engines: engines(),
            ages: vec![Duration::ZERO, 400 * SECOND],
            validities: vec![
                None,
                Some(Validity::NotYet),
                Some(Validity::Now),
                Some(Validity::Over),
            ],
            memberships: vec![None, membership()],
            peers: vec![Vec::new(), peers()],
            forced: vec![None, Some(Epoch::FIRST.next())],
            tickets: tickets(),
            registers: all_registers(),
            probes: probes(),
            standings: standings(),
            joins: vec![None, Some(join)],
            unlocks: vec![None, failed(Trouble::Failed("no key".into()))],
            acted: vec![None, Some(SECOND), Some(900 * SECOND)],
            holders: vec![holder(0), holder(301)],
            fleets: fleets(),
            recoveries: vec![
                Recovery::Auto,
                Recovery::Ask { consent: false },
                Recovery::Ask { consent: true },
            ],
            departures: vec![None],
        }
    }

    /// Those of a manager that has had no leader for long, where the most dangerous step is.
    fn headless() -> Self {
        Self {
            roles: vec![Role::Manager],
            engines: vec![member(Control::NoLeader("no leader".into()))],
            ages: vec![200 * SECOND],
            validities: vec![None],
            memberships: vec![membership()],
            forced: vec![None],
            joins: vec![None],
            unlocks: vec![None],
            ..Self::all()
        }
    }

    /// Those of a node that departs.
    fn departing() -> Self {
        Self {
            peers: vec![peers()],
            forced: vec![None],
            registers: vec![None],
            holders: vec![holder(0)],
            fleets: vec![Fleet::default()],
            recoveries: vec![Recovery::Auto],
            departures: super::leaving::all(),
            ..Self::all()
        }
    }

    fn count(&self) -> u64 {
        let sizes = [
            self.roles.len() * self.engines.len() * self.ages.len() * self.memberships.len(),
            self.peers.len() * self.forced.len() * self.tickets.len() * self.registers.len(),
            self.probes.len() * self.standings.len() * self.joins.len() * self.unlocks.len(),
            self.acted.len() * self.holders.len() * self.fleets.len() * self.recoveries.len(),
            self.departures.len() * self.validities.len(),
        ];
        sizes.iter().map(|&size| size as u64).product()
    }

    fn combination(&self, mut number: u64) -> Observation {
        let digits = &mut number;
        let engine = pick(digits, &self.engines).clone();
        Observation {
            role: *pick(digits, &self.roles),
            since: *pick(digits, &self.ages),
            validity: pick(digits, &self.validities).filter(|_| engine.kind() == Kind::Error),
            engine,
            membership: pick(digits, &self.memberships).clone(),
            peers: pick(digits, &self.peers).clone(),
            forced: *pick(digits, &self.forced),
            ticket: pick(digits, &self.tickets).clone(),
            registers: pick(digits, &self.registers).clone(),
            managers: pick(digits, &self.probes).clone(),
            standing: pick(digits, &self.standings).clone(),
            join: pick(digits, &self.joins).clone(),
            unlock: pick(digits, &self.unlocks).clone(),
            acted: *pick(digits, &self.acted),
            holder: pick(digits, &self.holders).clone(),
            fleet: pick(digits, &self.fleets).clone(),
            recovery: *pick(digits, &self.recoveries),
            departure: pick(digits, &self.departures).clone(),
            ..outside(Role::Worker)
        }
    }

    fn each(&self, check: &mut impl FnMut(&Observation, &Decision)) {
        let all = self.count();
        let stride = stride(all);
        let mut number = 0;
        while number < all {
            let seen = self.combination(number);
            check(&seen, &decide(&seen));
            number += stride;
        }
        println!("{} of {all} combinations", all.div_ceil(stride));
    }
}

/// Checks each combination.
pub(super) fn each(mut check: impl FnMut(&Observation, &Decision)) {
    Values::all().each(&mut check);
    Values::headless().each(&mut check);
    Values::departing().each(&mut check);
}
