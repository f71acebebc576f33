//! See [`leaksieve_fuzz::parquet`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksieve_fuzz::parquet::run(data));
