//! See [`leaksieve_fuzz::build_check`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::build_check::run(data));
