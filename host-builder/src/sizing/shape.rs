//! What is asked of a filter, and what it is like.

use leaksieve_core::encoding::Encoding;

/// What a filter should be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// As small as this false-positive rate allows.
    FalsePositiveRate(f64),
    /// The lowest false-positive rate that fits so many bytes, header included.
    MaxBytes(u64),
}

/// An encoding, before its parameters are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Sector-blocked Bloom filter.
    Bloom,
    /// Paged ribbon.
    Ribbon,
}

impl Method {
    /// The method of an encoding.
    pub const fn of(encoding: &Encoding) -> Option<Self> {
        match encoding {
            Encoding::Bloom { .. } => Some(Self::Bloom),
            Encoding::Ribbon(_) => Some(Self::Ribbon),
            _ => None,
        }
    }

    /// As [`Method`](super::Method) has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bloom => "bloom",
            Self::Ribbon => "ribbon",
        }
    }
}

/// Which encoding is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// An exact set where it is smaller and tells nothing that a filter hides; else a Bloom filter,
    /// or where there is no room for it, a ribbon.
    #[default]
    Auto,
    /// A filter.
    Filter(Method),
    /// An exact set of numbers.
    Exact,
}

/// Why a file has its encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// An exact set is smaller than a ribbon by this share, and of those that a filter would call
    /// exposed, if all numbers near members were tried, this share are members.
    Exact {
        /// 0 to 1.
        saved: f64,
        /// 0 to 1.
        found: f64,
    },
    /// A filter: not all identifiers are numbers.
    NotNumbers,
    /// A filter: it hides the members, of which an exact set is a list. If all numbers near members
    /// were tried, only this share of those that it calls exposed are members.
    Scattered {
        /// 0 to 1.
        found: f64,
        /// Bytes of an exact set.
        needs_bytes: u64,
    },
    /// A filter: an exact set would be smaller than a ribbon only by this share, or larger.
    Large {
        /// Below 1; negative if it were larger.
        saved: f64,
    },
    /// A filter: there is no room for an exact set.
    NoRoom {
        /// Bytes of the file.
        needs_bytes: u64,
        /// Bytes that it may have.
        room_bytes: u64,
    },
}

/// A filter's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Pages, each a sector.
    pub num_pages: u32,
    /// How items become bits.
    pub encoding: Encoding,
    /// False-positive rate to be expected.
    pub false_positive_rate: f64,
    /// Sectors that a question reads, to be expected on average; tag sectors apart.
    pub mean_reads: f64,
}

impl Shape {
    /// Most sectors that a question reads, tag sectors apart.
    pub fn most_reads(&self) -> u32 {
        self.encoding.max_pages_read(self.num_pages)
    }
}
