//! Docker's English, read here and nowhere else: where its status code does not tell two refusals apart, its words do.
//!
//! A sentence that Docker changes costs a better message or a step more, never safety.

use protocol::{Bound, Failure, date};

use crate::EngineError;

impl EngineError {
    /// Whether it says that it is in no swarm (moby `daemon/cluster/errors.go`: `errNoSwarm`): "This node is not part
    /// of a swarm", whatever was asked for.
    pub fn is_of_no_swarm(&self) -> bool {
        self.says("not part of a swarm")
    }

    /// Whether only managers are asked that, and this node is a worker (moby `daemon/cluster/cluster.go`,
    /// `errNoManager`): "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state."
    pub fn is_of_worker(&self) -> bool {
        self.says("Worker nodes can't be used")
    }

    /// Whether a manager refuses the join token (swarmkit `ca/server.go`, `IssueNodeCertificate`): "A valid join token
    /// is necessary to join this cluster".
    pub fn is_of_join_token(&self) -> bool {
        self.says("A valid join token")
    }

    /// Whether it is the registry's own no. The engine hands it on as 401, but of registries that ask for Basic
    /// authentication as 500 with the registry's answer in its message (moby `registry/auth.go`, `loginV2`).
    pub fn is_of_password(&self) -> bool {
        let Self::Refused { code, message } = self else {
            return false;
        };
        let message = message.to_lowercase();
        let words = ["unauthorized", "incorrect username or password", "denied"];
        *code == 401 || words.iter().any(|word| message.contains(word))
    }

    fn says(&self, words: &str) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains(words))
    }
}

/// Whether the two have no version of the API in common: `client version 1.41 is too old. Minimum supported API version
/// is 1.44, …`, and the same of one that is too new, in an answer to whatever was asked (moby
/// `api/server/middleware/version.go`).
pub(crate) fn is_of_versions(message: &str) -> bool {
    message.starts_with("client version ")
        && [" is too old.", " is too new."]
            .iter()
            .any(|complaint| message.contains(complaint))
}

/// Whether the swarm has changed a service between the command's reading and its writing, as it does while an update
/// of it goes on (swarmkit's `store.ErrSequenceConflict`). Whoever types the command types it again.
pub(crate) fn is_collision(said: &str) -> bool {
    said.contains("update out of sequence")
}

/// Why an engine's swarm part has failed. A certificate's time is told in two ways (swarmkit `ca/certificates.go`,
/// `ValidateCertChain`; Go's `crypto/x509`): `certificate (1 - …) not valid before Tue, 01 Dec 2026 00:46:00 UTC, and it is
/// currently …` of the node's own, `current time … is before 2026-12-01T00:46:00Z` of any other, the root's too.
pub(crate) fn failure(said: String) -> Failure {
    let bound = (said.contains("certificate has expired or is not yet valid"))
        .then(|| bound(&said))
        .flatten();
    Failure { said, bound }
}

fn bound(said: &str) -> Option<Bound> {
    type End = fn(u64) -> Bound;
    let ends: [(&str, End); 4] = [
        ("not valid before ", Bound::From),
        ("not valid after ", Bound::Until),
        (" is before ", Bound::From),
        (" is after ", Bound::Until),
    ];
    ends.iter().find_map(|(words, end)| {
        let (_, rest) = said.split_once(words)?;
        time_at_begin(rest).map(end)
    })
}

fn time_at_begin(text: &str) -> Option<u64> {
    let digits = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    let (iso, _) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
    let spoken = || text.split(',').nth(1).and_then(date::spoken);
    date::iso(iso).or_else(spoken)
}

/// Whether a secret or config would have to get other contents, which none can (swarmkit
/// `manager/controlapi/{secret,config}.go`).
pub fn is_of_contents(said: &str) -> bool {
    said.contains("only updates to Labels are allowed")
}

