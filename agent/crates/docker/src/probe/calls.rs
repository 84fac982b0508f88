//! The two calls that a manager answers to anybody. Their messages are so small that they
//! are written and read here by hand.

use super::grpc::{Client, Reply};
use protocol::Word;

const ROOT: &str = "CA/GetRootCACertificate";
const STATUS: &str = "NodeCA/NodeCertificateStatus";
/// gRPC's code `OK`.
const OK: u32 = 0;
/// gRPC's code `UNKNOWN`: swarmkit's answer when it has no leader to ask.
const UNKNOWN: u32 = 2;
/// gRPC's code `NOT_FOUND`.
const NOT_FOUND: u32 = 5;
/// Key of a message's first field, if that is bytes.
const FIRST: u8 = 0x0a;

/// The swarm's root certificate, in PEM; `None` where there is no leader to ask.
pub(super) async fn root_certificate(client: &mut Client) -> Result<Option<Vec<u8>>, String> {
    root(&client.call(ROOT, &[]).await?)
}

fn root(reply: &Reply) -> Result<Option<Vec<u8>>, String> {
    match reply.status {
        OK => first_field(&reply.body).map(|pem| Some(pem.to_vec())),
        UNKNOWN => Ok(None),
        other => Err(format!("answered gRPC status {other}")),
    }
}

/// Whether the swarm has the node.
pub(super) async fn standing(client: &mut Client, node_id: &str) -> Word {
    let Some(question) = about(node_id) else {
        return Word::Unknown;
    };
    let reply = client.call(STATUS, &question).await;
    reply.map_or(Word::Unknown, |reply| word(reply.status))
}

/// Swarmkit's internal interface may change: only the one answer means "removed".
fn word(status: u32) -> Word {
    match status {
        OK => Word::Member,
        NOT_FOUND => Word::Removed,
        _ => Word::Unknown,
    }
}

/// A message whose first field is the node's id. Longer ones than a one-byte length can tell
/// do not exist, and none at all would be asking about nobody.
fn about(node_id: &str) -> Option<Vec<u8>> {
    let length = u8::try_from(node_id.len()).ok();
    let length = length.filter(|length| (1..0x80).contains(length))?;
    Some([&[FIRST, length], node_id.as_bytes()].concat())
}

/// Field 1 of a length-prefixed message: key byte, length as a varint, bytes.
fn first_field(bytes: &[u8]) -> Result<&[u8], String> {
    let unreadable = || "answered an unreadable certificate".to_owned();
    let (prefix, body) = bytes.split_at_checked(5).ok_or_else(unreadable)?;
    if prefix[0] != 0 || body.first() != Some(&FIRST) {
        return Err(unreadable());
    }
    let (length, rest) = varint(&body[1..]).ok_or_else(unreadable)?;
    rest.get(..length).ok_or_else(unreadable)
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u32) -> Reply {
        let body = vec![0, 0, 0, 0, 4, FIRST, 2, b'a', b'b'];
        Reply { status, body }
    }

    #[test]
    fn only_not_found_means_removed() {
        for status in 0..=20 {
            let expected = match status {
                0 => Word::Member,
                5 => Word::Removed,
                _ => Word::Unknown,
            };
            assert_eq!(word(status), expected, "{status}");
        }
    }

    #[test]
    fn a_root_certificate_needs_a_leader() {
        assert_eq!(root(&reply(0)), Ok(Some(b"ab".to_vec())));
        assert_eq!(root(&reply(2)), Ok(None));
        assert_eq!(root(&reply(12)), Err("answered gRPC status 12".into()));
    }

    #[test]
    fn the_question_is_the_nodes_id() {
        let id = "ux4p7g2z9q0m1n8b5v3c6x7l9";
        let question = about(id).unwrap();
        assert_eq!(question[..2], [0x0a, 25]);
        assert_eq!(&question[2..], id.as_bytes());
        assert_eq!(about(""), None);
        assert_eq!(about(&"x".repeat(128)), None);
    }

    #[test]
    fn the_first_field_is_read() {
        let mut bytes = vec![0, 0, 0, 0, 203, FIRST, 0xc8, 0x01];
        bytes.extend([b'x'; 200]);
        assert_eq!(first_field(&bytes), Ok(&[b'x'; 200][..]));
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        let whole = reply(0).body;
        for end in 0..whole.len() {
            assert!(first_field(&whole[..end]).is_err());
        }
        assert!(first_field(&[0, 0, 0, 0, 6, FIRST, 0xff, 0xff, 0xff, 0xff, 0x01]).is_err());
    }
}
