//! See [`leaksieve_fuzz::lists`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::lists::run(data));
