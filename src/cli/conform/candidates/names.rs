//! `names.toml`: what a candidate calls things, checked and passed on as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::conformance::lines::CALLS;

/// How a candidate is made, and what it calls the protocol's calls.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    construct: Option<Construct>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factory: Option<String>,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    arguments: toml::Table,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    calls: BTreeMap<String, CallNames>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Construct {
    New,
    Singleton,
    Attribute,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallNames {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Vec<toml::Value>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keywords: BTreeMap<String, toml::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returns: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    absent: bool,
}

/// What a mapped call may return: what the candidate returns, nothing, true, or one of its arguments.
const RETURNS: [&str; 11] = [
    "value",
    "nothing",
    "true",
    "user_id",
    "websocket",
    "socket",
    "thread_id",
    "connection_id",
    "run_id",
    "agent_name",
    "message",
];

/// Reads a map, as the JSON that drivers take.
pub(super) fn read_map(path: &Path) -> miette::Result<String> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| miette::miette!("cannot read {shown}: {error}"))?;
    let names: Names = toml::from_str(&text).map_err(|error| miette::miette!("{shown}: {error}"))?;
    if let Some(call) = names.calls.keys().find(|call| !CALLS.contains(&call.as_str())) {
        return Err(miette::miette!(
            help = format!("the calls are {}", CALLS.join(", ")),
            "{shown}: the protocol has no call `{call}`"
        ));
    }
    let mut returned = names.calls.values().filter_map(|call| call.returns.as_deref());
    if let Some(odd) = returned.find(|returned| !RETURNS.contains(returned)) {
        return Err(miette::miette!(
            help = format!("expected one of {}", RETURNS.join(", ")),
            "{shown}: no call can return `{odd}`"
        ));
    }
    serde_json::to_string(&names).map_err(crate::cli::output::internal)
}
