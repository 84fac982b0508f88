use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const SPACING: Spacing = Spacing {
    apart: Duration::from_secs(10),
    breaks: Duration::from_mins(2),
};

fn at(up: Duration) -> Moment {
    Moment {
        up,
        unix: 0,
        random: 7,
    }
}

/// Each look: how long after the one before, and what was seen.
fn looks() -> impl Strategy<Value = Vec<(Duration, u8)>> {
    let gap = prop_oneof![0..20_u64, 100..140_u64, 100_000..200_000_u64];
    vec((gap.prop_map(Duration::from_secs), 0..2_u8), 1..40)
}

/// The series after each look, with the moment of that look.
fn seen(looks: &[(Duration, u8)], begin: Duration, spacing: Spacing) -> Vec<(Moment, Series<u8>)> {
    let (mut slot, mut up) = (None, begin);
    let mut all = Vec::new();
    for (gap, value) in looks {
        up += *gap;
        Series::see(&mut slot, *value, u8::eq, spacing, at(up));
        all.push((at(up), slot.expect("something was seen")));
    }
    all
}

proptest! {
    /// What a series says of a time, looks within that time have shown: none is longer than `breaks` apart.
    #[test]
    fn a_series_lasts_no_longer_than_it_was_looked_at(looks in looks()) {
        let all = seen(&looks, Duration::ZERO, SPACING);
        for (index, (now, series)) in all.iter().enumerate() {
            let begin = now.up.checked_sub(series.age(*now) + series.lasted()).expect("in this boot");
            let within = looks[..=index].iter().zip(&all).filter(|(_, (moment, _))| moment.up >= begin);
            let (gaps, values): (Vec<_>, Vec<_>) = within.map(|((gap, value), _)| (*gap, *value)).unzip();
            prop_assert_eq!(series.value(), &looks[index].1);
            let values = values.iter().rev().take(series.looks() as usize);
            prop_assert!(values.into_iter().all(|value| value == series.value()));
            prop_assert!(gaps.iter().skip(1).all(|gap| *gap <= SPACING.breaks));
        }
    }

    /// So many looks are worth so much time.
    #[test]
    fn looks_that_count_are_apart(looks in looks()) {
        for (_, series) in seen(&looks, Duration::ZERO, SPACING) {
            let least = SPACING.apart * (series.looks() - 1);
            let most = SPACING.breaks * (series.looks() - 1);
            prop_assert!((least..=most).contains(&series.lasted()), "{:?}", series);
        }
    }

    /// The age is that of the last look that counted.
    #[test]
    fn an_age_is_shorter_than_looks_are_apart_right_after_one(looks in looks(), later in 0..100_000_u64) {
        for (now, series) in seen(&looks, Duration::ZERO, SPACING) {
            prop_assert!(series.age(now) < SPACING.apart);
            let later = Duration::from_secs(later);
            let then = Moment { up: now.up + later, ..now };
            prop_assert_eq!(series.age(then), series.age(now) + later);
            prop_assert_eq!(series.lasted(), series.map(|_| ()).lasted());
        }
    }

    /// Nothing but differences of times matters.
    #[test]
    fn a_day_later_it_is_the_same(looks in looks()) {
        let day = Duration::from_hours(24);
        let today = seen(&looks, Duration::ZERO, SPACING);
        for ((now, one), (then, other)) in today.into_iter().zip(seen(&looks, day, SPACING)) {
            prop_assert_eq!(one.age(now), other.age(then));
            prop_assert_eq!((one.lasted(), one.looks()), (other.lasted(), other.looks()));
        }
    }
}

#[test]
fn a_machine_that_was_suspended_begins_anew() {
    let night = Duration::from_hours(9);
    let mut looks = vec![(30 * SECOND, 1); 20];
    looks.push((night, 1));
    let all = seen(&looks, SECOND, SPACING);
    let (_, before) = all[19];
    assert_eq!((before.lasted(), before.looks()), (19 * 30 * SECOND, 20));
    let (now, woken) = all[20];
    assert_eq!(before.age(now), night, "what was known is old");
    assert_eq!((woken.lasted(), woken.looks()), (Duration::ZERO, 1));
}

#[test]
fn looks_at_the_same_thing_count_when_they_are_apart() {
    let same = [(SECOND, 1), (9 * SECOND, 1), (SECOND, 1)];
    let counted = seen(&same, SECOND, SPACING)
        .iter()
        .map(|(now, series)| (series.looks(), series.age(*now), series.lasted()))
        .collect::<Vec<_>>();
    let none = Duration::ZERO;
    let expected = [
        (1, none, none),
        (1, 9 * SECOND, none),
        (2, none, 10 * SECOND),
    ];
    assert_eq!(counted, expected);
}

#[test]
fn a_series_has_its_newest_value_and_lot() {
    let mut slot = Some(Series::new("old", at(SECOND)));
    let now = Moment {
        random: 9,
        ..at(30 * SECOND)
    };
    Series::see(&mut slot, "new", |_, _| true, SPACING, now);
    let series = slot.expect("something was seen");
    assert_eq!((*series.value(), series.random()), ("new", 9));
    assert_eq!((series.looks(), series.lasted()), (2, 29 * SECOND));
}

#[test]
fn what_is_to_come_has_no_age_and_what_was_is_not_left() {
    let now = at(100 * SECOND);
    let (then, before) = (now.after(5 * SECOND), now.ago(5 * SECOND));
    assert_eq!(
        (then.age(now), then.left(now)),
        (Duration::ZERO, Some(5 * SECOND))
    );
    assert_eq!((before.age(now), before.left(now)), (5 * SECOND, None));
    assert_eq!(now.stamp().left(now), None);
    assert_eq!(now.ago(Duration::from_hours(1)).age(now), now.up);
    assert_eq!(now.after(Duration::MAX).left(at(Duration::MAX)), None);
}
