//! See [`leaksieve_fuzz::frames`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::frames::run(data));
