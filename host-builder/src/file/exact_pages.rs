//! The pages of an exact set, read and asked as a question finds its way through them.

use std::ops::Range;

use leaksieve_core::encoding::Match;
use leaksieve_core::encoding::exact::index::{self, Place};
use leaksieve_core::encoding::exact::page::{Coded, Values};
use leaksieve_core::encoding::exact::{Next, PageDefect, Step};
use leaksieve_core::sector::Payload;

/// The index of a set, and some of its pages.
#[derive(Clone, Copy)]
pub(crate) struct ExactPages<'a> {
    /// The index and the directory.
    pub(crate) index: &'a [Payload],
    pub(crate) first_index_page: u32,
    /// Of the dataset.
    pub(crate) num_pages: u32,
    /// The first of the pages that are here.
    pub(crate) first_page: u32,
    pub(crate) payloads: &'a [Payload],
}

/// What was said of a number.
pub(crate) struct Asked {
    /// `None`: the number is below all.
    pub(crate) place: Option<Place>,
    pub(crate) said: Match,
}

impl<'a> ExactPages<'a> {
    /// With these pages, from this one on.
    pub(crate) fn with<'p>(self, first_page: u32, payloads: &'p [Payload]) -> ExactPages<'p>
    where
        'a: 'p,
    {
        ExactPages {
            first_page,
            payloads,
            ..self
        }
    }

    fn payload(&self, page: u32) -> Option<&Payload> {
        match page.checked_sub(self.first_index_page) {
            Some(place) => self.index.get(place as usize),
            None => {
                let place = page.checked_sub(self.first_page)?;
                self.payloads.get(place as usize)
            }
        }
    }

    /// Walk to a number; `None`: the page that may have it is not here.
    pub(crate) fn ask(&self, number: u64) -> Result<Option<Asked>, PageDefect> {
        let place = self.place_of(number)?;
        let said = match place {
            None => Match::Miss,
            Some(place) => {
                let Some(payload) = self.payload(place.page) else {
                    return Ok(None);
                };
                match Step::Page(place).take(number, payload, self.num_pages)? {
                    Next::Said(said) => said,
                    Next::Wants(_) => return Err(PageDefect),
                }
            }
        };
        Ok(Some(Asked { place, said }))
    }

    /// The page to which the index leads a question; `None`: the number is below all.
    fn place_of(&self, number: u64) -> Result<Option<Place>, PageDefect> {
        let mut step = Step::Directory;
        loop {
            if let Step::Page(place) = step {
                return Ok(Some(place));
            }
            let page = step.page(self.num_pages).ok_or(PageDefect)?;
            let payload = self.payload(page).ok_or(PageDefect)?;
            match step.take(number, payload, self.num_pages)? {
                Next::Wants(next) => step = next,
                Next::Said(_) => return Ok(None),
            }
        }
    }

    /// Where each page of numbers begins, by the index: it leads a question there, for each value up
    /// to where the next begins.
    pub(crate) fn places(&self) -> Result<Vec<Place>, PageDefect> {
        self.places_of(0..self.first_index_page)
    }

    /// The same of some pages, with the one behind them, if there is one.
    pub(crate) fn places_of(&self, pages: Range<u32>) -> Result<Vec<Place>, PageDefect> {
        let mut places: Vec<Place> = Vec::new();
        let mut before: Option<Place> = None;
        let directory = self.index.last().ok_or(PageDefect)?;
        for share in index::shares(directory, self.num_pages) {
            let share = share?;
            let payload = self.payload(share.index_page()).ok_or(PageDefect)?;
            for place in share.places(payload)? {
                let is_next = match before {
                    // A share that begins in the page of the one before says it again.
                    Some(before) if before == place => continue,
                    Some(before) => place.page == before.page + 1 && place.first > before.first,
                    None => place.page == 0,
                };
                if !is_next {
                    return Err(PageDefect);
                }
                if (pages.start..=pages.end).contains(&place.page) {
                    places.push(place);
                }
                before = Some(place);
            }
        }
        if before.is_none_or(|last| last.page + 1 != self.first_index_page) {
            return Err(PageDefect);
        }
        let ends = places.iter().skip(1).map(|next| next.first - 1);
        let its = places.iter().filter(|place| pages.contains(&place.page));
        for (place, last) in its.zip(ends.chain([u64::MAX])) {
            for value in [place.first, last] {
                if self.place_of(value)? != Some(*place) {
                    return Err(PageDefect);
                }
            }
        }
        Ok(places)
    }

    /// Tell of each number of a page, in order. Gives how many there are. They lie before the next
    /// page, and are `most` at most.
    pub(crate) fn for_each(
        &self,
        place: Place,
        next_page: Option<&Place>,
        most: u64,
        mut tell: impl FnMut(u64),
    ) -> Result<u64, PageDefect> {
        let end = next_page.map(|next| next.first);
        let payload = self.payload(place.page).ok_or(PageDefect)?;
        let mut values = Values::new(payload, place.first, place.block);
        let (mut next, mut count) = (values.next_value(), 0);
        while let Some(Coded { value, is_inverted }) = values.advance()? {
            // All up to one that is none are members.
            let members = if is_inverted {
                next..value
            } else {
                value..value + 1
            };
            if members.end > end.unwrap_or(u64::MAX) || members.end - members.start > most - count {
                return Err(PageDefect);
            }
            count += members.end - members.start;
            members.for_each(&mut tell);
            next = value.saturating_add(1);
        }
        // A question for what is behind would be a defect.
        if values.is_open() && end.is_none_or(|end| end > next) {
            return Err(PageDefect);
        }
        Ok(count)
    }
}
