//! Both directions of a connection: see `openck_fuzz::connection`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::connection(data));
