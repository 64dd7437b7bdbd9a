//! What happens when a server changes its tools.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::SubscriptionFilter;
use rmcp::service::Peer;
use tokio::sync::Notify;

use super::tools::Shared;

/// How long a list counts at least, whatever a server says.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks the server to tell of changes, as revisions from 2026-07-28 on want it; older ones tell unasked.
pub(super) async fn listen(peer: Peer<RoleClient>, changed: Arc<Notify>) {
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let tells = peer.peer_info().is_some_and(|info| {
        let tools = info.capabilities.tools.as_ref();
        !info.protocol_version.has_initialize() && tools.is_some_and(|tools| tools.list_changed == Some(true))
    });
    if !tells {
        return;
    }
    let Ok(mut subscription) = peer.listen(filter).await else {
        tracing::warn!("an MCP server does not tell when its tools change, which it promised");
        return;
    };
    while let Ok(Some(_)) = subscription.next().await {
        changed.notify_one();
    }
}

/// Lists the tools again after each change, for as long as somebody has them.
pub(super) async fn list_again(shared: Weak<Shared>, changed: Arc<Notify>) {
    loop {
        changed.notified().await;
        let Some(shared) = shared.upgrade() else { return };
        if let Err(error) = shared.refresh().await {
            tracing::warn!(error = error.chain(), "the tools of an MCP server could not be listed again");
        }
        drop(shared);
        tokio::time::sleep(PAUSE).await;
    }
}
