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
        self.encoding.num_layers(self.num_pages)
    }
}
