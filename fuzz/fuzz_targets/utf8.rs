//! UTF-8 in pieces: see `openck_fuzz::utf8`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::utf8(data));
