//! Answers to an opening handshake: see `openck_fuzz::handshake_response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::handshake_response(data));
