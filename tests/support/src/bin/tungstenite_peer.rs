//! tungstenite as a server for the tests with independent peers; see
//! `tests/python/peers/conversation.py` for what such a program does.

use openck_test_support::{conversation, wait_for_parent};

fn main() -> std::io::Result<()> {
    let server = conversation::start()?;
    println!("{{\"port\": {}}}", server.port());
    wait_for_parent();
    Ok(())
}
