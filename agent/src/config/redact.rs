//! Keeps credentials out of what is shown.

/// `text` with the user information of every URL in it replaced.
pub(super) fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(['/', '?', '#', ' ', '"', '\'', '`'])
            .unwrap_or(after.len());
        let (authority, behind) = after.split_at(end);
        match authority.rfind('@') {
            Some(user_end) => {
                shown.push_str("[hidden]");
                shown.push_str(&authority[user_end..]);
            }
            None => shown.push_str(authority),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

/// Whether a URL carries user information.
pub(super) fn has_credentials(url: &str) -> bool {
    redact(url) != url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_hidden_and_nothing_else() {
        for (text, shown) in [
            (
                "http://user:pw@proxy:3128/x",
                "http://[hidden]@proxy:3128/x",
            ),
            (
                "found \"http://u:p@h\", expected",
                "found \"http://[hidden]@h\", expected",
            ),
            (
                "http://a@b http://c:d@e",
                "http://[hidden]@b http://[hidden]@e",
            ),
            ("http://u:p@ss@h/", "http://[hidden]@h/"),
            ("http://host/path@x", "http://host/path@x"),
            ("me@example", "me@example"),
            ("://", "://"),
        ] {
            assert_eq!(redact(text), shown);
        }
    }
}
