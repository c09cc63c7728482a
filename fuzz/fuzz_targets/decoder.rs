//! What a server sends, read by two implementations: see `openck_fuzz::decoder`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::decoder(data));
