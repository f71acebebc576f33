//! The finished bytes, read back: each number is there, and no other.

use std::fs::File;
use std::ops::Range;

use leaksieve_core::encoding::Match;
use leaksieve_core::encoding::exact::PageDefect;
use leaksieve_core::encoding::exact::index::Place;

use super::{Ordered, Written};
use crate::file::WriteError;
use crate::file::exact_pages::ExactPages;
use crate::file::sectors::read_payloads;
use crate::parallel::ordered_parallel;
use crate::pipeline::pages::Pages;
use crate::pipeline::recheck::{Findings, RecheckError};

/// Read all pages of a file back and compare them with the numbers; of each page ask for two, and for
/// those behind them that are none, as a device does. `advance` is told of the numbers.
pub(crate) fn ask_all(
    file: &File,
    pages: &Pages,
    numbers: &Ordered,
    written: &Written,
    num_threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Findings, RecheckError> {
    let sectors = |range: Range<u32>| {
        let first = pages.first_sector.0;
        read_payloads(file, pages.file_id, first + range.start..first + range.end)
    };
    let first_index_page = written.pages_of_ranges.iter().sum();
    let index = sectors(first_index_page..written.num_pages)?;
    let set = ExactPages {
        index: &index,
        first_index_page,
        num_pages: written.num_pages,
        first_page: 0,
        payloads: &[],
    };
    let places = set
        .places()
        .map_err(|PageDefect| WriteError::OtherContent)?;
    let jobs: Vec<(u32, Range<u32>)> = (0..).zip(written.pages_in_order()).collect();
    let mut all = Findings::default();
    ordered_parallel(
        num_threads,
        jobs,
        || {
            let mut scratch = [Vec::new(), Vec::new()];
            let (sectors, places) = (&sectors, &places);
            move |(range, its): (u32, Range<u32>)| {
                let numbers = numbers.range(range, &mut scratch)?;
                let payloads = sectors(its.clone())?;
                let set = set.with(its.start, &payloads);
                let places = &places[its.start as usize..];
                let mut findings = Findings::default();
                compare(&set, places, payloads.len(), numbers, &mut findings)
                    .map_err(|PageDefect| WriteError::OtherContent)?;
                advance(numbers.len() as u64);
                Ok(findings)
            }
        },
        |findings: Result<Findings, RecheckError>| {
            let findings = findings?;
            all.num_lost += findings.num_lost;
            all.trial.merge(findings.trial);
            Ok::<_, RecheckError>(())
        },
    )?;
    Ok(all)
}

/// A prime: the number that is asked for is at another place in each page.
const ASKED_STEP: usize = 7_919;

/// Do the first of these pages have these numbers, and no others?
pub(crate) fn compare(
    set: &ExactPages<'_>,
    places: &[Place],
    num_pages: usize,
    numbers: &[u64],
    findings: &mut Findings,
) -> Result<(), PageDefect> {
    let mut rest = numbers;
    for (index, place) in places.iter().enumerate().take(num_pages) {
        let mut is_same = true;
        let mut behind = rest.iter();
        let (next, most) = (places.get(index + 1), rest.len() as u64);
        let count = set.for_each(*place, next, most, |number| {
            is_same &= behind.next() == Some(&number);
        })?;
        if !is_same {
            return Err(PageDefect);
        }
        let (its, behind) = rest.split_at(count as usize);
        // The first shows that the index leads here; a question for the other decodes half a page on
        // average, which is what takes time.
        let other = (place.page as usize).wrapping_mul(ASKED_STEP) % its.len().max(1);
        for at in [0, other].into_iter().take(its.len()) {
            if !is_hit(set, its[at], place.page)? {
                findings.num_lost += 1;
            }
            let stranger = its[at] + 1;
            if its.get(at + 1).or(behind.first()) == Some(&stranger) {
                continue;
            }
            // It may be in the next page, which belongs to another range.
            if let Some(asked) = set.ask(stranger)? {
                findings.trial.num_probes += 1;
                findings.trial.num_false_alarms += u64::from(asked.said == Match::Hit);
            }
        }
        rest = behind;
    }
    findings.num_lost += rest.len() as u64;
    Ok(())
}

fn is_hit(set: &ExactPages<'_>, number: u64, page: u32) -> Result<bool, PageDefect> {
    let asked = set.ask(number)?;
    Ok(asked.is_some_and(|asked| {
        asked.said == Match::Hit && asked.place.is_some_and(|place| place.page == page)
    }))
}
