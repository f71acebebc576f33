//! Calls that could panic, are never reached, and cannot be mended here.

use crate::Frame;

/// A function of a crate, inlined or not, that may call on so many lines; one more is looked at
/// anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    /// The crate, as rustc names it.
    pub(crate) package: &'static str,
    /// The function's own name.
    pub(crate) function: &'static str,
    /// Lines.
    pub(crate) most: usize,
}

impl Exception {
    pub(crate) fn covers(&self, frame: &Frame) -> bool {
        frame.package.as_deref() == Some(self.package) && self.function == frame.name()
    }
}

const fn never(package: &'static str, function: &'static str, most: usize) -> Exception {
    Exception {
        package,
        function,
        most,
    }
}

/// What may stand where nothing may, each with the reason why it is never reached.
pub(crate) const EXCEPTIONS: [Exception; 17] = [
    // It reads as many bytes as a code says only when they end before the frame does, which is no
    // longer than its slice.
    never("cobs", "decode_in_place_report", 2),
    // A loop over the 3 bytes that 16 bits need, in an array of 3.
    never("postcard", "varint_u16", 1),
    // A loop over the 5 bytes that 32 bits need, in an array of 5.
    never("postcard", "varint_u32", 1),
    // Eight bytes of a stripe or of the secret, whose lengths choose the way; published vectors of
    // each way are among the core's tests.
    never("xxhash_rust", "read_u64", 27),
    // Indices of a block's 16 words, from tables of constants below 16.
    never("md4", "compress", 6),
    // Four words of state go into 16 bytes of output.
    never("md4", "finalize_fixed_core", 2),
    // Five words of state go into 20 bytes of output.
    never("sha1", "finalize_fixed_core", 2),
    // The card's RefCell is borrowed only while one of the driver's functions runs; none of them
    // calls the app back, and no interrupt is ever taken.
    never("embedded_sdmmc", "mark_card_uninit", 1),
    // The buffer of 64 bytes starts empty, and a fill takes no more than it has room for.
    never("blake3", "fill_buf", 1),
    // Eight bytes at 8 i, i below 8 of a state or 16 of a block of 128.
    never("ed25519_compact", "load_be", 2),
    // Eight bytes at 8 i, i below 8, of 64.
    never("ed25519_compact", "store_be", 2),
    // Its callers' indices are constants below 16.
    never("ed25519_compact", "M", 1),
    // Its callers' indices are constants below 16.
    never("ed25519_compact", "F", 1),
    // What the buffer of 128 bytes holds is less than a block, and is filled to a block at most.
    never("ed25519_compact", "update", 2),
    // What the buffer of 128 bytes holds is less than a block.
    never("ed25519_compact", "finalize", 1),
    // Its callers' scalars are of 32 bytes or 64, and 256 bits are read.
    never("ed25519_compact", "slide", 1),
    // A digit that slide makes is odd and from -15 to 15, whatever the scalar, so that half of it
    // is an index below 8.
    never("ed25519_compact", "double_scalarmult_vartime", 4),
];
