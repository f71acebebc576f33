//! Sorted hashes -> pages -> sealed sectors, in order, on all cores.

mod solve;

use std::ops::Range;

use leaksieve_core::Error;
use leaksieve_core::encoding::bloom::UnpackedPage;
use leaksieve_core::encoding::{Layer, Rules};
use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{Payload, SECTOR_BYTES, seal};

use crate::file::{AtomicFile, OutputError, WriteError};
use crate::parallel::ordered_parallel;
use crate::pipeline::pages::{LayerPages, Pages};
use crate::pipeline::partition::{Hashes, NUM_PARTITIONS, Partitions, range_of};
use crate::pipeline::plan::Plan;
use crate::pipeline::spool::SpoolError;
use crate::sizing::ShapeError;
use crate::sizing::measure::{Fill, false_positive_rate, mean_reads};
pub(crate) use solve::{Solver, Unsolvable};

/// Sets of equations that are tried for a ribbon. One in hundreds of small filters needs a
/// second, and fewer of large ones.
pub(crate) const MAX_RESTARTS: u8 = 16;

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A page of a ribbon has no solution.
    #[error(
        "a page of the ribbon cannot be solved with any of {MAX_RESTARTS} sets of equations, so nothing \
         was saved. Please report this. Another seed, or a Bloom filter, will work"
    )]
    Unsolvable,
    /// More pages than a file can have.
    #[error("the numbers take more than 2^32 sectors, so nothing was saved: make several files")]
    TooLarge,
    /// The hashes that were put aside.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl From<OutputError> for EncodeError {
    fn from(error: OutputError) -> Self {
        Self::Write(WriteError::Output(error))
    }
}

impl From<Unsolvable> for EncodeError {
    fn from(Unsolvable: Unsolvable) -> Self {
        Self::Unsolvable
    }
}

impl From<Error> for EncodeError {
    fn from(error: Error) -> Self {
        Self::Write(WriteError::Header(error))
    }
}

/// The pages of a file as they are written.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) pages: Pages,
    pub(crate) layers: Vec<Written>,
    /// Times that a page could not be solved and all were made anew, with other equations.
    pub(crate) num_restarts: u8,
}

impl Encoded {
    /// Distinct items.
    pub(crate) fn num_items(&self) -> u64 {
        self.layers.first().map_or(0, |first| first.num_items)
    }

    /// False-positive rate of the pages as they are.
    pub(crate) fn measured(&self) -> f64 {
        false_positive_rate(self.fills(), self.num_items(), self.pages.num_pages)
    }

    /// Sectors that a question reads on average.
    pub(crate) fn mean_reads(&self) -> f64 {
        mean_reads(self.fills())
    }

    fn fills(&self) -> impl DoubleEndedIterator<Item = &Fill> {
        self.layers.iter().map(|layer| &layer.fill)
    }
}

/// Build all pages that are planned, with the first set of equations that has a solution, and
/// write them to their places; `advance` is told of the items in them.
pub(crate) fn encode(
    plan: &mut Plan,
    hashes: &Hashes,
    num_threads: usize,
    file: &mut AtomicFile,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Encoded, EncodeError> {
    let ((pages, layers), num_restarts) = solved(|salt| {
        let pages = plan.pages(salt)?;
        file.seek(byte_of(pages.first_sector))?;
        let written = pages.write(hashes, num_threads, |sectors| file.write(sectors), advance);
        if matches!(written, Err(EncodeError::Unsolvable)) {
            plan.enlarge(salt)?;
        }
        Ok((pages, written?))
    })?;
    Ok(Encoded {
        pages,
        layers,
        num_restarts,
    })
}

/// Try one set of equations after the other; gives how many had no solution too.
fn solved<T>(
    mut attempt: impl FnMut(u8) -> Result<T, EncodeError>,
) -> Result<(T, u8), EncodeError> {
    for salt in 0..MAX_RESTARTS {
        match attempt(salt) {
            Err(EncodeError::Unsolvable) => {}
            result => return result.map(|built| (built, salt)),
        }
    }
    Err(EncodeError::Unsolvable)
}

/// What writing all pages of a layer gave.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) fill: Fill,
    /// Distinct items.
    pub(crate) num_items: u64,
    /// Those of them that belong to the next layer.
    pub(crate) num_bumped: u64,
}

