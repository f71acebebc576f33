//! Whether there is an exact set, and what its header says.

use leaksieve_core::Error;
use leaksieve_core::encoding::Encoding;
use leaksieve_core::header::Header;
use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex};

use super::{Draft, PlanError};
use crate::input::normalise::Counts;
use crate::pipeline::count::Count;
use crate::pipeline::exact::Written;
use crate::pipeline::options::DEFAULT_RATE;
use crate::pipeline::pages::Pages;
use crate::sizing::exact::{LEAST_FOUND, LEAST_SAVED, share_found};
use crate::sizing::media::board_room;
use crate::sizing::{Aim, Choice, Method, Reason, shape};

/// An exact set, before its pages are made.
pub(crate) struct ExactPlan {
    draft: Draft,
    digest: u128,
}

impl ExactPlan {
    pub(crate) fn new(
        mut draft: Draft,
        counts: &Counts,
        counted: Count,
    ) -> Result<Self, PlanError> {
        draft.describe(counts, counted.num_items);
        Ok(Self {
            draft,
            digest: counted.digest,
        })
    }

    /// Where the pages lie. How many there are, is not known yet: the file id is that of one page.
    pub(crate) fn pages(&mut self) -> Result<Pages, Error> {
        self.set_num_pages(1);
        Ok(Pages {
            file_id: self.draft.file_id(self.digest)?,
            first_sector: SectorIndex(self.draft.first_page),
            num_pages: 1,
            encoding: Encoding::Exact,
        })
    }

    fn set_num_pages(&mut self, num_pages: u32) {
        self.draft.header.num_sectors = self.draft.first_page + num_pages;
        for dataset in &mut self.draft.header.datasets {
            dataset.num_sectors = num_pages;
        }
    }

    /// Why it should be kept; or why there should be this filter in its place.
    ///
    /// # Errors
    /// When it was asked for, and there is no room for it.
    pub(crate) fn judge(
        &self,
        made: &Written,
        filter: &Draft,
    ) -> Result<Result<Reason, Reason>, PlanError> {
        let Draft {
            aim,
            board,
            encoding,
            ..
        } = self.draft;
        let sectors = u64::from(self.draft.first_page) + u64::from(made.num_pages);
        let needs_bytes = sectors * SECTOR_BYTES as u64;
        let room_bytes = match (board, aim) {
            (Some(board), _) => Some(board_room(board)),
            (None, Aim::MaxBytes(max_bytes)) => Some(max_bytes),
            (None, Aim::FalsePositiveRate(_)) => None,
        };
        let lacks_room = room_bytes.filter(|room_bytes| needs_bytes > *room_bytes);
        if encoding == Choice::Exact {
            return match lacks_room {
                Some(room_bytes) => Err(PlanError::ExactTooLarge {
                    needs_bytes,
                    room_bytes,
                }),
                None => Ok(Ok(Reason::Asked)),
            };
        }
        if let Some(room_bytes) = lacks_room {
            return Ok(Err(Reason::NoRoom {
                needs_bytes,
                room_bytes,
            }));
        }
        // A size asks for no rate. In little room a filter has a high one, which is no reason to have
        // no exact set; in much room it has so low a one that it hides less.
        let (aim, rate) = match (aim, filter.shape(made.num_items)) {
            (Aim::FalsePositiveRate(rate), _) => (aim, rate),
            (Aim::MaxBytes(_), Ok(shape)) if shape.false_positive_rate < DEFAULT_RATE => {
                (aim, shape.false_positive_rate)
            }
            (Aim::MaxBytes(_), _) => (Aim::FalsePositiveRate(DEFAULT_RATE), DEFAULT_RATE),
        };
        let found = share_found(made.num_items, made.num_reached, rate);
        if found < LEAST_FOUND {
            return Ok(Err(Reason::Scattered { found, needs_bytes }));
        }
        let first_page = self.draft.first_page;
        let ribbon = shape(made.num_items, Method::Ribbon, aim, first_page);
        let saved = ribbon.map_or(1.0, |ribbon| {
            1.0 - f64::from(made.num_pages) / f64::from(ribbon.num_pages)
        });
        if saved < LEAST_SAVED {
            return Ok(Err(Reason::Large { saved }));
        }
        Ok(Ok(Reason::Exact { saved, found }))
    }

    pub(crate) fn header(mut self, made: &Written) -> Header {
        self.set_num_pages(made.num_pages);
        for dataset in &mut self.draft.header.datasets {
            dataset.num_items = made.num_items;
        }
        self.draft.header
    }
}
