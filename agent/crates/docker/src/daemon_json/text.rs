//! The bytes of `daemon.json`.

use serde_json::Value;

use super::Keys;

/// The keys, as `dockerd` reads them: UTF-8, or by its mark UTF-16 (moby, `getConflictFreeConfiguration`). An engine
/// before 23.0 takes no mark; what is written here has none. Nothing but blanks says nothing.
pub(super) fn keys(bytes: &[u8]) -> Result<Keys, String> {
    let text = decoded(bytes)?;
    if text.trim().is_empty() {
        return Ok(Keys::new());
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// A file that says this.
pub(super) fn written(keys: &Keys) -> String {
    format!("{:#}\n", Value::Object(keys.clone()))
}

fn decoded(bytes: &[u8]) -> Result<String, String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        all => utf8(all),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|error| error.to_string())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(text),
        Ok(_) => Err("an odd number of bytes for UTF-16".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_read_over() {
        let text = "{\"labels\": [\"stra\u{df}e=\u{1f433}\"]}";
        let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let all = std::iter::once(0xfeff).chain(text.encode_utf16());
            all.flat_map(unit).collect()
        };
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let all = [
            text.as_bytes().to_vec(),
            marked,
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
        ];
        for bytes in all {
            let read = keys(&bytes).expect("an object");
            assert_eq!(read["labels"][0], "stra\u{df}e=\u{1f433}");
        }
        for nothing in [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0 "] {
            assert_eq!(keys(nothing), Ok(Keys::new()), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_no_text_says_why() {
        for (bytes, cause) in [
            (&b"{\xff"[..], "invalid utf-8"),
            (b"\xff\xfe{\0}", "an odd number"),
            (b"\xff\xfe\0\xd8", "invalid utf-16"),
            (b"\xef\xbb\xbf\xef\xbb\xbf{}", "expected value"),
        ] {
            let error = keys(bytes).expect_err(cause);
            assert!(error.contains(cause), "{error}");
        }
    }
}
