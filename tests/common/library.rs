//! Where the shared library is that was built with a test.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;

/// The library lies beside the test, where cargo builds everything that the package makes.
pub(crate) fn library() -> PathBuf {
    let name = format!("{}openck{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let test = std::env::current_exe().expect("the path of the test");
    let folders = test.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(&name)).find(|path| path.exists()).unwrap_or(name.into())
}
