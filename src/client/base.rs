//! Stands in for the real base until it is merged.

/// What every object has.
#[derive(Debug, Default)]
pub struct Base;

impl Base {
    /// A new base.
    pub fn new() -> Self {
        Self
    }
}
