//! HTTP heads and bodies: see `openck_fuzz::http_head_and_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::http_head_and_body(data));