/// The pages of a range of hashes, a partition say. The first and the last of them may have items
/// in the neighbouring ranges too.
pub(crate) struct Part {
    num_items: u64,
    /// Pages whose first hash is in the range.
    begun: Range<u32>,
    /// Hashes of the page that was begun before.
    head: Vec<u64>,
    /// All pages that were begun but the last.
    built: Built,
    /// Hashes of the last.
    tail: Vec<u64>,
}

/// Neighbouring pages.
pub(crate) struct Built {
    pub(crate) sectors: Vec<u8>,
    pub(crate) fill: Fill,
    pub(crate) num_bumped: u64,
}

impl Pages {
    /// Build all pages, layer by layer, and write their sectors; `advance` is told of the
    /// items in them. Gives what each layer is.
    ///
    /// # Errors
    /// [`EncodeError::Unsolvable`]: with other equations there may be a solution.
    pub(crate) fn write(
        &self,
        hashes: &Hashes,
        num_threads: usize,
        mut write: impl FnMut(&[u8]) -> Result<(), OutputError> + Send,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Written>, EncodeError> {
        let mut all: Vec<Written> = Vec::new();
        let mut bumped_before: Option<Hashes> = None;
        for (index, pages) in self.layers().enumerate() {
            // All items are among those of the first.
            let advance = |items| {
                if index == 0 {
                    advance(items);
                }
            };
            let of_layer = bumped_before.as_ref().unwrap_or(hashes);
            let bumped = Partitions::with_memory_left(of_layer);
            all.push(pages.write(of_layer, &bumped, num_threads, &mut write, &advance)?);
            bumped_before = Some(bumped.close()?);
        }
        match all.last() {
            Some(last) if last.num_bumped > 0 => Err(EncodeError::Unsolvable),
            _ => Ok(all),
        }
    }
}

impl LayerPages {
    /// Build all pages and write their sectors; what does not fit them goes to `bumped`.
    fn write(
        &self,
        hashes: &Hashes,
        bumped: &Partitions,
        num_threads: usize,
        mut write: impl FnMut(&[u8]) -> Result<(), OutputError> + Send,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Written, EncodeError> {
        let mut written = Written {
            fill: Fill::new(&self.layer),
            num_items: 0,
            num_bumped: 0,
        };
        let maker = || {
            let mut writer = bumped.writer();
            Maker::new(self, move |hash| writer.push(hash))
        };
        let (mut seam, mut at_seams) = (Seam::default(), maker());
        let mut emit = |built: Built, written: &mut Written| {
            written.fill.merge(&built.fill);
            written.num_bumped += built.num_bumped;
            write(&built.sectors).map_err(EncodeError::from)
        };
        ordered_parallel(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = [Vec::new(), Vec::new()];
                let mut maker = maker();
                move |partition| {
                    let sorted = hashes.sorted(partition, &mut scratch)?;
                    Ok(maker.part(&range_of(partition), sorted)?)
                }
            },
            |part: Result<Part, EncodeError>| {
                let part = part?;
                let num_items = part.num_items;
                written.num_items += num_items;
                seam.put(part, &mut at_seams, |built| emit(built, &mut written))?;
                advance(num_items);
                Ok::<_, EncodeError>(())
            },
        )?;
        seam.end(&mut at_seams, |built| emit(built, &mut written))?;
        Ok(written)
    }
}

/// Joins neighbouring parts: the page that is begun, and its hashes so far.
#[derive(Default)]
pub(crate) struct Seam {
    page: Option<u32>,
    hashes: Vec<u64>,
}

impl Seam {
    /// The next part; `emit` is given what is finished.
    pub(crate) fn put<E: From<Unsolvable>>(
        &mut self,
        part: Part,
        maker: &mut Maker<'_, impl FnMut(u64)>,
        mut emit: impl FnMut(Built) -> Result<(), E>,
    ) -> Result<(), E> {
        self.add(&part.head);
        if part.begun.is_empty() {
            return Ok(());
        }
        self.finish(maker, &mut emit)?;
        self.page = Some(part.begun.end - 1);
        self.hashes = part.tail;
        emit(part.built)
    }

