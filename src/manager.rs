//! The reference unified WebSocket manager: one implementation of everything that several used to do, and the measure that
//! candidates are held to.
//!
//! [`protocol`] is the contract; [`Manager`] keeps it. A manager knows no network: it writes to [`socket::Socket`]s, so that a
//! test owns sockets and clock ([`memory`]). Around the protocol it sends to one connection, broadcasts with exceptions, finds a
//! user's connections, watches over their health, and says in [`stats`] what it did. What merely uses it stands in
//! [`services`]; [`adapters`] lets code go on that calls the managers it replaces by their old names.
//!
//! # Delivery
//! Every connection has a queue of its own and one task that writes from it. A call queues and returns: nobody waits for a
//! peer, no lock is held while anything is written, and a slow or dead peer touches nobody else. A message is serialised once,
//! whatever the number of its recipients.
//!
//! # What is deliberately absent
//! No retry on a socket: a write that failed leaves a stream that cannot be continued, and the connection ends. No
//! persistence: delivery is at most once.

pub mod adapters;
mod admission;
pub mod backplane;
mod connection;
mod core;
mod heartbeat;
pub mod limits;
pub mod memory;
pub mod message;
mod outbox;
pub mod protocol;
mod registry;
pub mod server;
pub mod services;
mod session;
pub mod socket;
pub mod stats;
mod unified;

pub use self::limits::{Limits, Overflow, WhenFull};
pub use self::message::{Message, Unsendable};
pub use self::protocol::{ConnectionId, Refused, UnifiedWebSocketManager};
pub use self::session::{Lost, Resume, Resumption};
pub use self::unified::{Broadcast, Manager};
