//! Which encoding is asked for, and how one is described.

use clap::ValueEnum;
use leaksieve::sizing::encoding::{columns, most_reads};
use leaksieve::sizing::{Choice, Method};
use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::exact::PAGES_PER_QUESTION;

/// How entries become bits, as an option.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Name {
    /// Exact where that is smaller and hides nothing less; else bloom, or ribbon if only that fits
    Auto,
    /// Phone numbers and ids of digits: the set itself, in order. No false alarm; 3 sectors a lookup
    Exact,
    /// Each lookup reads one sector
    Bloom,
    /// 30 % smaller at 1 in 1,000. 1 lookup in 15 reads a second sector; none reads more than four
    Ribbon,
}

impl From<Name> for Choice {
    fn from(name: Name) -> Self {
        match name {
            Name::Auto => Self::Auto,
            Name::Exact => Self::Exact,
            Name::Bloom => Self::Filter(Method::Bloom),
            Name::Ribbon => Self::Filter(Method::Ribbon),
        }
    }
}

/// `bloom, 10 probes in one sector`.
pub(super) fn describe(
    encoding: &Encoding,
    num_pages: u32,
    mean_reads: f64,
    num_extra: u64,
) -> String {
    match encoding {
        Encoding::Bloom { num_hashes } => {
            format!(
                "bloom, {} in one sector",
                super::text::several((*num_hashes).into(), "probe")
            )
        }
        Encoding::Ribbon(_) => {
            let columns: Vec<String> = columns(encoding)
                .unwrap_or_default()
                .iter()
                .map(u8::to_string)
                .collect();
            let most = encoding.max_pages_read(num_pages);
            format!(
                "ribbon, {} columns; a lookup reads {}",
                columns.join(" or "),
                reads(mean_reads, most)
            )
        }
        Encoding::Exact => {
            let or_more = match num_extra {
                0 => String::new(),
                _ => format!(", or {}", most_reads(encoding, num_pages, num_extra)),
            };
            format!("exact, numbers in order; a lookup reads {PAGES_PER_QUESTION} sectors{or_more}")
        }
        _ => "unknown".into(),
    }
}

/// `1.06 sectors, 3 at most`.
pub(super) fn reads(mean: f64, most: u32) -> String {
    if most == 1 {
        "1 sector".into()
    } else {
        format!("{mean:.3} sectors on average, at most {most}")
    }
}
