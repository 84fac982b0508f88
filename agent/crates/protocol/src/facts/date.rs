//! AWS's and Docker's ways of writing a time, as seconds since the Unix epoch.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `2017-09-18T08:22:00Z`, with or without a fraction.
pub fn iso(text: &str) -> Option<u64> {
    let (date, time) = text.trim().strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let whole = time.split('.').next()?;
    seconds(number(year)?, number(month)?, number(day)?, whole)
}

/// The same in nanoseconds: `2017-09-18T08:22:00.012345678Z`.
pub fn iso_nanos(text: &str) -> Option<u64> {
    let fraction = text.trim().strip_suffix('Z')?.split_once('.');
    let digits = fraction.map_or("", |(_, digits)| digits);
    let is_fraction = digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    let padded = format!("{digits:0<9}");
    let nanos: u64 = is_fraction.then(|| padded.parse().ok())??;
    iso(text)?.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// `21 Jan 2019 09:00:43 GMT`, or `UTC`, as Go writes it.
pub fn spoken(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [day, month, year, time, "GMT" | "UTC"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    seconds(number(year)?, month as u64 + 1, number(day)?, time)
}

fn number(text: &str) -> Option<u64> {
    let digits = text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn seconds(year: u64, month: u64, day: u64, time: &str) -> Option<u64> {
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = number(parts.next()?)?;
    let is_date = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && parts.next().is_none();
    is_date.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970. Years begin in March here, so that the leap day is the last of one.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_seconds_since_the_epoch() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2017-09-18T08:22:00Z", 1_505_722_920),
            ("2020-02-29T23:59:59.123Z", 1_583_020_799),
            ("2026-11-24T22:17:31Z", 1_795_558_651),
        ] {
            assert_eq!(iso(text), Some(expected), "{text}");
        }
        assert_eq!(spoken("21 Jan 2019 09:00:43 GMT"), Some(1_548_061_243));
        assert_eq!(spoken(" 1 Mar 2000 00:00:00 UTC "), Some(951_868_800));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "2017-09-18",
            "2017-13-18T08:22:00Z",
            "2017-09-18T25:22:00Z",
            "2017-09-18T08:22Z",
            "99999999999999999999-09-18T08:22:00Z",
            "2017-09-18T08:22:00+02:00",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
        for text in [
            "",
            "21 Foo 2019 09:00:43 GMT",
            "21 Jan 2019 09:00:43",
            "Jan",
        ] {
            assert_eq!(spoken(text), None, "{text}");
        }
    }
}
