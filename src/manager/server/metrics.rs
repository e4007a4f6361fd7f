//! Figures for Prometheus (text format 1.0 of OpenMetrics).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Shared;

/// Clients that were not let in, by reason.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    pub(super) origin: AtomicU64,
    pub(super) identity: AtomicU64,
    pub(super) no_room: AtomicU64,
    pub(super) too_many_messages: AtomicU64,
    pub(super) protocol_errors: AtomicU64,
}

/// The content type of the answer.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures of a server.
pub(super) fn render(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::with_prefix("ssot");
    registry.register_collector(Box::new(Figures(shared.clone())));
    let mut text = String::new();
    // Writing into a string fails for nothing but a defect.
    let _ = encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Figures(Arc<Shared>);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, value) in self.0.manager.stats().to_map() {
            let help = name.replace('_', " ");
            if name.starts_with("active_") || name.starts_with("queued_") {
                let metric = ConstGauge::new(value.as_i64().unwrap_or(0));
                metric.encode(encoder.encode_descriptor(&name, &help, None, metric.metric_type())?)?;
            } else if let Some(counted) = value.as_u64() {
                let metric = ConstCounter::new(counted);
                metric.encode(encoder.encode_descriptor(&name, &help, None, metric.metric_type())?)?;
            }
        }
        let refusals = &self.0.counters;
        let refused = [
            ("refused_origin", "handshakes of pages that may not connect", &refusals.origin),
            ("refused_identity", "handshakes without a good token", &refusals.identity),
            ("refused_no_room", "handshakes beyond the limits", &refusals.no_room),
            ("closed_too_many_messages", "clients that sent too much", &refusals.too_many_messages),
            ("closed_protocol_errors", "clients that broke the protocol", &refusals.protocol_errors),
        ];
        for (name, help, counter) in refused {
            let metric = ConstCounter::new(counter.load(Ordering::Relaxed));
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let metric = ConstGauge::new(i64::try_from(self.0.seats.taken()).unwrap_or(i64::MAX));
        metric.encode(encoder.encode_descriptor("sockets", "open sockets", None, metric.metric_type())?)
    }
}
