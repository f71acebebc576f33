//! See [`leaksieve_fuzz::compression`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::compression::run(data));