    /// Hashes of the page that is begun.
    pub(crate) fn add(&mut self, hashes: &[u64]) {
        self.hashes.extend_from_slice(hashes);
    }

    /// No part follows.
    pub(crate) fn end<E: From<Unsolvable>>(
        mut self,
        maker: &mut Maker<'_, impl FnMut(u64)>,
        mut emit: impl FnMut(Built) -> Result<(), E>,
    ) -> Result<(), E> {
        self.finish(maker, &mut emit)
    }

    fn finish<E: From<Unsolvable>>(
        &mut self,
        maker: &mut Maker<'_, impl FnMut(u64)>,
        emit: &mut impl FnMut(Built) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.page {
            Some(page) => emit(maker.pages(page..page + 1, &self.hashes)?),
            None => Ok(()),
        }
    }
}

/// A thread's means to make pages of a layer. What they bump goes to `bump`.
pub(crate) struct Maker<'a, B> {
    pages: &'a LayerPages,
    solver: Solver,
    bump: B,
}

impl<'a, B: FnMut(u64)> Maker<'a, B> {
    pub(crate) fn new(pages: &'a LayerPages, bump: B) -> Self {
        Self {
            pages,
            solver: Solver::new(),
            bump,
        }
    }

    /// The pages of a range of hashes.
    pub(crate) fn part(&mut self, range: &Range<u128>, sorted: &[u64]) -> Result<Part, Unsolvable> {
        let layer = &self.pages.layer;
        let begun = self.pages.begun_in(range);
        let whole = begun.start..begun.end.saturating_sub(1).max(begun.start);
        let position = |page| sorted.partition_point(|hash| layer.page_of(*hash) < page);
        let (head, rest) = sorted.split_at(position(whole.start));
        let (inner, tail) = rest.split_at(position(whole.end) - head.len());
        Ok(Part {
            num_items: sorted.len() as u64,
            // Without a page of its own, all of a range is of the page begun before.
            head: if begun.is_empty() { sorted } else { head }.to_vec(),
            built: self.pages(whole, inner)?,
            tail: if begun.is_empty() { &[] } else { tail }.to_vec(),
            begun,
        })
    }

    /// Neighbouring pages, of all of their hashes.
    fn pages(&mut self, pages: Range<u32>, mut hashes: &[u64]) -> Result<Built, Unsolvable> {
        let layer = &self.pages.layer;
        let mut built = Built {
            sectors: Vec::with_capacity(pages.len() * SECTOR_BYTES),
            fill: Fill::new(layer),
            num_bumped: 0,
        };
        for page in pages {
            let end = hashes.partition_point(|hash| layer.page_of(*hash) <= page);
            let (its, rest) = hashes.split_at(end);
            hashes = rest;
            let content = content(layer, page, its, &mut self.solver, |hash| {
                built.num_bumped += 1;
                (self.bump)(hash);
            })?;
            built.fill.add(page, &content);
            let sector = self.pages.sector(page);
            let sealed = seal(self.pages.file_id, sector, &content);
            built.sectors.extend_from_slice(&sealed);
        }
        Ok(built)
    }
}

