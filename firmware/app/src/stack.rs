//! How much stack a question took.

/// Measures the stack. A board paints the free stack with a pattern and counts how
/// much of it is still there.
pub trait StackMeter {
    /// The deepest the stack has been since the last call, or `None` where it cannot
    /// be told. Paints the free stack anew, which also wipes what the question left
    /// there: copies of the identifier among it.
    fn take_high_water(&mut self) -> Option<StackUse>;
}

/// A stack's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StackUse {
    /// The most that was in use at once.
    pub used_bytes: u32,
    /// All that there is.
    pub size_bytes: u32,
}

/// For a host, where nothing is measured.
impl StackMeter for () {
    fn take_high_water(&mut self) -> Option<StackUse> {
        None
    }
}
