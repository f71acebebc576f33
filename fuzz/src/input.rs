//! An input, taken apart from its start.

/// What is left of an input. Behind its end all is zero.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// The next bytes, fewer at the end.
    pub(crate) fn take(&mut self, num_bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(num_bytes.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// As many bytes as the next byte says.
    pub(crate) fn counted(&mut self) -> &'a [u8] {
        let num_bytes = self.byte();
        self.take(num_bytes.into())
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}

/// One input in so many, by a sum of its bytes: for what takes much longer than the rest,
/// and would take all of the time if a bit of the input chose it.
pub(crate) fn is_one_in(data: &[u8], num_inputs: u32) -> bool {
    let sum = data.iter().fold(0_u32, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    (sum >> 8).is_multiple_of(num_inputs)
}
