//! The interface for C, from which `include/leaksieve.h` is made.
//!
//! - A file is a handle, which [`leaksieve_close`] frees. All else is copied into places of the
//!   caller's, of a fixed size: nothing else is to be freed.
//! - Null, a pointer that is not aligned, and a number that means nothing are refused. Whether
//!   a pointer leads to where it should nobody can see: that stands under `# Safety`.
//! - Nothing unwinds into C: a panic is [`Status::Internal`].
//! - A place for a verdict is first made "none", a place for a handle null: who overlooks an
//!   error reads no "not exposed" of a question before.

#![expect(unsafe_code, reason = "the boundary to C")]

mod types;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use crate::error::{FilterError, ReaderError};
use crate::kind::Kind;

pub use types::{
    About, Answer, Dataset, Message, Outcome, ReadAt, Reader, Rule, Status, Trust, Verdict,
};

/// An open file. Several threads may ask it at once.
#[derive(Debug)]
pub struct Filter(Arc<crate::Filter>);

/// Open the file of a path, which is UTF-8, or what the system takes for a path.
///
/// # Safety
/// `path`, and each key, is null or ends with a NUL. `trust` is null, for every file, or leads to
/// a `LeaksieveTrust` with as many keys as it says. `filter` and `message` are null or lead to
/// a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_open(
    path: *const c_char,
    trust: *const Trust,
    filter: *mut *mut Filter,
    message: *mut Message,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        opened(trust, filter, message, |trust| {
            let path = CStr::from_ptr(checked(path, "path")?);
            Ok(crate::Filter::of_path(os_str(path)?.as_ref(), &trust)?)
        })
    }
}

/// Open the file of a descriptor that is open to be read. It is duplicated, stays the caller's to
/// close, and its place in the file is neither used nor moved.
///
/// # Safety
/// As of `leaksieve_open`; and nobody closes the descriptor meanwhile.
#[cfg(unix)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_open_descriptor(
    descriptor: c_int,
    trust: *const Trust,
    filter: *mut *mut Filter,
    message: *mut Message,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        opened(trust, filter, message, |trust| {
            Ok(crate::Filter::from_descriptor(descriptor, 0, None, trust)?)
        })
    }
}

/// As `leaksieve_open_descriptor`, of a part of the file: `num_bytes` bytes from `offset_bytes` on.
///
/// # Safety
/// As of `leaksieve_open_descriptor`.
#[cfg(unix)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_open_region(
    descriptor: c_int,
    offset_bytes: i64,
    num_bytes: i64,
    trust: *const Trust,
    filter: *mut *mut Filter,
    message: *mut Message,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        opened(trust, filter, message, |trust| {
            let num_bytes = Some(num_bytes);
            Ok(crate::Filter::from_descriptor(
                descriptor,
                offset_bytes,
                num_bytes,
                trust,
            )?)
        })
    }
}

/// Open a file that the caller reads. What `reader` leads to is copied; its context must be there
/// until the file is closed.
///
/// # Safety
/// As of `leaksieve_open`; and `reader` is null or leads to a `LeaksieveReader` that does what
/// `LeaksieveReadAt` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_open_reader(
    reader: *const Reader,
    trust: *const Trust,
    filter: *mut *mut Filter,
    message: *mut Message,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        opened(trust, filter, message, |trust| {
            let reader = *lent(reader, "reader")?;
            if reader.read_at.is_none() {
                return Err(bad("read_at is null"));
            }
            let reader = Arc::new(CallersReader(reader));
            Ok(crate::Filter::from_reader(reader, trust)?)
        })
    }
}

/// Close a file. Null is nothing to close.
///
/// # Safety
/// `filter` is null, or of a call that opened it, and is not closed yet; no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_close(filter: *mut Filter) {
    guarded(|| {
        if !filter.is_null() && filter.is_aligned() {
            // SAFETY: it is of `Box::into_raw`, and comes back once: the caller's promise.
            drop(unsafe { Box::from_raw(filter) });
        }
        Ok(())
    })
    .ok();
}

