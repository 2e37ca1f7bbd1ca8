//! The webhook endpoint: made at Polar once, and found again when the world was kept.

use futures_util::TryStreamExt as _;
use polarkit::Polar;
use polarkit::model::{WebhookEndpoint, WebhookEventType, WebhookFormat};

use crate::failure::Failure;

/// What the endpoint is called at Polar.
const NAME: &str = "polarkit dev";

/// The secret of the endpoint that delivers every event to `url`.
pub(super) async fn ensure(polar: &Polar, url: &str) -> Result<String, Failure> {
    let known: Vec<WebhookEndpoint> = polar
        .webhooks()
        .list_endpoints()
        .stream()
        .try_collect()
        .await?;
    let ours = known
        .into_iter()
        .find(|endpoint| endpoint.name.as_deref() == Some(NAME));
    let endpoint = if let Some(found) = ours {
        // The port may be another than last time, and failures may have disabled it.
        let change = polar.webhooks().update_endpoint(found.id).enabled(true);
        change.url(url.to_owned()).await?
    } else {
        let events = WebhookEventType::KNOWN.to_vec();
        let new = polar
            .webhooks()
            .create_endpoint(url, WebhookFormat::Raw, events);
        new.name(NAME).await?
    };
    Ok(endpoint.secret.reveal().to_owned())
}
