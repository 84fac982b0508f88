//! What machines ask for that the lab is not: names, and addresses outside of it.

use anyhow::{Context as _, Result};

use crate::api::Lab;
use crate::net::in_hub;
use crate::sh::output;

/// Counts since the lab's start. The hub is the machines' router and name server: what they send
/// to the world or ask a name server arrives there and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strays {
    /// Packets to addresses outside of the lab.
    pub outside: u64,
    /// Datagrams to ports of the hub that nobody serves; a question for a name is one.
    pub unserved: u64,
}

impl Lab {
    /// What has gone astray so far, from all machines.
    pub fn strays(&self) -> Result<Strays> {
        let table = output(in_hub("cat").arg("/proc/net/snmp"))?;
        let count = |layer, name| {
            counter(&table, layer, name)
                .with_context(|| format!("cannot find the counter {layer} {name}"))
        };
        Ok(Strays {
            outside: count("Ip:", "InAddrErrors")? + count("Ip:", "ForwDatagrams")?,
            unserved: count("Udp:", "NoPorts")?,
        })
    }
}

/// A counter of the kernel's table: for each layer a line of names and one of values.
fn counter(table: &str, layer: &str, name: &str) -> Option<u64> {
    let mut rows = table
        .lines()
        .map(|line| line.split(' '))
        .filter_map(|mut words| (words.next() == Some(layer)).then_some(words));
    let (names, values) = (rows.next()?, rows.next()?);
    let found = names.zip(values).find(|(found, _)| *found == name)?;
    found.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "Ip: Forwarding InAddrErrors\nIp: 2 7\nUdp: InDatagrams NoPorts\nUdp: 5 3\n";

    #[test]
    fn a_counter_is_found_by_its_layer_and_name() {
        assert_eq!(counter(TABLE, "Ip:", "InAddrErrors"), Some(7));
        assert_eq!(counter(TABLE, "Udp:", "NoPorts"), Some(3));
        assert_eq!(counter(TABLE, "Udp:", "InAddrErrors"), None);
        assert_eq!(counter(TABLE, "Tcp:", "NoPorts"), None);
    }
}
