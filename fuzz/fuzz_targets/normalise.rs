//! See [`leaksieve_fuzz::normalise`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::normalise::run(data));
