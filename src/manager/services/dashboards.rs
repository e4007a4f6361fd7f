//! Dashboards over a manager's figures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::manager::protocol::UnifiedWebSocketManager;

/// Dashboards by id.
pub struct Dashboards<M> {
    manager: Arc<M>,
    known: Mutex<BTreeMap<String, Dashboard>>,
}

/// What a dashboard shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// Its title.
    pub title: String,
    /// How often it wants to be asked for.
    pub refresh_seconds: u64,
    /// Titles of its panels, each with the name of the figure that it shows.
    pub panels: Vec<(String, String)>,
}

impl<M: UnifiedWebSocketManager> Dashboards<M> {
    /// With one dashboard, `sockets`.
    #[must_use]
    pub fn new(manager: Arc<M>) -> Self {
        let panel = |title: &str, figure: &str| (title.to_owned(), figure.to_owned());
        let sockets = Dashboard {
            title: "Sockets".to_owned(),
            refresh_seconds: 10,
            panels: vec![panel("Connections", "active_connections"), panel("Messages", "messages_sent")],
        };
        Self { manager, known: Mutex::new(BTreeMap::from([("sockets".to_owned(), sockets)])) }
    }

    /// The panels of a dashboard with their figures; empty for an unknown one.
    pub async fn get_dashboard_data(&self, dashboard_id: &str) -> Map<String, Value> {
        let Some(dashboard) = self.with_known(|known| known.get(dashboard_id).cloned()) else {
            return Map::new();
        };
        let stats = self.manager.get_stats().await;
        let panels: Map<String, Value> = dashboard
            .panels
            .into_iter()
            .map(|(title, figure)| (title, stats.get(&figure).cloned().unwrap_or(Value::Null)))
            .collect();
        Map::from_iter([
            ("title".to_owned(), json!(dashboard.title)),
            ("panels".to_owned(), Value::Object(panels)),
        ])
    }

    /// Id and title of each dashboard, by id.
    #[must_use]
    pub fn get_dashboard_list(&self) -> Vec<(String, String)> {
        self.with_known(|known| {
            known.iter().map(|(id, dashboard)| (id.clone(), dashboard.title.clone())).collect()
        })
    }

    /// Changes `title`, `refresh_seconds` and `panels` (an object of titles and figures) of a known dashboard. A setting that is
    /// unknown, or of the wrong type, changes nothing: then it is false.
    pub fn update_dashboard_config(&self, dashboard_id: &str, config: &Map<String, Value>) -> bool {
        self.with_known(|known| {
            let Some(dashboard) = known.get_mut(dashboard_id) else { return false };
            match dashboard.with(config) {
                Some(changed) => {
                    *dashboard = changed;
                    true
                }
                None => false,
            }
        })
    }

    fn with_known<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Dashboard>) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Dashboard {
    fn with(&self, config: &Map<String, Value>) -> Option<Self> {
        let mut changed = self.clone();
        for (setting, value) in config {
            match setting.as_str() {
                "title" => changed.title = value.as_str()?.to_owned(),
                "refresh_seconds" => changed.refresh_seconds = value.as_u64()?,
                "panels" => {
                    let panels = value.as_object()?.iter();
                    let panels =
                        panels.map(|(title, figure)| Some((title.clone(), figure.as_str()?.to_owned())));
                    changed.panels = panels.collect::<Option<_>>()?;
                }
                _ => return None,
            }
        }
        Some(changed)
    }
}
