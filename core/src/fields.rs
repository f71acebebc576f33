//! A header's bytes -> its fields, one by one, each read into the place where it stays.
//!
//! What serde derives reads a whole at once, which takes several copies of it on the stack: 3 KB
//! for a dataset. Headers are written by what serde derives, in postcard's wire format; so a type's
//! `read` takes its fields in the order of their declaration, and a `Serialize` that changes
//! must change it, too.

use crate::bounded::{List, Text};
use crate::error::HeaderDefect;

/// What was not read yet.
pub(crate) struct Fields<'a>(&'a [u8]);

// Not inlined: each is called from many places.
impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Was all of it read?
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn next<T: serde::Deserialize<'a>>(&mut self) -> Result<T, HeaderDefect> {
        let (value, rest) =
            postcard::take_from_bytes(self.0).map_err(|_| HeaderDefect::Unreadable)?;
        self.0 = rest;
        Ok(value)
    }

    /// The number of an enum's variant, or the length of a list.
    #[inline(never)]
    pub(crate) fn varint(&mut self) -> Result<u32, HeaderDefect> {
        self.next()
    }

    /// Bytes without a length.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderDefect> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(HeaderDefect::Unreadable)?;
        self.0 = rest;
        Ok(*bytes)
    }

    #[inline(never)]
    pub(crate) fn u8(&mut self) -> Result<u8, HeaderDefect> {
        self.array().map(u8::from_le_bytes)
    }

    /// A number that `postcard::fixint::le` wrote; and so the next two.
    pub(crate) fn u16(&mut self) -> Result<u16, HeaderDefect> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline(never)]
    pub(crate) fn u32(&mut self) -> Result<u32, HeaderDefect> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline(never)]
    pub(crate) fn u64(&mut self) -> Result<u64, HeaderDefect> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn text<const N: usize>(&mut self, text: &mut Text<N>) -> Result<(), HeaderDefect> {
        text.0.clear();
        text.0
            .push_str(self.next()?)
            .map_err(|_| HeaderDefect::Unreadable)
    }

    pub(crate) fn bytes<const N: usize>(
        &mut self,
        bytes: &mut List<u8, N>,
    ) -> Result<(), HeaderDefect> {
        bytes.0.clear();
        bytes
            .0
            .extend_from_slice(self.next()?)
            .map_err(|_| HeaderDefect::Unreadable)
    }
}
