//! What merely uses a manager: application services. They know the protocol alone, so any manager will do.

pub mod dashboards;
pub mod quality;
