use super::*;

#[test]
fn gaps_double_up_to_their_cap_and_never_overflow() {
    let seen: Vec<u128> = (0..=8).map(|n| Gaps::TICKET.after(n).as_millis()).collect();
    assert_eq!(
        seen,
        [500, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]
    );
    assert_eq!(Gaps::TICKET.after(u32::MAX), Duration::from_secs(30));
}

fn refused(looks: u32, turn: Turn) -> Reading<()> {
    Reading {
        value: Err(Trouble::Throttled("busy".into())),
        age: Duration::ZERO,
        looks,
        lasted: Duration::ZERO,
        turn,
    }
}

#[test]
fn after_a_refusal_for_too_many_requests_every_gap_doubles_and_is_drawn() {
    for gaps in [Gaps::TROUBLE, Gaps::TICKET, Gaps::REGISTERS, Gaps::LAUNCH] {
        let gap = |looks, part| gaps.gap(&refused(looks, Turn::Drawn(part))).as_millis();
        let whole: Vec<_> = (1..=8).map(|looks| gap(looks, 1000)).collect();
        assert_eq!(
            whole,
            [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
        );
        assert_eq!((gap(4, 250), gap(7, 1)), (4000, 1200));
    }
}

#[test]
fn who_is_waited_for_hurries_for_half_a_minute_and_then_waits_like_others() {
    let gap = |looks| Gaps::TICKET.gap(&refused(looks, Turn::Soon));
    let hurried: Duration = (1..=SOON_LOOKS).map(gap).sum();
    assert!((20..40).contains(&hurried.as_secs()), "{hurried:?}");
    let after: Vec<_> = (1..=6).map(|n| gap(SOON_LOOKS + n).as_secs()).collect();
    assert_eq!(after, [2, 4, 8, 16, 32, 60]);
}

#[test]
fn a_crowd_spreads_more_and_more() {
    let all: Vec<_> = (1..=23).map(|n| crowd(n).as_secs()).collect();
    assert!(all.is_sorted());
    assert_eq!((all[0], all[1], all[19], all[22]), (1, 2, 6, 50));
}
