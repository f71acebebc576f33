//! Where the pages begin -> the index, by shares of values, and its directory.

use std::ops::Range;

use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::encoding::exact::index::{
    MAX_SEGMENTS, MAX_SHIFT, Segment, directory, index_page, most_in_share,
};
use leaksieve_core::sector::Payload;

/// Rows of pages that may have shares of their own, before they are joined to segments.
const MOST_RUNS: usize = 256;
/// Gaps that are looked at.
const MOST_GAPS: usize = 256;
/// Pages of a row, at least.
const LEAST_PAGES: usize = 32;

/// The index and the directory, in order, which lie behind the pages that have these first values.
/// `None`: the pages are too many for a file.
pub(crate) fn index(firsts: &[u64], block: BlockSize) -> Option<Vec<Payload>> {
    let mut payloads = Vec::new();
    let mut segments = Vec::new();
    for pages in segments_of(firsts) {
        let shift = shift_of(firsts, &pages);
        let first = firsts[pages.start];
        let next_page = firsts.len().checked_add(payloads.len())?;
        segments.push(Segment {
            first,
            first_index_page: u32::try_from(next_page).ok()?,
            shift,
            block,
        });
        let mut page = pages.start;
        for share in 0..num_shares(firsts, &pages, shift) {
            let begin = first + (share << shift);
            // The last that begins at the share's first value or before.
            while page + 1 < pages.end && firsts[page + 1] <= begin {
                page += 1;
            }
            let offsets: Vec<u64> = firsts[page + 1..pages.end]
                .iter()
                .map(|first| first - begin)
                .take_while(|offset| offset >> shift == 0)
                .collect();
            let number = u32::try_from(page).ok()?;
            payloads.push(index_page(number, firsts[page], shift, &offsets)?);
        }
    }
    payloads.push(directory(&segments)?);
    Some(payloads)
}

/// Shares that some page of a segment begins in, and those before.
fn num_shares(firsts: &[u64], pages: &Range<usize>, shift: u8) -> u64 {
    let span = firsts[pages.end - 1] - firsts[pages.start];
    (span >> shift) + 1
}

/// The largest shares of a segment of which none has too many pages.
fn shift_of(firsts: &[u64], pages: &Range<usize>) -> u8 {
    let fits = |shift: u8| {
        let most = most_in_share(shift);
        let begin = firsts[pages.start];
        let (mut share, mut count) = (0, 0_u32);
        firsts[pages.clone()].iter().all(|first| {
            let its = (first - begin) >> shift;
            count = if its == share { count + 1 } else { 1 };
            share = its;
            count <= most
        })
    };
    // Larger shares have more pages each, so nearly always one fits if a larger does.
    (0..=MAX_SHIFT)
        .rev()
        .find(|shift| fits(*shift))
        .unwrap_or(0)
}

/// Rows of pages, each with shares of one size, so that the index is small: at most
/// [`MAX_SEGMENTS`].
fn segments_of(firsts: &[u64]) -> Vec<Range<usize>> {
    let runs = runs(firsts);
    let shifts = shifts_of_runs(firsts, &runs);
    // For each number of segments, the least index of the first runs, and where the last of these
    // segments begins: by adding one run after the other.
    let mut least = vec![vec![(u64::MAX, 0); runs.len() + 1]; MAX_SEGMENTS + 1];
    least[0][0] = (0, 0);
    for num_segments in 1..=MAX_SEGMENTS {
        for end in 1..=runs.len() {
            let mut shift = MAX_SHIFT;
            let mut best = (u64::MAX, 0);
            for start in (0..end).rev() {
                shift = shift.min(shifts[start]);
                let (before, _) = least[num_segments - 1][start];
                if before == u64::MAX {
                    continue;
                }
                let pages = runs[start].start..runs[end - 1].end;
                let size = before.saturating_add(num_shares(firsts, &pages, shift));
                best = best.min((size, start));
            }
            least[num_segments][end] = best;
        }
    }
    let mut num_segments = (1..=MAX_SEGMENTS)
        .min_by_key(|num| least[*num][runs.len()].0)
        .unwrap_or(1);
    let mut end = runs.len();
    let mut segments = Vec::new();
    while end > 0 && num_segments > 0 {
        let (_, start) = least[num_segments][end];
        segments.push(runs[start].start..runs[end - 1].end);
        (num_segments, end) = (num_segments - 1, start);
    }
    segments.reverse();
    segments
}

