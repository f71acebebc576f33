//! Parquet files: an error or the rows in order, and no panic of ours.
//!
//! Input: the column (u8), then the file. For columns below 128 its frame is mended: the
//! magic at both ends, and a length of the metadata that is not more than there are bytes.
//!
//! The `parquet` crate has assertions that a file can reach; our reader catches them, and
//! says that the file is damaged. A panic anywhere else is a finding.

use std::sync::Once;

use leaksieve::input::source::{self, Column, Input as List, Layout, SourceError};

use crate::input::Input;
use crate::scratch;

/// Run one input.
pub fn run(data: &[u8]) {
    allow_panics_of_others();
    let mut input = Input::new(data);
    let selector = input.byte();
    let mut file = input.rest().to_vec();
    if selector < 128 {
        mend_frame(&mut file);
    }
    let column = match selector {
        255 => Column::Name("mail".to_owned()),
        index => Column::Index(index.into()),
    };
    let path = scratch::write("list.parquet", &file);
    let layout = Layout::Table {
        column,
        delimiter: None,
        kind: leaksieve_core::IdentifierKind::Email,
    };
    let mut last_line = 0;
    let _ = source::read(0, &List::File(path), &layout, &|_| (), &mut |batch| {
        batch.for_each(|record| {
            assert!(last_line <= record.line);
            last_line = record.line;
        });
        Ok::<_, SourceError>(())
    });
}

fn mend_frame(file: &mut [u8]) {
    let Some(inner_bytes) = file.len().checked_sub(12) else {
        return;
    };
    file[..4].copy_from_slice(b"PAR1");
    let end = &mut file[4 + inner_bytes..];
    end[4..].copy_from_slice(b"PAR1");
    let stated = u32::from_le_bytes([end[0], end[1], end[2], end[3]]);
    let fitting = stated % (inner_bytes as u32 + 1);
    end[..4].copy_from_slice(&fitting.to_le_bytes());
}

/// The hook that the fuzzer sets ends the process at every panic, those that are caught
/// too. Let it do so only for those that are raised in our own sources.
fn allow_panics_of_others() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let end = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_ours = panic.location().is_none_or(|location| {
                [
                    "host-builder",
                    "core/src/identifier",
                    "fuzz/src",
                    "src/parquet.rs",
                ]
                .iter()
                .any(|folder| location.file().contains(folder))
            });
            if is_ours {
                end(panic);
            }
        }));
    });
}
