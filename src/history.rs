//! What git knows of a tree's past: how old a file is, and what each commit held.

pub mod figures;
pub mod past;
pub mod sampling;

pub use self::past::Past;
