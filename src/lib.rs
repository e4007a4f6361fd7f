//! wip
pub mod discover;
pub mod facts;
pub mod lang;
pub mod link;
pub mod source;
pub mod text;
pub mod tree;
