//! See [`leaksieve_fuzz::phone_rules`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::phone_rules::run(data));
