//! net

pub mod http1;
