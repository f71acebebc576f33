//! Which page may have a number: the directory, and the index that it leads to.
//!
//! ```text
//! directory  byte 0    segments, 1 to 36
//!            then      of each, 14 bytes, in order:
//!                      first value u64 | first page of its index u32 | s u8 | block u8
//! index page byte 0    page in which its share begins, u32
//!            byte 4    first value of that page, u64
//!            byte 12   pages that begin in the share, u16
//!            bit 112   where each begins, as s bits above the share's first value, in order
//! ```
//!
//! A segment has all values up to the next one's first. It is cut into shares of 2^s values, and
//! each share has one page of the index.

use super::bits::{PAGE_BITS, field, peek, peek_long, put};
use super::{BlockSize, PageDefect};
use crate::units::{PAYLOAD_BYTES, Payload};

/// Most segments: 36.
pub const MAX_SEGMENTS: usize = (PAYLOAD_BYTES - 1) / SEGMENT_BYTES;
/// Largest s: 56.
pub const MAX_SHIFT: u8 = 56;

const SEGMENT_BYTES: usize = 14;
/// Bits of an index page before its places.
const HEAD_BITS: u32 = 112;

/// A row of values, cut into shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first value.
    pub first: u64,
    /// The page of the index for its first share.
    pub first_index_page: u32,
    /// A share has 2^shift values; at most [`MAX_SHIFT`].
    pub shift: u8,
    /// What blocks its pages have.
    pub block: BlockSize,
}

/// A share, and the page of the index that is for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub(super) page: u32,
    first: u64,
    shift: u8,
    block: BlockSize,
}

/// The page that may have a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from the dataset's first page.
    pub page: u32,
    /// Its first value.
    pub first: u64,
    /// What blocks it has.
    pub block: BlockSize,
}

/// All shares of a directory, in order, each with its page of the index; a defect ends them.
pub fn shares(
    directory: &Payload,
    num_pages: u32,
) -> impl Iterator<Item = Result<Share, PageDefect>> {
    let count = num_segments(directory).unwrap_or(0);
    let last = num_pages.saturating_sub(1);
    (0..count).flat_map(move |index| {
        let its = segment(directory, index);
        let end = match segment(directory, index + 1) {
            Ok(next) if index + 1 < count => next.first_index_page,
            _ => last,
        };
        let pages = its.map_or(0..1, |segment| segment.first_index_page..end);
        (0_u64..).zip(pages).map(move |(share, page)| {
            let segment = its?;
            let begin = share.checked_shl(segment.shift.into());
            Ok(Share {
                page,
                first: segment.first.saturating_add(begin.unwrap_or(u64::MAX)),
                shift: segment.shift,
                block: segment.block,
            })
        })
    })
}

/// How many pages can begin in a share of 2^shift values, apart from the one that it begins in.
pub fn most_in_share(shift: u8) -> u32 {
    let most = (PAGE_BITS - HEAD_BITS).checked_div(shift.into());
    most.unwrap_or(0)
}

/// How many segments a directory has.
fn num_segments(directory: &Payload) -> Result<usize, PageDefect> {
    match directory {
        [count, ..] if (1..=MAX_SEGMENTS).contains(&usize::from(*count)) => Ok((*count).into()),
        _ => Err(PageDefect),
    }
}

/// The bit with which one of them begins.
const fn bit_of(index: usize) -> u32 {
    8 + (SEGMENT_BYTES * 8 * index) as u32
}

/// The first value of one of them, and its first page of the index.
fn begin_of(directory: &Payload, index: usize) -> (u64, u32) {
    let at = bit_of(index);
    (peek_long(directory, at), peek(directory, at + 64))
}

/// One of them.
fn segment(directory: &Payload, index: usize) -> Result<Segment, PageDefect> {
    let (first, first_index_page) = begin_of(directory, index);
    let [shift, exponent, ..] = peek(directory, bit_of(index) + 96).to_le_bytes();
    match BlockSize::new(exponent) {
        Some(block) if shift <= MAX_SHIFT => Ok(Segment {
            first,
            first_index_page,
            shift,
            block,
        }),
        _ => Err(PageDefect),
    }
}

/// All segments of a directory.
pub fn segments(directory: &Payload) -> impl Iterator<Item = Result<Segment, PageDefect>> {
    let count = num_segments(directory).unwrap_or(0);
    (0..count).map(move |index| segment(directory, index))
}

