//! Managers' own records of their nodes in Parameter Store.

use crate::run::names::Names;
use aws::CloudError;
use aws::parameter_store::ParameterStore;
use protocol::NodeRecord;
use protocol::node::Event;

/// `GetParameters` takes so many names.
const AT_ONCE: usize = 10;

/// The records of these instances, or why they could not be read.
pub(in crate::run) type Recorded = Vec<(Vec<String>, Result<Vec<Option<String>>, CloudError>)>;

/// Reads them, a portion after the other, until one call fails.
pub(in crate::run) async fn read(
    store: impl ParameterStore,
    names: Names,
    ids: Vec<String>,
) -> Recorded {
    let mut recorded = Vec::new();
    for portion in ids.chunks(AT_ONCE) {
        let names: Vec<String> = portion.iter().map(|id| names.node_record(id)).collect();
        let values = store.read_all(&names).await;
        let is_over = values.is_err();
        recorded.push((portion.to_vec(), values));
        if is_over {
            break;
        }
    }
    recorded
}

/// Writes an instance's record. Trouble is an answer here: the decision waits it out and says what it is.
pub(in crate::run) async fn write(
    store: &impl ParameterStore,
    name: &str,
    node_id: &str,
) -> Event<'static> {
    let value = NodeRecord::new(node_id.to_owned()).to_value();
    let written = store.put(name, &value).await;
    let written = written.map(|()| node_id.to_owned()).map_err(Into::into);
    Event::NodeRecorded(written)
}
