//! The form of an instance's id.

/// Whether this is one: `i-` and 8 or 17 hexadecimal digits (EC2 user guide, "Resource IDs"). A node may say of itself what
/// it likes: EC2 refuses all of a call for an id that is none, and takes `*` in a filter for everybody.
pub fn is_instance_id(text: &str) -> bool {
    let digits = text.strip_prefix("i-").unwrap_or_default();
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    matches!(digits.len(), 8 | 17) && digits.bytes().all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ec2_would_not_take_for_an_id_is_none() {
        for (text, is_one) in [
            ("i-0123456789abcdef0", true),
            ("i-0123abcd", true),
            ("i-*", false),
            ("*", false),
            ("i-????????", false),
            ("i-0123ABCD", false),
            ("i-0123456789abcdef01", false),
            ("m-0123abcd", false),
            ("", false),
        ] {
            assert_eq!(is_instance_id(text), is_one, "{text}");
        }
    }
}
