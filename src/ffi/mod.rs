//! The exported functions: one line each, generated, and the few that bindings are built on.

pub mod generated;
pub mod library;
