//! Sequences of calls of the exported functions: see `openck_fuzz::abi_calls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openck_fuzz::abi_calls(data));