/// By which of two rules a network of one machine is refused as the ingress network: `cannot downgrade network scope for
/// overlay networks`, or `Ingress network can only be global scope network`.
pub(crate) fn is_driver_of_one_machine(said: &str) -> Option<bool> {
    if said.contains("cannot downgrade network scope") {
        return Some(false);
    }
    said.contains("can only be global scope").then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, message: &str) -> EngineError {
        EngineError::Refused {
            code,
            message: message.to_owned(),
        }
    }

    #[test]
    fn each_sentence_is_known_and_no_other() {
        type Is = fn(&EngineError) -> bool;
        let all: [Is; 4] = [
            EngineError::is_of_no_swarm,
            EngineError::is_of_join_token,
            EngineError::is_of_password,
            EngineError::is_of_worker,
        ];
        for (code, message, expected) in [
            (
                503,
                "This node is not part of a swarm. Use \"docker swarm init\" or \"docker swarm join\" to connect this \
                 node to swarm and try again.",
                [true, false, false, false],
            ),
            (
                503,
                "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please \
                 run this command on a manager node or promote the current node to a manager.",
                [false, false, false, true],
            ),
            (
                500,
                "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster",
                [false, true, false, false],
            ),
            (401, "no", [false, false, true, false]),
            (503, "the swarm does not have a leader", [false; 4]),
        ] {
            let error = refusal(code, message);
            assert_eq!(all.map(|is| is(&error)), expected, "{message}");
        }
        let down = EngineError::Down("not part of a swarm; denied".into());
        assert_eq!(all.map(|is| is(&down)), [false; 4]);
    }

    /// The first and the third as engine 26.1.5 has said them, the others by their source.
    #[test]
    fn the_bound_of_a_certificate_is_read_from_each_way_to_tell_it() {
        let clock = "x509: certificate has expired or is not yet valid: ";
        for (said, expected) in [
            (
                format!(
                    "error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate \
                     (1 - n2a) not valid before Tue, 24 Nov 2026 22:17:31 UTC, and it is currently Tue, 24 Nov 2026 20:17:31 \
                     UTC: {clock}"
                ),
                Some(Bound::From(1_795_558_651)),
            ),
            (
                format!(
                    "certificate (1 - n2a) not valid after Tue, 24 Nov 2026 22:17:31 UTC, and it is currently Wed, 25 Nov \
                     2026 20:17:31 CET: {clock}"
                ),
                Some(Bound::Until(1_795_558_651)),
            ),
            (
                format!(
                    "error while validating Root CA Certificate: {clock}current time 2026-11-24T21:17:31+01:00 is before \
                     2026-11-24T22:17:31Z"
                ),
                Some(Bound::From(1_795_558_651)),
            ),
            (
                format!(
                    "connection error: desc = \"transport: {clock}current time 2026-11-25T00:00:00Z is after \
                     2026-11-24T22:17:31Z\""
                ),
                Some(Bound::Until(1_795_558_651)),
            ),
            (clock.into(), None),
            (format!("{clock}current time soon is before ü, 1"), None),
            ("it is before 2026-11-24T22:17:31Z".into(), None),
        ] {
            let failure = failure(said.clone());
            assert_eq!(
                failure,
                Failure {
                    said,
                    bound: expected
                }
            );
        }
    }

    #[test]
    fn two_refusals_tell_of_what_a_drivers_networks_are() {
        for (said, expected) in [
            (
                "cannot downgrade network scope for overlay networks",
                Some(false),
            ),
            (
                "Ingress network can only be global scope network",
                Some(true),
            ),
            ("plugin \"none\" not found", None),
        ] {
            assert_eq!(is_driver_of_one_machine(said), expected, "{said}");
        }
    }

    #[test]
    fn a_registrys_no_is_told_from_its_silence() {
        for (code, message, expected) in [
            (
                401,
                "Get \"https://r/v2/\": unauthorized: incorrect username or password",
                true,
            ),
            (
                500,
                "login attempt to http://r/v2/ failed with status: 401 Unauthorized",
                true,
            ),
            (
                500,
                "Get \"https://r/v2/\": denied: requested access to the resource is denied",
                true,
            ),
            (
                500,
                "Get \"https://r/v2/\": dial tcp: lookup r: no such host",
                false,
            ),
            (
                500,
                "login attempt to http://r/v2/ failed with status: 503 Service Unavailable",
                false,
            ),
        ] {
            assert_eq!(
                refusal(code, message).is_of_password(),
                expected,
                "{message}"
            );
        }
    }
}
