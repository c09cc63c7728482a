//! Writes everything that follows from `api/*.toml`: exports, headers, bindings, reference pages.
//!
//! `model` reads and checks the description, `names` holds the naming rules of every language, and
//! each further module writes one kind of file. Nothing here depends on time, machine or order of
//! reading, so that the same description always gives the same bytes.

mod c;
mod cpp;
mod doc;
mod files;
mod headers;
mod model;
mod names;
mod pascal;
mod python;
mod reference;
mod rust_dynamic;
mod rust_exports;
mod rustfmt;
mod static_calls;
mod tcl;

use std::path::Path;

pub use files::Files;
use model::Api;
pub use model::Result;

/// All files for the tree at `root`.
pub fn generate(root: &Path) -> Result<Files> {
    let api = Api::load(&root.join("api"))?;
    let mut files = Files::default();
    rust_exports::generate(&api, &mut files)?;
    rust_dynamic::generate(&api, &mut files)?;
    headers::generate(&api, root, &mut files)?;
    pascal::generate(&api, &mut files)?;
    python::generate(&api, &mut files);
    tcl::generate(&api, &mut files)?;
    cpp::generate(&api, &mut files);
    reference::generate(&api, &mut files);
    static_calls::generate(&api, &mut files)?;
    Ok(files)
}
