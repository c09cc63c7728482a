//! Frame headers: see `openck_fuzz::frame_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::frame_header(data));
