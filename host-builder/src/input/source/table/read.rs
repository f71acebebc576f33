//! A table -> batches of whole rows.

use std::io::Read;
use std::sync::Arc;

use super::look::{Look, look};
use crate::input::source::batch::{Batch, LineLayout, Records};
use crate::input::source::column::Wanted;
use crate::input::source::error::SourceError;
use crate::input::source::input::Input;
use crate::input::source::lines::{LineBatches, next_batch};
use crate::input::source::start;

/// Longest row that goes on over several lines: 1 MiB.
const MAX_ROW_BYTES: u64 = 1 << 20;
/// Read a table, giving batches of its rows to `take`.
pub(crate) fn read<E: From<SourceError>>(
    index: usize,
    input: &Input,
    reader: impl Read,
    is_decoded: bool,
    wanted: Wanted<'_>,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let mut batches = LineBatches::new(reader);
    let Some((mut first_line, mut bytes)) = next_batch(input, &mut batches)? else {
        return Ok(());
    };
    start::check(input, &bytes, is_decoded)?;
    let Some(Look { table, data }) = look(input, wanted, &bytes)? else {
        return Ok(());
    };
    let num_line_ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
    first_line += num_line_ends(&bytes[..data]);
    bytes.drain(..data);
    let table = Arc::new(table);
    let mut is_cut = start::is_cut(&bytes);
    loop {
        if is_cut {
            start::check_line_ends(input, &bytes)?;
        }
        let open = table.form.open_row(&bytes);
        let longest = open.map_or(0, |open| bytes.len() - open);
        if longest as u64 > MAX_ROW_BYTES || is_cut {
            let line = first_line + num_line_ends(&bytes[..open.unwrap_or(0)]);
            return Err(SourceError::EndlessRow {
                input: input.clone(),
                line,
                limit_bytes: MAX_ROW_BYTES,
            }
            .into());
        }
        let next = next_batch(input, &mut batches)?;
        // What is open at the end of the table stays as it is.
        let rest = match (open, &next) {
            (Some(open), Some(_)) => bytes.split_off(open),
            _ => Vec::new(),
        };
        let next_line = first_line + num_line_ends(&bytes);
        if !bytes.is_empty() {
            take(Batch {
                input: index,
                bytes,
                records: Records::Lines {
                    first_line,
                    layout: LineLayout::Table(Arc::clone(&table)),
                    is_decoded,
                },
            })?;
        }
        let Some((_, more)) = next else {
            return Ok(());
        };
        is_cut = start::is_cut(&more);
        bytes = if rest.is_empty() {
            more
        } else {
            [rest, more].concat()
        };
        first_line = next_line;
    }
}
