//! A firmware that comes to a panic in each way that the check knows. The test compiles
//! this; where it says `// may panic`, a call must be found, and nowhere else.

#![no_std]
#![no_main]

use core::hint::black_box;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[inline(never)]
fn by_an_index(bytes: &[u8], at: usize) -> u8 {
    bytes[at] // may panic
}

#[inline(always)]
fn by_inlining(value: Option<u8>) -> u8 {
    value.unwrap() // may panic
}

#[inline(never)]
fn by_the_standard_library(text: &str) -> bool {
    text.contains("needle") // may panic
}

#[inline(never)]
fn by_a_pointer() -> fn(Option<u8>) -> u8 {
    black_box(Option::unwrap) // may panic
}

#[inline(never)]
fn by_a_table() -> &'static dyn Fn(Option<u16>) -> u16 {
    black_box(&Option::<u16>::unwrap) // may panic
}

#[inline(never)]
fn never(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn _start(bytes: &'static [u8; 9], at: usize) -> ! {
    let bytes: &[u8] = black_box(bytes);
    black_box(by_an_index(bytes, at));
    black_box(by_inlining(black_box(None)));
    black_box(by_the_standard_library(core::str::from_utf8(bytes).unwrap_or("")));
    black_box(by_a_pointer());
    black_box(by_a_table());
    black_box(never(bytes, at));
    loop {}
}
