//! What to do about a filter that is too large for a board.

use std::fmt;

use indicatif::HumanCount;
use leaksieve_link::Board;

use crate::sizing::media::board_room;
use crate::sizing::{Aim, Method, most_items, shape};

/// A filter that a board has no room for, and what it would have room for.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    board: &'static str,
    needs_bytes: u64,
    room_bytes: u64,
    instead: Option<Instead>,
}

/// A filter's items, as it was to be built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Distinct items.
    pub num_items: u64,
    /// How they become bits, and the false-positive rate; `None`: an exact set.
    pub filter: Option<(Method, f64)>,
    /// Sectors of the header.
    pub header_sectors: u32,
}

/// What would fit when it is built for the board.
#[derive(Clone, Debug, PartialEq)]
struct Instead {
    wanted: Wanted,
    /// At that rate; of an exact set it is not known.
    most_items: u64,
    /// The lowest rate for so many items; `None`: no useful one.
    lowest: Option<f64>,
    /// The lowest rate of a ribbon, where a Bloom filter or an exact set was wanted.
    with_ribbon: Option<f64>,
}

impl Misfit {
    /// Of a filter that needs more than there is room for. `wanted` is `None` when it has
    /// several datasets.
    pub fn new(
        board: &'static Board,
        needs_bytes: u64,
        room_bytes: u64,
        wanted: Option<Wanted>,
    ) -> Self {
        Self {
            board: board.name,
            needs_bytes,
            room_bytes,
            instead: wanted.map(|wanted| Instead::new(wanted, board_room(board))),
        }
    }
}

impl Misfit {
    /// The board.
    pub const fn board(&self) -> &'static str {
        self.board
    }

    /// Would the items fit at some rate, with the method that was wanted?
    pub fn fits_at_a_rate(&self) -> bool {
        let instead = self.instead.as_ref();
        instead.is_some_and(|instead| instead.lowest.is_some())
    }

    /// Would they fit at the rate that was wanted, when the filter is built for the board?
    pub fn fits_when_rebuilt(&self) -> bool {
        let instead = self.instead.as_ref();
        instead.is_some_and(|instead| instead.most_items >= instead.wanted.num_items)
    }

    /// Would they fit as a ribbon, where a Bloom filter or an exact set was wanted?
    pub fn fits_as_ribbon(&self) -> bool {
        let instead = self.instead.as_ref();
        instead.is_some_and(|instead| instead.with_ribbon.is_some())
    }
}

impl Instead {
    fn new(wanted: Wanted, room_bytes: u64) -> Self {
        let lowest = |method| {
            let aim = Aim::MaxBytes(room_bytes);
            let shape = shape(wanted.num_items, method, aim, wanted.header_sectors);
            shape.ok().map(|shape| shape.false_positive_rate)
        };
        let (most_items, lowest_of_method) = match wanted.filter {
            Some((method, rate)) => {
                let most = most_items(room_bytes, method, rate, wanted.header_sectors);
                (most.unwrap_or(0), lowest(method))
            }
            None => (0, None),
        };
        Self {
            most_items,
            lowest: lowest_of_method,
            with_ribbon: match wanted.filter {
                Some((Method::Ribbon, _)) => None,
                Some((Method::Bloom, _)) | None => lowest(Method::Ribbon),
            },
            wanted,
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To the sector: what lacks little must not read as if it fitted.
        let size = |bytes: u64| {
            let half = if bytes % 1024 < 512 { ".0" } else { ".5" };
            format!("{}{half} KiB", HumanCount(bytes / 1024))
        };
        write!(
            f,
            "needs {}, and {} has room for {}",
            size(self.needs_bytes),
            self.board,
            size(self.room_bytes)
        )?;
        match &self.instead {
            Some(instead) => instead.tell(self.board, f),
            None => write!(f, ": bundle fewer filters, or smaller ones"),
        }
    }
}

impl Instead {
    fn tell(&self, board: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |rate: f64| HumanCount((1.0 / rate).round() as u64);
        let num_items = self.wanted.num_items;
        let items = HumanCount(num_items);
        let Some((_, wanted)) = self.wanted.filter else {
            write!(f, ": an exact set of these numbers cannot be smaller; ")?;
            return match self.with_ribbon {
                Some(lowest) => {
                    write!(
                        f,
                        "as a ribbon its {items} items fit at 1 in {}",
                        rate(lowest)
                    )
                }
                None => write!(
                    f,
                    "as a filter its {items} items fit at no useful rate, too"
                ),
            };
        };
        if self.most_items >= num_items {
            return write!(
                f,
                ": built again for {board}, its {items} items fit at 1 in {}",
                rate(wanted)
            );
        }
        write!(
            f,
            ": at 1 in {} at most {} items fit; ",
            rate(wanted),
            HumanCount(self.most_items)
        )?;
        match self.lowest {
            Some(lowest) => write!(
                f,
                "for {items} items the lowest rate that fits is 1 in {}",
                rate(lowest)
            )?,
            None => write!(f, "{items} items fit at no useful rate")?,
        }
        match self.with_ribbon {
            Some(lowest) if lowest <= wanted => {
                write!(f, "; as a ribbon they fit at 1 in {}", rate(wanted))
            }
            Some(lowest) => write!(f, ", and 1 in {} as a ribbon", rate(lowest)),
            None => Ok(()),
        }
    }
}
