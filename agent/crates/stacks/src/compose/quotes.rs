//! Where a sentence quotes something, or repeats it.

pub(super) const QUOTES: [char; 3] = ['"', '\'', '`'];

/// The words with `other` in the place of a value, where that stands alone, as in `x: value`.
pub(super) fn without(words: &str, value: &str, other: &str) -> String {
    let mut done = String::new();
    let mut rest = words;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        done.push_str(before);
        let alone = stands_alone(done.chars().next_back(), value.chars().next())
            && stands_alone(after.chars().next(), value.chars().next_back());
        done.push_str(if alone { other } else { value });
        rest = after;
    }
    done + rest
}

/// Whether two neighbours are not of one word.
fn stands_alone(outside: Option<char>, edge: Option<char>) -> bool {
    !is_of_word(outside) || !is_of_word(edge)
}

fn is_of_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Where the first quotation begins and ends, without its marks; one that does not end goes to the end. An apostrophe
/// within a word is none. `previous` comes before the words.
pub(super) fn first_quoted(words: &str, previous: Option<char>) -> Option<(usize, usize)> {
    let mut previous = previous;
    let mut chars = words.char_indices();
    let (at, mark) = chars.find(|&(_, c)| {
        let opens = QUOTES.contains(&c) && !is_of_word(previous);
        previous = Some(c);
        opens
    })?;
    let start = at + mark.len_utf8();
    let mut escaped = false;
    for (at, c) in words[start..].char_indices() {
        let after = words[start + at + c.len_utf8()..].chars().next();
        if c == mark && !escaped && !is_of_word(after) {
            return Some((start, start + at));
        }
        escaped = c == '\\' && !escaped;
    }
    Some((start, words.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_replaced_where_it_stands_alone() {
        for (words, said) in [
            ("x: word, word.", "x: *, *."),
            ("sword words word", "sword words *"),
            ("wordword", "wordword"),
        ] {
            assert_eq!(without(words, "word", "*"), said);
        }
        assert_eq!(without("a:b:c", ":b", "*"), "a*:c");
    }

    #[test]
    fn quotations_are_found_and_apostrophes_are_none() {
        for (words, found) in [
            ("a 'b c' d", Some("b c")),
            ("isn't it", None),
            ("isn't 'it's'", Some("it's")),
            (r#"say "a\"b""#, Some(r#"a\"b"#)),
            (r#"say "a\\" b"#, Some(r"a\\")),
            ("of `x...` into", Some("x...")),
            ("never \"ends", Some("ends")),
            ("\"\"", Some("")),
            ("é 'ü' é", Some("ü")),
        ] {
            let at = first_quoted(words, None);
            assert_eq!(at.map(|(start, end)| &words[start..end]), found, "{words}");
        }
        assert_eq!(first_quoted("'s own", Some('y')), None);
    }
}
