//! From settings to a readied host.

use tracing::{Instrument, info, info_span};

use super::waiting::{self, Waiting};
use super::{Edges, PrepareError, complete, labels, prepare, shared};
use crate::config::Settings;
use crate::identity::{self, InstanceIdentity};
use crate::run::BootClock;
use aws::Aws;
use aws::fleet::Ec2;
use aws::imds::Imds;
use aws::lifecycle::AutoScaling;
use host::command::Host;
use view::notify::Notify;

/// Finds out who this node is and readies its host. `say` tells people who look at the journal or at the
/// console what is waited for.
pub async fn start(settings: &Settings, say: impl Fn(&str)) -> Result<(), PrepareError> {
    let mut waiting = Waiting::new(say, settings.runtime_dir.clone());
    let (notify, watched) = (Notify::default(), waiting.watched());
    tokio::select! {
        done = ready(settings, &mut waiting) => done?,
        never = waiting::let_go(settings, &Host, &notify, watched) => match never {},
    }
    waiting.over();
    // From here on the engine starts.
    complete(settings, &Host).await;
    Ok(())
}

async fn ready<S: Fn(&str)>(
    settings: &Settings,
    waiting: &mut Waiting<S>,
) -> Result<(), PrepareError> {
    labels::as_before(settings, &Host).await?;
    let metadata = &settings.metadata;
    let imds = Imds::new(metadata.base(), metadata.request_timeout, metadata.budget);
    let fleet = |region: &str| Ec2::new(&Aws::new(&imds, region, &settings.aws.client));
    let identified = identity::identify(&imds, fleet, settings, waiting);
    let (node, vpc_cidrs) = tokio::try_join!(identified, identity::vpc_cidrs(&imds))?;
    waiting.found();
    let span =
        info_span!("node", instance = node.instance_id, cluster = %node.cluster, role = %node.role);
    async {
        info!(version = env!("CARGO_PKG_VERSION"), "preparing this host");
        let edges = Edges {
            runner: &Host,
            scaling: || AutoScaling::new(&Aws::new(&imds, &node.region, &settings.aws.client)),
            clock: &BootClock,
            is_shared: async |node: &InstanceIdentity| {
                let ec2 = || Ec2::new(&Aws::new(&imds, &node.region, &settings.aws.client));
                shared::is_shared(node, &imds, ec2).await
            },
        };
        prepare(&node, &vpc_cidrs, settings, edges).await?;
        info!("this host is prepared");
        Ok(())
    }
    .instrument(span)
    .await
}
