//! Does a candidate, a WebSocket manager in any language, do what the protocol demands?
//!
//! [`cases`] say what is demanded, one requirement each, as data and a function. A case speaks to a [`world`] of users' peers, which
//! speaks through a [`session`] to a driver: a child process or a thread ([`channel`]) that owns the candidate and exchanges
//! [`lines`] of JSON with us. [`run`] judges one candidate by the cases, [`explore`] by random operations and a model.
//! [`mutants`] are broken managers: each case has to catch the one that breaks its requirement.
//!
//! # What is deliberately absent
//! Nothing here looks at a candidate otherwise than through lines, the reference manager included: only
//! [`drivers`] name it. Nothing sleeps to see that nothing happens: a driver says when it has settled.

pub mod candidate;
pub mod cases;
mod channel;
pub mod drivers;
pub mod explore;
mod judging;
pub mod known;
pub mod lines;
pub mod mutants;
pub mod run;
mod session;
pub mod verdict;
mod wire;
mod world;

pub use self::channel::end_all_processes;
