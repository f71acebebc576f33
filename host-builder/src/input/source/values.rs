//! Values in memory, as the records of a file.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::batch::Batch;
use super::error::SourceError;
use super::gather::Gather;
use super::input::Input;
use super::layout::Layout;

/// What has values in memory: a column of a table, a list.
pub trait ValueSource: Send + Sync {
    /// Give each value in order, `None` where one is missing, until `each` breaks off.
    fn for_each(&self, each: &mut dyn FnMut(Option<&[u8]>) -> ControlFlow<()>) -> ControlFlow<()>;

    /// Bytes of all values, for progress; it need not be exact.
    fn num_bytes(&self) -> u64;
}

impl<T: AsRef<[u8]> + Send + Sync> ValueSource for Vec<Option<T>> {
    fn for_each(&self, each: &mut dyn FnMut(Option<&[u8]>) -> ControlFlow<()>) -> ControlFlow<()> {
        self.iter()
            .try_for_each(|value| each(value.as_ref().map(AsRef::as_ref)))
    }

    fn num_bytes(&self) -> u64 {
        let num_bytes = |value: &T| value.as_ref().len() as u64;
        self.iter().flatten().map(num_bytes).sum()
    }
}

/// Values in memory, and what messages call them. Two are equal if they are the same ones.
#[derive(Clone)]
pub struct Values {
    name: Arc<str>,
    source: Arc<dyn ValueSource>,
}

impl Values {
    /// `name` begins a message: "column `phone`".
    pub fn new(name: &str, source: impl ValueSource + 'static) -> Self {
        Self {
            name: name.into(),
            source: Arc::new(source),
        }
    }

    /// Bytes of all values, more or less.
    pub(super) fn num_bytes(&self) -> u64 {
        self.source.num_bytes()
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.source, &other.source)
    }
}

impl Eq for Values {}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Values").field(&self.name).finish()
    }
}

/// Give batches of the values to `take`.
pub(super) fn read<E: From<SourceError>>(
    index: usize,
    values: &Values,
    layout: &Layout,
    advance: &dyn Fn(u64),
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    if !matches!(layout, Layout::Line | Layout::LineOf(_)) {
        let input = Input::Values(values.clone());
        return Err(SourceError::NotChosen { input }.into());
    }
    let mut take = |batch: Batch| {
        advance(batch.bytes.len() as u64);
        take(batch)
    };
    let mut gather = Gather::new(index);
    let mut result = Ok(());
    let _ = values.source.for_each(&mut |value| {
        gather.push(value);
        if gather.is_full()
            && let Some(batch) = gather.take()
        {
            result = take(batch);
        }
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    result?;
    gather.take().map_or(Ok(()), take)
}
