use super::*;

const SERVES: Basis = Basis {
    engine: Kind::Worker,
    member: true,
    departure: None,
    removed: false,
    drained: false,
};
const KINDS: [Kind; 8] = [
    Kind::Down,
    Kind::Inactive,
    Kind::Pending,
    Kind::Error,
    Kind::Locked,
    Kind::Worker,
    Kind::NoLeader,
    Kind::Manager,
];
const CAUSES: [Cause; 9] = [
    Cause::Drain,
    Cause::Maintenance,
    Cause::Rebalance,
    Cause::WarmPool,
    Cause::Leave,
    Cause::SpotHibernate,
    Cause::SpotStop,
    Cause::SpotTerminate,
    Cause::ScaleIn,
];

#[test]
fn a_member_whose_engine_is_in_the_swarm_is_ready_whether_it_has_a_leader_or_not() {
    for engine in KINDS {
        let expected = match engine {
            Kind::Worker | Kind::Manager | Kind::NoLeader => Readiness::Ready,
            _ => Readiness::Lost,
        };
        assert_eq!(weigh(Basis { engine, ..SERVES }), expected, "{engine:?}");
    }
}

#[test]
fn who_does_not_belong_yet_is_joining_whatever_his_engine_says() {
    for engine in KINDS {
        let joins = Basis {
            engine,
            member: false,
            ..SERVES
        };
        assert_eq!(weigh(joins), Readiness::Joining, "{engine:?}");
    }
}

#[test]
fn a_departure_goes_before_everything() {
    for cause in CAUSES {
        let word = if cause == Cause::Drain {
            Readiness::Draining
        } else {
            Readiness::Departing
        };
        for engine in KINDS {
            for bits in 0..8_u8 {
                let goes = Basis {
                    engine,
                    departure: Some(cause),
                    member: bits & 1 > 0,
                    removed: bits & 2 > 0,
                    drained: bits & 4 > 0,
                };
                assert_eq!(weigh(goes), word, "{goes:?}");
            }
        }
    }
}

#[test]
fn who_was_removed_is_lost_and_who_is_drained_is_draining() {
    let removed = Basis {
        removed: true,
        ..SERVES
    };
    assert_eq!(weigh(removed), Readiness::Lost);
    let drained = Basis {
        drained: true,
        ..SERVES
    };
    assert_eq!(weigh(drained), Readiness::Draining);
}

#[test]
fn an_agents_word_counts_for_as_long_as_a_restart_takes_and_no_longer() {
    let word = |age| Readiness::heard(Some((Readiness::Ready, age)));
    assert_eq!(word(Duration::ZERO), Readiness::Ready);
    assert_eq!(word(pace::READINESS_LASTS), Readiness::Ready);
    let late = pace::READINESS_LASTS + Duration::from_millis(1);
    assert_eq!(word(late), Readiness::Unknown);
    assert_eq!(Readiness::heard(None), Readiness::Unknown);
    let other = Readiness::heard(Some((Readiness::Draining, Duration::ZERO)));
    assert_eq!(other, Readiness::Draining);
}

#[test]
fn only_one_word_is_well_and_each_is_one_word() {
    let words = [
        Readiness::Ready,
        Readiness::Joining,
        Readiness::Draining,
        Readiness::Departing,
        Readiness::Lost,
        Readiness::Unknown,
    ];
    assert_eq!(words.iter().filter(|word| word.is_ready()).count(), 1);
    for word in words {
        assert!(word.word().bytes().all(|b| b.is_ascii_lowercase()));
    }
}