/// Look a text up, in the leaks of its kind (a `LeaksieveKind`), or in all (0).
///
/// # Safety
/// `filter` is null or an open file. `text` leads to `num_bytes` bytes; with 0 bytes it may be
/// null. `verdict` and `message` are null or lead to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_check(
    filter: *const Filter,
    text: *const u8,
    num_bytes: usize,
    kind: i32,
    verdict: *mut Verdict,
    message: *mut Message,
) -> Status {
    let body = || {
        // SAFETY: the caller's promise.
        let (place, filter) = unsafe { (place(verdict, "verdict")?, lent(filter, "filter")?) };
        let kind = match kind {
            0 => None,
            number => Some(
                Kind::ALL
                    .into_iter()
                    .find(|kind| *kind as i32 == number)
                    .ok_or_else(|| bad("kind is none"))?,
            ),
        };
        if isize::try_from(num_bytes).is_err() {
            return Err(bad("num_bytes is more than memory has"));
        }
        let text = match num_bytes {
            0 => &[],
            // SAFETY: not null, and of a possible length; that it is there, the caller promises.
            _ => unsafe { std::slice::from_raw_parts(checked(text, "text")?, num_bytes) },
        };
        place.write(Verdict::new(&filter.0.ask(text, kind)?));
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe {
        write(verdict, Verdict::NONE);
        told(message, guarded(body))
    }
}

/// What a file holds.
///
/// # Safety
/// `filter` is null or an open file. `about` and `message` are null or lead to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_about(
    filter: *const Filter,
    about: *mut About,
    message: *mut Message,
) -> Status {
    let body = || {
        // SAFETY: the caller's promise.
        let (place, filter) = unsafe { (place(about, "about")?, lent(filter, "filter")?) };
        place.write(About::new(&filter.0.about()));
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { told(message, guarded(body)) }
}

/// One leak of a file; `index` is below `num_datasets`.
///
/// # Safety
/// `filter` is null or an open file. `dataset` and `message` are null or lead to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leaksieve_dataset(
    filter: *const Filter,
    index: u32,
    dataset: *mut Dataset,
    message: *mut Message,
) -> Status {
    let body = || {
        // SAFETY: the caller's promise.
        let (place, filter) = unsafe { (place(dataset, "dataset")?, lent(filter, "filter")?) };
        let datasets = filter.0.about().datasets;
        let found = datasets.get(index as usize);
        place.write(Dataset::new(
            found.ok_or_else(|| bad("index: the file has no such leak"))?,
        ));
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { told(message, guarded(body)) }
}

/// Why a call failed.
struct Failure {
    status: Status,
    text: String,
}

fn bad(text: &str) -> Failure {
    Failure {
        status: Status::BadArgument,
        text: text.to_owned(),
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        Self {
            status: match error {
                FilterError::Unreadable(_) => Status::Unreadable,
                FilterError::NotAFilter(_) => Status::NotAFilter,
                FilterError::Damaged(_) => Status::Damaged,
                FilterError::Forged(_) => Status::Forged,
                FilterError::NotTrusted(_) => Status::NotTrusted,
                FilterError::Outdated(_) => Status::Outdated,
                FilterError::TooNew(_) => Status::TooNew,
                FilterError::BadKey { .. } => Status::BadKey,
            },
            text: error.to_string(),
        }
    }
}

/// What all calls that open share.
///
/// # Safety
/// As of `leaksieve_open`.
unsafe fn opened(
    trust: *const Trust,
    filter: *mut *mut Filter,
    message: *mut Message,
    open: impl FnOnce(crate::Trust) -> Result<Arc<crate::Filter>, Failure>,
) -> Status {
    let body = || {
        // SAFETY: the caller's promise.
        let (place, trust) = unsafe { (place(filter, "filter")?, trust_of(trust)?) };
        place.write(Box::into_raw(Box::new(Filter(open(trust)?))));
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe {
        write(filter, ptr::null_mut());
        told(message, guarded(body))
    }
}

/// # Safety
/// As of `leaksieve_open`.
unsafe fn trust_of(trust: *const Trust) -> Result<crate::Trust, Failure> {
    if trust.is_null() {
        return Ok(crate::Trust::default());
    }
    // SAFETY: the caller's promise.
    let trust = unsafe { lent(trust, "trust") }?;
    let mut keys = Vec::new();
    for index in 0..trust.num_keys {
        // SAFETY: there are as many keys: the caller's promise.
        let key = unsafe {
            let key = *checked(trust.keys, "keys")?.add(index);
            CStr::from_ptr(checked(key, "a key")?)
        };
        // What is no UTF-8 is no key either, and is told so.
        keys.push(key.to_string_lossy().into_owned());
    }
    Ok(crate::Trust {
        keys,
        min_epoch: trust.min_epoch,
        allow_expired: trust.allow_expired != 0,
    })
}

/// A pointer that may lead somewhere.
fn checked<T>(pointer: *const T, name: &str) -> Result<*const T, Failure> {
    match pointer {
        _ if pointer.is_null() => Err(bad(&format!("{name} is null"))),
        _ if !pointer.is_aligned() => Err(bad(&format!("{name} is not aligned"))),
        _ => Ok(pointer),
    }
}

/// # Safety
/// `pointer` is null, not aligned, or leads to a `T` that outlives the use of what is given.
unsafe fn lent<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    let pointer = checked(pointer, name)?;
    // SAFETY: neither null nor unaligned; the rest is the caller's promise.
    Ok(unsafe { &*pointer })
}

/// # Safety
/// `pointer` is null, not aligned, or leads to a place for a `T` that nobody else uses meanwhile.
unsafe fn place<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut MaybeUninit<T>, Failure> {
    checked(pointer, name)?;
    // SAFETY: neither null nor unaligned; the rest is the caller's promise.
    Ok(unsafe { &mut *pointer.cast() })
}

/// Write where there is a place.
///
/// # Safety
/// As of [`place`].
unsafe fn write<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() && pointer.is_aligned() {
        // SAFETY: neither null nor unaligned; the rest is the caller's promise.
        unsafe { pointer.write(value) };
    }
}