/// The content of a page, of all of its hashes.
fn content(
    layer: &Layer,
    page: u32,
    hashes: &[u64],
    solver: &mut Solver,
    bump: impl FnMut(u64),
) -> Result<Payload, Unsolvable> {
    match &layer.rules {
        Rules::Bloom { num_hashes } => {
            let mut content = UnpackedPage::EMPTY;
            for hash in hashes {
                content.insert(*hash, *num_hashes);
            }
            Ok(content.pack())
        }
        Rules::Ribbon(columns) => solver.solve(&columns.page(page), hashes, bump),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::encoding::bloom;
    use leaksieve_core::encoding::ribbon::{NumPages, Ribbon, rehash};
    use leaksieve_core::encoding::{Encoding, Match};
    use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, SectorIndex};

    #[test]
    fn other_equations_are_tried_and_only_when_there_was_no_solution() {
        let mut tried = Vec::new();
        let built = solved(|salt| {
            tried.push(salt);
            if salt < 3 {
                return Err(EncodeError::Unsolvable);
            }
            Ok("built")
        });
        assert_eq!(built.unwrap(), ("built", 3));
        assert_eq!(tried, [0, 1, 2, 3]);

        let mut num_tried = 0;
        let result = solved::<()>(|_| {
            num_tried += 1;
            Err(EncodeError::Unsolvable)
        });
        assert!(matches!(result, Err(EncodeError::Unsolvable)));
        assert_eq!(num_tried, MAX_RESTARTS);

        let result = solved::<()>(|salt| {
            assert_eq!(salt, 0);
            Err(EncodeError::Write(WriteError::OtherContent))
        });
        assert!(matches!(
            result,
            Err(EncodeError::Write(WriteError::OtherContent))
        ));
    }

    fn pages(num_pages: u32, encoding: Encoding) -> Pages {
        Pages {
            file_id: FileId([3; 16]),
            first_sector: SectorIndex(2),
            num_pages,
            encoding,
        }
    }

    fn ribbon(wide_share: u32, overflow: [u32; 3]) -> Encoding {
        Encoding::Ribbon(Ribbon {
            columns: 6,
            salt: 0,
            wide_share,
            overflow: overflow.map(NumPages),
        })
    }

    fn hashes() -> Vec<u64> {
        (0..50_000u64)
            .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .chain([0, u64::MAX])
            .collect()
    }

    fn put(hashes: &[u64], memory_bytes: u64) -> Hashes {
        let partitions = Partitions::new(memory_bytes, std::env::temp_dir());
        let mut writer = partitions.writer();
        hashes.iter().for_each(|hash| writer.push(*hash));
        drop(writer);
        partitions.close().unwrap()
    }

    fn write_all(pages: &Pages, hashes: &Hashes) -> (Vec<Written>, Vec<u8>) {
        let mut sectors = Vec::new();
        let written = pages
            .write(
                hashes,
                3,
                |bytes| {
                    sectors.extend_from_slice(bytes);
                    Ok(())
                },
                &|_| {},
            )
            .unwrap();
        (written, sectors)
    }

    fn write(pages: &Pages, hashes: &[u64]) -> (Vec<Written>, Vec<u8>) {
        let (written, sectors) = write_all(pages, &put(hashes, 1 << 30));
        assert_eq!(written[0].num_items, 50_002 - 1, "0 was there before");
        (written, sectors)
    }

    /// Whatever the number of pages, each has its items, wherever partitions end.
    #[test]
    fn as_one_page_after_the_other() {
        let hashes = hashes();
        for num_pages in [1, 2, 3, 2047, 2048, 2049, 4096, 9_999, 70_000] {
            let pages = pages(num_pages, Encoding::Bloom { num_hashes: 7 });
            let (_, sectors) = write(&pages, &hashes);
            let layer = pages.layers().next().unwrap();
            let mut payloads = vec![[0; PAYLOAD_BYTES]; num_pages as usize];
            for hash in &hashes {
                let page = layer.layer.page_of(*hash) as usize;
                bloom::insert(&mut payloads[page], *hash, 7);
            }
            let expected: Vec<u8> = (0..)
                .zip(&payloads)
                .flat_map(|(page, payload)| seal(pages.file_id, layer.sector(page), payload))
                .collect();
            assert!(sectors == expected, "{num_pages} pages");
        }
    }

    /// The same of a ribbon: each page is what its own items make it, and each layer has
    /// what the one before bumped.
    #[test]
    fn as_one_page_and_one_layer_after_the_other() {
        let mut solver = Solver::new();
        // Loaded above what fits, so that all layers have items; below; one page a partition.
        for (num_pages, encoding) in [
            (84, ribbon(1 << 31, [6, 2, 1])),
            (3_100, ribbon(1 << 30, [1, 0, 0])),
            (1_024, ribbon(0, [0, 0, 0])),
        ] {
            let pages = pages(num_pages, encoding);
            let (written, sectors) = write(&pages, &hashes());
            let (sectors, _) = sectors.as_chunks::<SECTOR_BYTES>();
            let mut of_layer = hashes();
            of_layer.sort_unstable();
            of_layer.dedup();
            for (written, pages) in written.iter().zip(pages.layers()) {
                assert_eq!(written.num_items, of_layer.len() as u64);
                let (mut expected, mut bumped) = (Vec::new(), Vec::new());
                for page in 0..pages.layer.num_pages {
                    let its: Vec<u64> = of_layer
                        .iter()
                        .copied()
                        .filter(|hash| pages.layer.page_of(*hash) == page)
                        .collect();
                    let content = content(&pages.layer, page, &its, &mut solver, |hash| {
                        bumped.push(hash);
                    })
                    .unwrap();
                    for hash in its {
                        match pages.layer.query(page, &content, hash) {
                            Match::Hit => {}
                            Match::Bumped => assert!(bumped.contains(&rehash(hash))),
                            Match::Miss => panic!("lost"),
                        }
                    }
                    expected.push(seal(pages.file_id, pages.sector(page), &content));
                }
                let first = pages.layer.first_page as usize;
                assert!(sectors[first..first + expected.len()] == expected);
                of_layer = bumped;
                of_layer.sort_unstable();
            }
            assert!(of_layer.is_empty());
        }
    }

    /// Few partitions that have more than a block of the spool each.
    #[test]
    fn the_same_pages_of_hashes_in_memory_and_out_of_it() {
        let hashes: Vec<u64> = [0, 1, NUM_PARTITIONS / 2, NUM_PARTITIONS - 1]
            .into_iter()
            .flat_map(|partition| {
                let first = range_of(partition).start as u64;
                hashes()
                    .into_iter()
                    .take(9_000)
                    .map(move |hash| first | (hash / u64::from(NUM_PARTITIONS)))
            })
            .collect();
        // 14 pages a partition are full, and all others empty.
        let num_pages = 14 * NUM_PARTITIONS + 6;
        for encoding in [
            Encoding::Bloom { num_hashes: 7 },
            ribbon(1 << 30, [4, 1, 1]),
        ] {
            let pages = pages(num_pages, encoding);
            let in_memory = put(&hashes, 1 << 30);
            let out_of_it = put(&hashes, 0);
            assert!(!in_memory.are_spooled() && out_of_it.are_spooled());
            let (written, sectors) = write_all(&pages, &in_memory);
            assert_eq!(written[0].num_items, 4 * 9_000);
            assert!(write_all(&pages, &out_of_it).1 == sectors);
        }
    }

    #[test]
    fn what_the_last_layer_bumps_is_no_filter() {
        let pages = pages(40, ribbon(0, [1, 0, 0]));
        let all = put(&hashes(), 1 << 30);
        let written = pages.write(&all, 2, |_| Ok(()), &|_| {});
        assert!(matches!(written, Err(EncodeError::Unsolvable)));
    }

    #[test]
    fn every_page_begins_in_one_partition() {
        let bloom = Encoding::Bloom { num_hashes: 7 };
        for (num_pages, encoding) in [1, 5, 2048, 3_700_001, u32::MAX - 2]
            .map(|num_pages| (num_pages, bloom))
            .into_iter()
            .chain([1, 5, 2048, 3_700_001].map(|num_pages| (num_pages, ribbon(1 << 30, [0; 3]))))
        {
            let pages = pages(num_pages, encoding).layers().next().unwrap();
            let mut next = 0;
            for partition in 0..NUM_PARTITIONS {
                let range = range_of(partition);
                let begun = pages.begun_in(&range);
                assert_eq!(begun.start, next);
                next = begun.end;
                let touched = pages.of_range(&range);
                assert!(touched.start <= begun.start && touched.end == begun.end);
                assert_eq!(touched.start, pages.layer.page_of(range.start as u64));
            }
            assert_eq!(next, num_pages);
        }
    }
}
