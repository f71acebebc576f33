//! Which encoding is asked for, and how one is described.

use anyhow::bail;
use clap::ValueEnum;
use leaksieve::sizing::{Method, Prefer};
use leaksieve_core::encoding::Encoding;

/// The heading of its options in a help.
pub(super) const HEADING: &str = "Size and false alarms";

#[derive(clap::Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct EncodingArgs {
    /// How entries become bits
    #[arg(long, value_enum, default_value = "bloom")]
    encoding: Name,
    #[command(flatten)]
    prefer: PreferArgs,
}

#[derive(clap::Args)]
pub(super) struct PreferArgs {
    /// Optimise a ribbon for file size or for fewer reads [default: size]
    #[arg(long, value_enum)]
    prefer: Option<PreferName>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// One sector a question; such files can be folded and merged
    Bloom,
    /// 30 % smaller at 1 in 1,000; some questions read a second sector, or up to four
    Ribbon,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PreferName {
    /// The smallest file: 1 question in 15 reads a second sector
    Size,
    /// Fewer reads: 1 question in 200 does, in a file that is 5 % larger
    Reads,
}

impl EncodingArgs {
    pub(super) fn method(&self) -> anyhow::Result<Method> {
        match self.encoding {
            Name::Bloom if self.prefer.prefer.is_some() => {
                bail!("--prefer says nothing about --encoding bloom: leave it out")
            }
            Name::Bloom => Ok(Method::Bloom),
            Name::Ribbon => Ok(Method::Ribbon(self.prefer.prefer())),
        }
    }
}

impl PreferArgs {
    pub(super) const fn prefer(&self) -> Prefer {
        match self.prefer {
            Some(PreferName::Reads) => Prefer::Reads,
            Some(PreferName::Size) | None => Prefer::Size,
        }
    }
}

pub(super) const fn name(encoding: &Encoding) -> &'static str {
    match Method::of(encoding) {
        Some(method) => method.name(),
        None => "unknown",
    }
}

/// Probes an item, of a Bloom filter.
pub(super) const fn num_hashes(encoding: &Encoding) -> Option<u8> {
    match encoding {
        Encoding::Bloom { num_hashes } => Some(*num_hashes),
        _ => None,
    }
}

/// Columns of a ribbon's pages: of all, or the fewest and the most.
pub(super) fn columns(encoding: &Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Ribbon(ribbon) if ribbon.wide_share == 0 => Some(vec![ribbon.columns]),
        Encoding::Ribbon(ribbon) => Some(vec![ribbon.columns, ribbon.columns.saturating_add(1)]),
        _ => None,
    }
}

/// `bloom, 10 probes in one sector`.
pub(super) fn describe(encoding: &Encoding, num_pages: u32, mean_reads: f64) -> String {
    match encoding {
        Encoding::Bloom { num_hashes } => {
            format!("bloom, {num_hashes} probes in one sector")
        }
        Encoding::Ribbon(_) => {
            let columns: Vec<String> = columns(encoding)
                .unwrap_or_default()
                .iter()
                .map(u8::to_string)
                .collect();
            let most = encoding.num_layers(num_pages);
            format!(
                "ribbon, {} columns; a reading takes {}",
                columns.join(" or "),
                reads(mean_reads, most)
            )
        }
        _ => "unknown".into(),
    }
}

/// `1.06 sectors, 3 at most`.
pub(super) fn reads(mean: f64, most: u32) -> String {
    if most == 1 {
        "1 sector".into()
    } else {
        format!("{mean:.3} sectors on average, {most} at most")
    }
}