/// Rows of about equally many pages; and none goes over one of the largest gaps, so that no share
/// lies in it.
fn runs(firsts: &[u64]) -> Vec<Range<usize>> {
    let num_pages = firsts.len();
    let run_pages = num_pages.div_ceil(MOST_RUNS).max(LEAST_PAGES);
    let mut starts: Vec<usize> = (1..num_pages).collect();
    let gap = |page: &usize| firsts[*page] - firsts[*page - 1];
    starts.sort_unstable_by_key(|page| std::cmp::Reverse(gap(page)));
    starts.truncate(MOST_GAPS);
    starts.extend((0..num_pages).step_by(run_pages));
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([num_pages]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// The largest shares for each run of which none has too many pages, wherever it begins in the run.
fn shifts_of_runs(firsts: &[u64], runs: &[Range<usize>]) -> Vec<u8> {
    let mut shifts = vec![0; runs.len()];
    let mut is_open = vec![true; runs.len()];
    for shift in (0..=MAX_SHIFT).rev() {
        let most = most_in_share(shift) as usize;
        for (run, (found, is_open)) in runs.iter().zip(shifts.iter_mut().zip(&mut is_open)) {
            // No share that begins with a page has one more than the most.
            let fits = |page: usize| {
                let behind = firsts.get(page + most);
                behind.is_none_or(|behind| (behind - firsts[page]) >> shift > 0)
            };
            if *is_open && run.clone().all(fits) {
                *found = shift;
                *is_open = false;
            }
        }
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::encoding::exact::{Next, Step};

    /// Every first value, the values beside it and any others lead to the page that the firsts say.
    #[test]
    fn the_index_leads_to_each_page() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 20) % below
        };
        for steps in [
            vec![(1, 3)],
            vec![(300, 1)],
            vec![(5_000, 4_000)],
            vec![
                (20_000, 1_000),
                (3, 1 << 50),
                (10_000, 90_000),
                (40, 1 << 40),
            ],
            vec![(700, 1 << 45)],
        ] {
            let mut first = 1_000_000;
            let mut firsts = vec![first];
            for (num_pages, most) in steps {
                for _ in 0..num_pages {
                    first += 1 + random(most);
                    firsts.push(first);
                }
            }
            let index = index(&firsts, BlockSize::PAGE).unwrap();
            let num_pages = (firsts.len() + index.len()) as u32;
            let lead = |number: u64| {
                let mut step = Step::Directory;
                loop {
                    let page = step.page(num_pages).unwrap() as usize;
                    let Some(payload) = index.get(page.wrapping_sub(firsts.len())) else {
                        let Step::Page(place) = step else {
                            panic!("{step:?}")
                        };
                        return Some(place);
                    };
                    match step.take(number, payload, num_pages).unwrap() {
                        Next::Wants(next) => step = next,
                        Next::Said(_) => return None,
                    }
                }
            };
            let (low, high) = (firsts[0], firsts[firsts.len() - 1]);
            let others: Vec<u64> = (0..20_000)
                .map(|_| low + random(high - low + 1_000))
                .collect();
            let beside = firsts
                .iter()
                .flat_map(|first| [first - 1, *first, first + 1]);
            for number in beside.chain(others).chain([u64::MAX]) {
                let expected = firsts
                    .partition_point(|first| *first <= number)
                    .checked_sub(1);
                let found = lead(number).map(|place| (place.page as usize, place.first));
                assert_eq!(found, expected.map(|page| (page, firsts[page])), "{number}");
            }
        }
    }
}
