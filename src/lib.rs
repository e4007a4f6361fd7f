//! `ssot` finds every implementation of one concept in a code base.
//!
//! # Bird's eye view
//! ```text
//! discover → lang → facts → link → analysis → report → render
//!  (walk)   (parse)  (per file)  (whole program)        (text)
//!                                    └→ rules → gate ─────┘
//! ```
//! [`discover`] walks the tree and is, with [`tree`], the only part that reads its files. [`lang`] turns the text
//! of one file into [`facts`]: flat tables that mirror the source, with nothing resolved. [`link`] joins
//! the facts of all files into one [`link::Index`]: modules, identities, bases, method resolution
//! orders, references. [`analysis`] asks questions of the index. [`report`] holds the answers as plain
//! data, which is the JSON schema, and [`render`] writes them. [`rules`] turns the answers into findings, and [`gate`] says which of
//! them are new. [`cli`] is what was typed.
//!
//! # Code map
//! - [`text`], [`source`], [`discover`], [`tree`]: bytes and lines; a file and its role; the walk and the
//!   environment; reading a tree in parallel, from disk or (`revisions`) as commits list it.
//! - [`facts`], [`lang`]: the vocabulary of one file; the front ends, `python` and `rust`. Only these name a parser.
//! - [`link`]: `modules` (dotted names), `resolve` (names, imports, what is alive under which condition),
//!   `members` (attributes), `bases`, `mro`, `references`, `library` (the standard library's table). Of Rust: `crates`
//!   (module trees), `extensions` (`impl` blocks), `traits`, `resolve::paths` and `resolve::holders`. Of one tree after another:
//!   `trace` (what an answer was read from), `changes` (what is different), `kept` (answers that still hold).
//! - [`analysis`]: `overrides` (inside an order), `trait_methods` (the same for Rust), `graph`, `usage`; `lexicon` and `similarity` (how near two types
//!   are), `clones` (word for word), `concepts` (declared), `discovery` (not declared), `conflicts`; `protocols` and `signatures`
//!   (conformance), `synthesis` (the target protocol), `impact` (what becomes of each member).
//! - [`plan`]: impacts → steps, risks, a schedule, criteria.
//! - [`finding`]: a rule's verdict and what it goes by. [`rules`]: what each rule says of itself, and its check. [`gate`]: the
//!   verdict, the baseline.
//! - [`config`]: `ssot.toml` and the rules that are built in. [`git`]: asking git. [`history`]: what it knows of a file's age, and what each
//!   commit held.
//! - [`manager`]: the reference unified WebSocket manager. It has nothing to do with the analysis.
//! - [`conformance`]: does a candidate do what the manager's protocol demands? It meets candidates, [`manager`] among them, through
//!   the lines of a driver alone.
//! - [`cache`]: packs of what earlier runs found out, by content.
//!
//! # Invariants
//! - A front end is total: a broken file gives the facts that could be read and its errors, never a panic.
//! - "Outside the tree" and "we could not tell" are different answers; no guess is printed as a fact.
//! - A method resolution order that is marked complete equals CPython's `__mro__`; of a Rust type it names every
//!   trait that the source gives it.
//! - Output depends on the input alone: not on threads, addresses or hash maps. Every list that reaches a
//!   report is sorted; [`facts::Name`] orders by text.
//!
//! # What is deliberately absent
//! - The analysis runs no code and asks no interpreter: an environment is read like any other folder. The one process
//!   that it ever starts is `git`, by [`git`]. [`conformance`] starts the drivers of candidates, which is what it is for.
//! - No incremental machinery for one tree: a run reads it once, and links and analyses it as a whole. The cache knows files and whole
//!   answers, nothing between. Only a history, which is many trees, keeps what nothing between two of them touches: see
//!   [`link::changes`]. Names are interned for the life of the process.
//! - [`link`] and [`analysis`] know no syntax tree, file system, serialisation or terminal; a renderer knows
//!   nothing but the report. `tests/architecture.rs` holds all of this to the source.

pub mod analysis;
pub mod cache;
pub mod cli;
pub mod config;
pub mod conformance;
pub mod discover;
pub mod facts;
pub mod finding;
pub mod gate;
pub mod git;
pub mod history;
pub mod lang;
pub mod link;
pub mod manager;
pub mod plan;
pub mod render;
pub mod report;
pub mod rules;
pub mod source;
pub mod text;
pub mod tree;
