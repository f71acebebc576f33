//! Lists and texts of a bounded length, which lie in place: there is no allocator.
//!
//! Public signatures use them in place of `heapless`' types, so that its next major version needs
//! none of ours.

use core::fmt;
use core::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// Up to `N` elements, in place. It is read and changed as the slice that it derefs to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct List<T, const N: usize>(pub(crate) heapless::Vec<T, N>);

impl<T, const N: usize> List<T, N> {
    /// No element.
    pub const fn new() -> Self {
        Self(heapless::Vec::new())
    }

    /// Add an element behind the last.
    ///
    /// # Errors
    /// The element, when there are `N` already.
    pub fn push(&mut self, element: T) -> Result<(), T> {
        self.0.push(element)
    }

    /// Take all elements out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> Deref for List<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> DerefMut for List<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T, const N: usize> AsRef<[T]> for List<T, N> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a List<T, N> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a mut List<T, N> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: Clone, const N: usize> TryFrom<&[T]> for List<T, N> {
    type Error = TooLong;

    fn try_from(elements: &[T]) -> Result<Self, TooLong> {
        let list = heapless::Vec::from_slice(elements);
        list.map(Self).map_err(|_| TooLong { limit: N })
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for List<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Up to `N` bytes of UTF-8, in place. It is read as the `str` that it derefs to.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct Text<const N: usize>(pub(crate) heapless::String<N>);

impl<const N: usize> Text<N> {
    /// The empty text.
    pub const fn new() -> Self {
        Self(heapless::String::new())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        let text = heapless::String::try_from(text);
        text.map(Self).map_err(|_| TooLong { limit: N })
    }
}

impl<const N: usize> PartialEq<str> for Text<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for Text<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// More than a [`List`] or a [`Text`] has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TooLong {
    /// Most elements, or bytes of a text.
    pub limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too long: at most {} fit", self.limit)
    }
}

impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn what_fits_is_kept_and_what_does_not_is_refused() {
        let mut list = List::<u8, 2>::try_from(&[1, 2][..]).unwrap();
        assert_eq!((list.push(3), list.as_slice()), (Err(3), &[1, 2][..]));
        let full = Err(TooLong { limit: 2 });
        assert_eq!(List::<u8, 2>::try_from(&[1, 2, 3][..]), full);
        assert_eq!(Text::<2>::try_from("é").unwrap(), "é");
        let error = Text::<2>::try_from("éé").unwrap_err();
        assert_eq!(error.to_string(), "too long: at most 2 fit");
    }
}
