//! Filter files on disk: open and ask one, verify, sign or join them, write a new one.

mod atomic_file;
pub mod bundle;
mod copy;
pub(crate) mod exact_pages;
mod filter_file;
mod header;
pub mod inspect;
pub mod key;
pub(crate) mod sectors;
pub mod sign;
pub mod source;
mod tags;
pub mod together;
pub mod verify;
pub mod words;

pub(crate) use atomic_file::{Access, AtomicFile, ensure_no_input};
pub use atomic_file::{OutputError, remove_unfinished};
pub use filter_file::{FileError, FilterFile};
pub use header::WriteError;
pub(crate) use header::{file_id, read_header, write_header};
