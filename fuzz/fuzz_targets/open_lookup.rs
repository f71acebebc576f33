//! See [`leaksieve_fuzz::open_lookup`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::open_lookup::run(data));
