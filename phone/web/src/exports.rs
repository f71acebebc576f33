//! The functions that the script calls. Buffers are written by the script between calls,
//! at the addresses that are told here; see `page/filter.js`.

use core::cell::{RefCell, RefMut};
use core::panic::PanicInfo;

use crate::Reader;

struct Alone(RefCell<Reader>);

// SAFETY: the module is built without threads (`atomics`), and an instance's memory is
// not shared: one call runs at a time, to its end.
unsafe impl Sync for Alone {}

static READER: Alone = Alone(RefCell::new(Reader::new()));

/// No export calls another, and the module imports nothing that could call back.
fn reader() -> RefMut<'static, Reader> {
    READER.0.borrow_mut()
}

/// Traps, which the script sees as an exception. The reader stays borrowed, so that an
/// instance which trapped once traps at each call from then on.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

// `unsafe(no_mangle)`, of each export: no other item of the module has its name.

/// Where a sector's 512 bytes are written before `supply`.
#[unsafe(no_mangle)]
extern "C" fn sector() -> *mut u8 {
    reader().sector.as_mut_ptr()
}

/// Where an identifier's UTF-8 is written before `ask`.
#[unsafe(no_mangle)]
extern "C" fn text() -> *mut u8 {
    reader().text.as_mut_ptr()
}

/// Bytes that `text` has room for.
#[unsafe(no_mangle)]
extern "C" fn text_bytes() -> usize {
    reader().text.len()
}

/// Where the 32 bytes of a publisher's key are written before `open`.
#[unsafe(no_mangle)]
extern "C" fn key() -> *mut u8 {
    reader().key.0.as_mut_ptr()
}

/// Where the JSON of `result` is.
#[unsafe(no_mangle)]
extern "C" fn json() -> *const u8 {
    reader().json.as_ptr()
}

/// Begin to open a file of so many bytes. With `is_pinned` other than 0, only what the
/// key in `key` signed is accepted.
#[unsafe(no_mangle)]
extern "C" fn open(size_bytes: u64, is_pinned: u32) {
    reader().open(size_bytes, is_pinned != 0);
}

/// Begin to ask about the identifier of so many bytes in `text`, as the kind of that index
/// in the file's `kinds`.
#[unsafe(no_mangle)]
extern "C" fn ask(num_bytes: usize, kind: usize) {
    reader().ask(num_bytes, kind);
}

/// The sector to supply next; -1 when `result` is ready.
#[unsafe(no_mangle)]
extern "C" fn wants() -> i64 {
    reader().wants().map_or(-1, |index| index.0.into())
}

/// Take the sector that was wanted, from `sector`.
#[unsafe(no_mangle)]
extern "C" fn supply() {
    reader().supply();
}

/// What came of it, at a time in seconds since 1970-01-01 UTC: bytes of JSON in `json`.
#[unsafe(no_mangle)]
extern "C" fn result(now_unix_s: u64) -> usize {
    reader().result(now_unix_s)
}