/// The share of a number; `None`: it is below all values. `num_pages` are those of the dataset, of
/// which the directory is the last.
pub(super) fn share_of(
    directory: &Payload,
    number: u64,
    num_pages: u32,
) -> Result<Option<Share>, PageDefect> {
    // From the last on: the pages of a segment's index end where the directory begins, or the next
    // segment's.
    let mut end = num_pages.checked_sub(1).ok_or(PageDefect)?;
    for index in (0..num_segments(directory)?).rev() {
        let (first, first_index_page) = begin_of(directory, index);
        if first_index_page >= end {
            return Err(PageDefect);
        }
        if first > number {
            end = first_index_page;
            continue;
        }
        let Segment { shift, block, .. } = segment(directory, index)?;
        let last_share = end - first_index_page - 1;
        // Behind the last share there is no page that begins.
        let share = ((number - first) >> shift).min(last_share.into());
        return Ok(Some(Share {
            page: first_index_page + share as u32,
            first: first + (share << shift),
            shift,
            block,
        }));
    }
    Ok(None)
}

impl Share {
    /// The page of the index that is for it.
    pub const fn index_page(self) -> u32 {
        self.page
    }

    /// The page that it begins in, and those that begin in it.
    ///
    /// # Errors
    /// [`PageDefect`] if a builder did not write this.
    pub fn places(self, index: &Payload) -> Result<impl Iterator<Item = Place>, PageDefect> {
        let begins_in = self.place(index, 0);
        let count = self.count(index)?;
        let others = (1..=count).map(move |place| self.place(index, place));
        Ok(core::iter::once(begins_in).chain(others))
    }

    /// How many pages begin in it.
    fn count(self, index: &Payload) -> Result<u32, PageDefect> {
        let count = peek(index, 96) & 0xFFFF;
        if count > most_in_share(self.shift) {
            return Err(PageDefect);
        }
        Ok(count)
    }

    /// Where the page begins that begins in it after so many others.
    fn begin(self, index: &Payload, place: u32) -> u64 {
        let shift = u32::from(self.shift);
        field(index, HEAD_BITS.saturating_add(place * shift), shift)
    }

    /// The page that it begins in, or the one that begins in it as the n-th.
    fn place(self, index: &Payload, n: u32) -> Place {
        Place {
            page: peek(index, 0).saturating_add(n),
            first: match n.checked_sub(1) {
                Some(before) => self.first.saturating_add(self.begin(index, before)),
                None => peek_long(index, 32),
            },
            block: self.block,
        }
    }

    /// The page that may have a number of this share.
    pub(super) fn place_of(self, index: &Payload, number: u64) -> Result<Place, PageDefect> {
        let count = self.count(index)?;
        let wanted = number.saturating_sub(self.first);
        // How many begin at the number or before.
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.begin(index, middle) <= wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let place = self.place(index, low);
        // Pages of values lie before those of the index.
        if place.page >= self.page || place.first > number {
            return Err(PageDefect);
        }
        Ok(place)
    }
}

/// A directory, for builders; `None`: there are no segments, or more than [`MAX_SEGMENTS`].
pub fn directory(segments: &[Segment]) -> Option<Payload> {
    let mut payload = [0; PAYLOAD_BYTES];
    if segments.is_empty() || segments.len() > MAX_SEGMENTS {
        return None;
    }
    let (count, rest) = payload.split_first_mut()?;
    *count = segments.len() as u8;
    let (places, _) = rest.as_chunks_mut::<SEGMENT_BYTES>();
    for (place, segment) in places.iter_mut().zip(segments) {
        let fields = segment
            .first
            .to_le_bytes()
            .into_iter()
            .chain(segment.first_index_page.to_le_bytes())
            .chain([segment.shift, segment.block.exponent()]);
        for (byte, value) in place.iter_mut().zip(fields) {
            *byte = value;
        }
    }
    Some(payload)
}

/// A page of the index, for builders: `page` is that in which the share begins, `first` its first
/// value, and `begins` are the offsets in the share at which further pages begin. `None`: there are
/// more of them than [`most_in_share`].
pub fn index_page(page: u32, first: u64, shift: u8, begins: &[u64]) -> Option<Payload> {
    let mut payload = [0; PAYLOAD_BYTES];
    if begins.len() > most_in_share(shift) as usize {
        return None;
    }
    let count = begins.len() as u64;
    put(&mut payload, 0, 32, page.into());
    put(&mut payload, 32, 32, first & u64::from(u32::MAX));
    put(&mut payload, 64, 32, first >> 32);
    put(&mut payload, 96, 16, count);
    let mut at = HEAD_BITS;
    for begin in begins {
        if !put(&mut payload, at, shift.into(), *begin) {
            return None;
        }
        at += u32::from(shift);
    }
    Some(payload)
}