/// A panic is a failure like others.
fn guarded(body: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    // What a panic left half done is not used again: no call changes what another one reads.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(Failure {
            status: Status::Internal,
            text: "a defect of leaksieve: please report it".to_owned(),
        })
    })
}

/// Tell why a call failed, or that it did not.
///
/// # Safety
/// As of [`place`].
unsafe fn told(message: *mut Message, result: Result<(), Failure>) -> Status {
    let (status, text) = match &result {
        Ok(()) => (Status::Ok, ""),
        Err(failure) => (failure.status, failure.text.as_str()),
    };
    let text = types::copied(text);
    // SAFETY: the caller's promise.
    unsafe { write(message, Message { text }) };
    status
}

#[cfg(unix)]
fn os_str(text: &CStr) -> Result<&OsStr, Failure> {
    Ok(std::os::unix::ffi::OsStrExt::from_bytes(text.to_bytes()))
}

#[cfg(not(unix))]
fn os_str(text: &CStr) -> Result<&OsStr, Failure> {
    let text = text.to_str().map_err(|_| bad("path is not UTF-8"))?;
    Ok(OsStr::new(text))
}

/// A reader of the caller's.
#[derive(Debug)]
struct CallersReader(Reader);

// SAFETY: the context is only handed back; that `read_at` may be called on any thread, on several at
// once, is the caller's promise.
unsafe impl Send for CallersReader {}
// SAFETY: as above.
unsafe impl Sync for CallersReader {}

impl crate::Reader for CallersReader {
    fn size_bytes(&self) -> Result<u64, ReaderError> {
        Ok(self.0.size_bytes)
    }

    fn read_at(&self, offset_bytes: u64, num_bytes: u32) -> Result<Vec<u8>, ReaderError> {
        let Reader {
            context,
            read_at: Some(read_at),
            ..
        } = self.0
        else {
            let reason = "read_at is null".to_owned();
            return Err(ReaderError::Failed { reason });
        };
        let mut bytes = vec![0; num_bytes as usize];
        // SAFETY: the buffer has that many bytes; the rest is the caller's promise.
        let read = unsafe { read_at(context, offset_bytes, bytes.as_mut_ptr(), bytes.len()) };
        if read == i64::from(num_bytes) {
            return Ok(bytes);
        }
        Err(ReaderError::Failed {
            reason: match read {
                0.. => format!("{num_bytes} bytes were asked for, and the reader gave {read}"),
                _ => format!("the reader failed ({read})"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_as_a_status_with_a_message() {
        let mut message = Message {
            text: types::copied("of a call before"),
        };
        let place = &raw mut message;
        // SAFETY: it leads to a message.
        let status = unsafe { told(place, guarded(|| panic!("a defect"))) };
        assert_eq!(status, Status::Internal);
        // SAFETY: `told` ends it with a NUL.
        let text = unsafe { CStr::from_ptr(message.text.as_ptr()) };
        assert_eq!(text, c"a defect of leaksieve: please report it");
    }
}
