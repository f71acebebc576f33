//! Some records of an input, evenly chosen.

use serde::{Deserialize, Serialize};

use super::subject;
use crate::input::draw::Draw;
use crate::input::reject::Place;
use crate::input::source::batch::{Batch, LineLayout, Records};
use crate::input::source::record::Odd;
use crate::input::source::{MAX_RECORD_BYTES, Record, json, lines};

/// Records of the first MiB that are looked at.
const NUM_FIRST: usize = 2000;
/// The same of the later ones of many inputs, and of the files of a range, of which there are a
/// million.
const NUM_FIRST_OF_MANY: usize = 200;
const NUM_FIRST_OF_RANGE: usize = 16;
/// Inputs that are looked at more closely.
const NUM_CLOSE: usize = 16;
/// Records that are kept of the rest, and how many of each batch of lines are candidates.
const NUM_REST: usize = 2000;
const NUM_OF_BATCH: usize = 200;
/// Longest text that is looked at.
const MAX_BYTES: usize = 4096;

const _: () = assert!(MAX_BYTES < MAX_RECORD_BYTES);

/// How many records of an input are looked at first.
pub(super) const fn num_first(index: usize, place: subject::Place) -> usize {
    match place {
        subject::Place::Hashes { is_range: true, .. } => NUM_FIRST_OF_RANGE,
        _ if index >= NUM_CLOSE => NUM_FIRST_OF_MANY,
        _ => NUM_FIRST,
    }
}

/// Some records that are not blank.
#[derive(Default)]
pub(super) struct Sample {
    lines: Vec<Vec<u8>>,
    /// How many records there were to choose from, more or less.
    num_seen: u64,
}

impl Sample {
    /// Of the first batch. It is empty only if all of them are blank.
    pub(super) fn first(batch: &Batch, num: usize) -> Self {
        let mut sample = Self::default();
        sample.num_seen = for_some(batch, num, &mut |text| sample.lines.push(text.to_vec()));
        if sample.is_empty() {
            // Those between the ones that were chosen may not be.
            let all = batch.bytes.len().saturating_add(1);
            for_some(batch, all, &mut |text| {
                if sample.lines.len() < num {
                    sample.lines.push(text.to_vec());
                }
            });
        }
        sample
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    pub(super) const fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many records each stands for.
    pub(super) fn weight(&self) -> f64 {
        self.num_seen as f64 / self.lines.len().max(1) as f64
    }
}

/// They are passwords, and may be all there is of them in memory when the build ends.
impl Drop for Sample {
    fn drop(&mut self) {
        for line in &mut self.lines {
            line.fill(0);
        }
    }
}

/// What is kept of the records behind the first: each record is as likely to be as any other. Of a
/// list in parts, those of the parts can be merged.
#[derive(Serialize, Deserialize)]
pub struct Rest {
    draw: Draw,
    num_seen: u64,
    /// Rows up to this one were looked at first.
    last_first: u64,
}

impl Rest {
    /// Nothing yet of a list, or a part of one, of which so many rows were looked at first and are
    /// no part of the rest: 0 if its first batch is not given to [`keep`](Self::keep).
    pub fn behind(num_rows: u64) -> Self {
        Self {
            draw: Draw::new(NUM_REST, 0),
            num_seen: 0,
            last_first: num_rows,
        }
    }

    /// Choose some of a later batch.
    pub fn keep(&mut self, batch: &Batch) {
        let (draw, input) = (&mut self.draw, batch.input);
        self.num_seen += match &batch.records {
            Records::Fields(fields) => {
                let num_first = fields.partition_point(|field| field.line <= self.last_first);
                if num_first < fields.len() {
                    batch.for_each(|Record { text, line, fault }| {
                        if fault.is_none() && line > self.last_first {
                            draw.add(Place { input, line }, || of_use(text));
                        }
                    });
                }
                (fields.len() - num_first) as u64
            }
            // Not to count all lines, only so many are looked for.
            Records::Lines { first_line, .. } => {
                let mut line = *first_line;
                for_some(batch, NUM_OF_BATCH, &mut |text| {
                    draw.add(Place { input, line }, || Some(text));
                    line += 1;
                })
            }
        };
    }

    /// Take over what was kept of another part.
    pub fn merge(&mut self, other: Self) {
        self.num_seen += other.num_seen;
        self.draw.merge(other.draw);
    }

    pub(super) fn sample(&self) -> Sample {
        let records = self.draw.ordered().into_iter();
        Sample {
            lines: records.map(|(_, text)| text.to_vec()).collect(),
            num_seen: self.num_seen,
        }
    }
}

/// What is looked at of a text, if it is not blank.
fn of_use(text: &[u8]) -> Option<&[u8]> {
    let text = text.get(..MAX_BYTES).unwrap_or(text);
    (!text.trim_ascii().is_empty()).then_some(text)
}

/// Give at most about `num` texts that are not blank, evenly chosen; says how many records there
/// are.
fn for_some(batch: &Batch, num: usize, each: &mut dyn FnMut(&[u8])) -> u64 {
    let mut give = |text: &[u8]| {
        if let Some(text) = of_use(text) {
            each(text);
        }
    };
    match &batch.records {
        Records::Lines {
            layout: LineLayout::Table(table),
            ..
        } => {
            let mut rows = Vec::new();
            let num_rows = some_lines(&batch.bytes, num, &mut |row| {
                rows.extend_from_slice(row);
                rows.push(b'\n');
            });
            table.for_each(&rows, 1, Odd::default(), |record| {
                if record.fault.is_none() {
                    give(record.text);
                }
            });
            rows.fill(0);
            num_rows
        }
        Records::Lines { layout, .. } => {
            let mut give_line = |line: &[u8]| match layout {
                // The whole line: what stands behind a hash may be no count.
                LineLayout::Whole | LineLayout::HashCount(_) | LineLayout::Table(_) => give(line),
                LineLayout::Field(path, kind) => json::identifiers(line, path, *kind, |value| {
                    if let Ok(text) = value {
                        give(text);
                    }
                }),
            };
            some_lines(&batch.bytes, num, &mut give_line)
        }
        Records::Fields(fields) => {
            let step = fields.len().div_ceil(num).max(1);
            for index in (0..fields.len()).step_by(step) {
                let start = match index.checked_sub(1) {
                    Some(before) => fields[before].end,
                    None => 0,
                };
                if fields[index].fault.is_none() {
                    give(&batch.bytes[start..fields[index].end]);
                }
            }
            fields.len() as u64
        }
    }
}

/// Lines at even distances; all of them if there are no more than `num`. Says how many lines
/// there are, more or less: they are not all counted.
fn some_lines(bytes: &[u8], num: usize, each: &mut dyn FnMut(&[u8])) -> u64 {
    // So few bytes hold few lines, or short ones.
    if bytes.len() <= num * 64 {
        let num_lines = lines::split(bytes).count();
        let step = num_lines.div_ceil(num).max(1);
        lines::split(bytes).step_by(step).for_each(each);
        return num_lines as u64;
    }
    let (mut last, mut num_given, mut num_bytes) = (None, 0_u64, 0);
    for place in 0..num {
        let start = match place * (bytes.len() / num) {
            0 => 0,
            at => match memchr::memchr(b'\n', &bytes[at..]) {
                Some(end) => at + end + 1,
                None => break,
            },
        };
        if start < bytes.len() && last != Some(start) {
            last = Some(start);
            if let Some(line) = lines::split(&bytes[start..]).next() {
                num_given += 1;
                num_bytes += line.len() as u64 + 1;
                each(line);
            }
        }
    }
    bytes.len() as u64 * num_given / num_bytes.max(1)
}
