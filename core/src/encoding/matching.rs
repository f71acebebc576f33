//! What a page says of an item.

/// What a page says of an item. Never a verdict by itself: see [`crate::Verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Match {
    /// The item is there, or it is a false alarm.
    Hit,
    /// The item is not in the dataset.
    Miss,
    /// The page says nothing of it: the next layer does, of [`rehash`](super::ribbon::rehash) of the hash.
    Bumped,
}
