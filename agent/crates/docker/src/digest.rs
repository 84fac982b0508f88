//! The digest of a root certificate, as join tokens carry it.

use sha2::{Digest, Sha256};

/// Length of a SHA-256 digest in base 36, padded (swarmkit `ca/config.go`).
const DIGITS: usize = 50;

/// SHA-256 of the PEM text, in base 36, padded to 50 digits: the third part of a token.
pub(super) fn of(pem: &[u8]) -> String {
    base36(Sha256::digest(pem).to_vec())
}

/// Divides the number by 36 until its digits run out.
fn base36(mut number: Vec<u8>) -> String {
    let mut digits = Vec::with_capacity(DIGITS);
    while digits.len() < DIGITS {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 36).unwrap_or(u8::MAX);
            rest = value % 36;
        }
        digits.push(char::from_digit(rest, 36).unwrap_or('?'));
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_36_pads_and_counts() {
        assert_eq!(base36(vec![35]), format!("{:0>50}", "z"));
        assert_eq!(base36(vec![1, 0]), format!("{:0>50}", "74"));
        assert_eq!(base36(vec![0xff; 32]).len(), DIGITS);
    }
}
