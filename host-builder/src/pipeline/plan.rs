//! What is fixed before the first page is made: how large the filter is, what its header says,
//! and its file id.

mod exact;

use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::ribbon::Ribbon;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Dataset, Header, PlanSectors, Rate};
use leaksieve_core::identifier::{NORMALISATION_VERSION, PasswordOrigin};
use leaksieve_core::sector::{FileId, Payload, SECTOR_BYTES, SectorIndex};
use leaksieve_core::{Error, Profile};
use leaksieve_link::Board;

use crate::file::file_id;
use crate::input::normalise::Counts;
use crate::input::profile::{PhoneProfileError, phone_plan};
use crate::pipeline::count::Count;
use crate::pipeline::options::BuildOptions;
use crate::pipeline::pages::Pages;
use crate::sizing::fit::{Misfit, Wanted};
use crate::sizing::media::board_room;
use crate::sizing::{Aim, Choice, Method, Shape, ShapeError, shape};
pub(crate) use exact::ExactPlan;

/// Why there can be no such filter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is no room for it where it is to be.
    #[error("the filter {0}")]
    DoesNotFit(Box<Misfit>),
    /// There is no room for an exact set.
    #[error(
        "the exact set needs {needs_bytes} bytes, and there is room for {room_bytes}: a filter can be smaller"
    )]
    ExactTooLarge {
        /// Bytes of the file.
        needs_bytes: u64,
        /// Bytes that it may have.
        room_bytes: u64,
    },
    /// A text of the header is too long.
    #[error("the {what} is {found_bytes} bytes long, and the limit is {limit_bytes}: shorten it")]
    TextTooLong {
        /// Which.
        what: &'static str,
        /// How long it is.
        found_bytes: usize,
        /// How long it may be.
        limit_bytes: usize,
    },
    /// The header.
    #[error("the header cannot be written; shorten names and notes, or make several files")]
    Header(#[from] Error),
    /// The numbering plan.
    #[error(transparent)]
    Numbering(#[from] PhoneProfileError),
    /// A numbering plan takes more sectors than a header can state.
    #[error("the numbering plan takes more than 65,535 sectors. This is a bug: please report it")]
    NumberingTooLarge,
}

/// The numbering plan of the file.
#[derive(Clone, Copy)]
pub(crate) struct NumberingPlan {
    pub(crate) payloads: &'static [Payload],
    max_reads: u8,
}

impl NumberingPlan {
    /// The plan of the region whose rules a profile has. Of other kinds it has no sector.
    pub(crate) fn of(profile: &Profile) -> Result<Self, PhoneProfileError> {
        let Profile::Phone(phone) = profile else {
            return Ok(Self {
                payloads: &[],
                max_reads: 0,
            });
        };
        let plan = phone_plan(&String::from_utf8_lossy(&phone.region))?;
        Ok(Self {
            payloads: &plan.payloads,
            max_reads: plan.max_reads,
        })
    }
}

/// What is known before the lists are read.
pub(crate) struct Draft {
    aim: Aim,
    board: Option<&'static Board>,
    encoding: Choice,
    pub(crate) numbering: NumberingPlan,
    method: Method,
    header: Header,
    /// What stands before the pages: sectors of the header and of the numbering plan.
    first_page: u32,
}

impl Draft {
    /// `method`: that of a filter; `None`: of an exact set.
    pub(crate) fn new(
        options: &BuildOptions,
        numbering: NumberingPlan,
        method: Option<Method>,
        seed: u64,
    ) -> Result<Self, PlanError> {
        let header = header_of(options, numbering, method, seed)?;
        let header_sectors = header.num_header_sectors()?;
        Ok(Self {
            aim: options.aim,
            board: options.board,
            encoding: options.encoding,
            numbering,
            method: method.unwrap_or(Method::Bloom),
            header,
            first_page: header_sectors + numbering.payloads.len() as u32,
        })
    }

    fn shape(&self, num_items: u64) -> Result<Shape, ShapeError> {
        shape(num_items, self.method, self.aim, self.first_page)
    }

    /// Is there such a filter of so many items, and room for it?
    pub(crate) fn fits(&self, num_items: u64) -> bool {
        let shape = self.shape(num_items);
        shape.is_ok_and(|shape| self.misfit(num_items, shape).is_none())
    }

    /// What the header says of what was read.
    fn describe(&mut self, counts: &Counts, num_items: u64) {
        for dataset in &mut self.header.datasets {
            dataset.num_items = num_items;
            // A number outside the plan is known in this one spelling only.
            dataset.num_rejected = counts.rejects.count() + counts.outside_plan.count();
            dataset.num_extra = counts.num_extra;
            match &mut dataset.profile {
                Profile::Password(_, origin) if counts.num_not_utf8 > 0 => {
                    *origin = PasswordOrigin::NotAllUtf8;
                }
                Profile::Phone(phone) => {
                    phone.has_calling_codes = counts.survey.is_international;
                }
                _ => {}
            }
            dataset.first_sector = SectorIndex(self.first_page);
        }
    }

    /// The id of a file of this content, besides what the header says.
    fn file_id(&self, digest: u128) -> Result<FileId, Error> {
        let numbering = self.numbering.payloads.as_flattened();
        file_id(&self.header, &[numbering, &digest.to_le_bytes()].concat())
    }

    /// Why a filter of this shape is too large for the board that it is for, if it is.
    fn misfit(&self, num_items: u64, shape: Shape) -> Option<Misfit> {
        let board = self.board?;
        let num_sectors = u64::from(self.first_page) + u64::from(shape.num_pages);
        let (needs, room) = (num_sectors * SECTOR_BYTES as u64, board_room(board));
        let wanted = Wanted {
            num_items,
            filter: Some((self.method, designed(self.aim, shape))),
            header_sectors: self.first_page,
        };
        (needs > room).then(|| Misfit::new(board, needs, room, Some(wanted)))
    }
}

/// How items become bits, where a filter is to be made: as was asked for, or as the first that there
/// is room for.
pub(crate) fn method_of(
    options: &BuildOptions,
    numbering: NumberingPlan,
    seed: u64,
    num_items: u64,
) -> Method {
    if let Choice::Filter(method) = options.encoding {
        return method;
    }
    let fits = |method| {
        let draft = Draft::new(options, numbering, Some(method), seed);
        draft.is_ok_and(|draft| draft.fits(num_items))
    };
    if !fits(Method::Bloom) && fits(Method::Ribbon) {
        Method::Ribbon
    } else {
        Method::Bloom
    }
}

/// The false-positive rate that is aimed at.
const fn designed(aim: Aim, shape: Shape) -> f64 {
    match aim {
        Aim::FalsePositiveRate(rate) => rate,
        Aim::MaxBytes(_) => shape.false_positive_rate,
    }
}

/// What is known when the items are counted.
pub(crate) struct Plan {
    draft: Draft,
    counted: Count,
    pub(crate) shape: Shape,
    /// The false-positive rate that is aimed at.
    pub(crate) designed: f64,
}

impl Plan {
    /// How large the filter is, and what its header says.
    pub(crate) fn new(
        mut draft: Draft,
        counts: &Counts,
        counted: Count,
    ) -> Result<Self, PlanError> {
        let shape = draft.shape(counted.num_items)?;
        if let Some(misfit) = draft.misfit(counted.num_items, shape) {
            return Err(PlanError::DoesNotFit(Box::new(misfit)));
        }
        let designed = designed(draft.aim, shape);
        draft.describe(counts, counted.num_items);
        for dataset in &mut draft.header.datasets {
            dataset.designed = rate(designed);
        }
        Ok(Self {
            draft,
            counted,
            shape,
            designed,
        })
    }

    /// Where the pages lie that are made with equation set `salt`, and the file id of the file
    /// that they are in.
    pub(crate) fn pages(&mut self, salt: u8) -> Result<Pages, Error> {
        if let Encoding::Ribbon(ribbon) = &mut self.shape.encoding {
            ribbon.salt = salt;
        }
        let Draft {
            header, first_page, ..
        } = &mut self.draft;
        header.num_sectors = *first_page + self.shape.num_pages;
        for dataset in &mut header.datasets {
            dataset.encoding = self.shape.encoding;
            dataset.num_sectors = self.shape.num_pages;
        }
        Ok(Pages {
            file_id: self.draft.file_id(self.counted.digest)?,
            first_sector: SectorIndex(self.draft.first_page),
            num_pages: self.shape.num_pages,
            encoding: self.shape.encoding,
        })
    }

    /// Set `salt` has no solution: take room for a few more items, if the size is free. A count
    /// of a sample may be too low, too. A file does not become shorter by what is written next.
    pub(crate) fn enlarge(&mut self, salt: u8) -> Result<(), ShapeError> {
        if !matches!(self.draft.aim, Aim::FalsePositiveRate(_)) {
            return Ok(());
        }
        let num_items = self.counted.num_items;
        let more = num_items / 200 + 1;
        let larger = self.draft.shape(num_items + more * (u64::from(salt) + 1))?;
        let fits = self.draft.misfit(num_items, larger).is_none();
        if larger.num_pages >= self.shape.num_pages && fits {
            self.shape = larger;
        }
        Ok(())
    }

    /// The header, with what was measured of the finished pages.
    pub(crate) fn header(&self, num_items: u64, measured: f64) -> Header {
        let mut header = self.draft.header.clone();
        for dataset in &mut header.datasets {
            dataset.num_items = num_items;
            dataset.measured = rate(measured);
        }
        header
    }
}

/// The header, but for what is known when the items are.
fn header_of(
    options: &BuildOptions,
    plan: NumberingPlan,
    method: Option<Method>,
    seed: u64,
) -> Result<Header, PlanError> {
    // Until more is known; there is none of an exact set.
    let rate = match method {
        Some(_) => Rate::from_units(Rate::ONE),
        None => Rate::NONE,
    };
    let dataset = Dataset {
        name: text("name", &options.name)?,
        date: options.date,
        source_note: text("source note", &options.source_note)?,
        normalisation_version: NORMALISATION_VERSION,
        profile: options.profile.clone(),
        num_items: 0,
        num_rejected: 0,
        num_extra: 0,
        min_count: match options.layout.min_count() {
            // A count of 1 leaves nothing out, and that is written 0.
            0 | 1 => 0,
            min_count => min_count,
        },
        // As long as the one that will be.
        encoding: match method {
            Some(Method::Bloom) => Encoding::Bloom { num_hashes: 0 },
            Some(Method::Ribbon) => Encoding::Ribbon(Ribbon::default()),
            None => Encoding::Exact,
        },
        hash: HashFunction::Xxh3 { seed },
        plan: PlanSectors {
            num_sectors: u16::try_from(plan.payloads.len())
                .map_err(|_| PlanError::NumberingTooLarge)?,
            max_reads: plan.max_reads,
        },
        first_sector: SectorIndex(0),
        num_sectors: 0,
        designed: rate,
        measured: rate,
    };
    let mut header = Header {
        num_sectors: 0,
        created_unix_s: options.created_unix_s,
        epoch: options.epoch,
        expires_unix_s: options.expires_unix_s,
        datasets: Default::default(),
        root: None,
    };
    // There is room for one.
    let _ = header.datasets.push(dataset);
    Ok(header)
}

fn text<const N: usize>(
    what: &'static str,
    text: &str,
) -> Result<leaksieve_core::Text<N>, PlanError> {
    text.try_into().map_err(|_| PlanError::TextTooLong {
        what,
        found_bytes: text.len(),
        limit_bytes: N,
    })
}

fn rate(rate: f64) -> Rate {
    Rate::from_units((rate * Rate::ONE as f64).round() as u64)
}
