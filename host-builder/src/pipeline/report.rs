//! What was built, as `leaksieve build --format json` and Python tell it.

use std::path::Path;

use serde::Serialize;

use crate::input::normalise::Counts;
use crate::input::survey::Shape;
use crate::pipeline::build::Summary;
use crate::pipeline::options::BuildOptions;
use crate::sizing::encoding;

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReadingReport {
    /// Records of the lists.
    pub num_lines: u64,
    /// Records with nothing in them.
    pub num_blank: u64,
    /// Records that gave no item.
    pub num_rejected: u64,
    /// Records of a lower count than was asked for.
    pub num_below_min_count: u64,
    /// What was taken off identifiers, and of how many.
    pub taken_off: Vec<TakenOff>,
    /// How identifiers look.
    pub shapes: Vec<Shape>,
    /// Do telephone numbers begin with the calling code, without a plus sign?
    pub is_international: bool,
    /// Records that were stored in several readings.
    pub num_extra: u64,
    /// Telephone numbers that the numbering plan does not have.
    pub num_outside_plan: u64,
    /// Telephone numbers of other countries.
    pub num_other_country: u64,
    /// Passwords that are not UTF-8.
    pub num_not_utf8: u64,
}

/// What stood around identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakenOff {
    /// What.
    pub what: String,
    /// Of how many records it was taken off.
    pub num_lines: u64,
}

impl ReadingReport {
    /// Of what was counted.
    pub fn new(counts: &Counts) -> Self {
        Self {
            num_lines: counts.num_lines(),
            num_blank: counts.num_blank,
            num_rejected: counts.rejects.count(),
            num_below_min_count: counts.num_below_min_count,
            taken_off: counts
                .taken_off
                .iter()
                .map(|(wrapper, num_lines)| TakenOff {
                    what: wrapper.to_string(),
                    num_lines: *num_lines,
                })
                .collect(),
            shapes: counts.survey.shapes.clone(),
            is_international: counts.survey.is_international,
            num_extra: counts.num_extra,
            num_outside_plan: counts.outside_plan.count(),
            num_other_country: counts.num_other_country,
            num_not_utf8: counts.num_not_utf8,
        }
    }
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Where it is.
    pub file: String,
    /// Name of the breach.
    pub name: String,
    /// Kind of its identifiers.
    pub kind: &'static str,
    /// What was read.
    #[serde(flatten)]
    pub reading: ReadingReport,
    /// Distinct items.
    pub num_items: u64,
    /// Items that were there already.
    pub num_duplicates: u64,
    /// Entries of hash lists with a count of 0.
    pub num_padding: u64,
    /// Length of the file; bytes.
    pub size_bytes: u64,
    /// Size of the file, header and checksums included; bits.
    pub bits_per_item: f64,
    /// `bloom`, `ribbon` or `exact`.
    pub encoding: &'static str,
    /// Of a Bloom filter: probes an item.
    pub num_hashes: Option<u8>,
    /// Of a ribbon: columns of its pages, or the fewest and the most.
    pub columns: Option<Vec<u8>>,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
    /// Sectors that each reading of a question reads at most.
    pub most_reads: u32,
    /// Times that all pages were built anew, with other equations.
    pub num_restarts: u8,
    /// Rates, 0 to 1.
    pub false_positive_rate: RatesReport,
    /// What each stage took, in order.
    pub stages: Vec<StageReport>,
}

/// False-positive rates, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RatesReport {
    /// What was aimed at; 0 of an exact set.
    pub designed: f64,
    /// Computed from the bits; 0 of an exact set.
    pub measured: f64,
    /// Found by asking what is no item.
    pub probed: f64,
    /// The interval around that which has the rate with 95 % probability.
    pub probed_interval_95: [f64; 2],
    /// Items that were asked.
    pub num_probes: u64,
}

/// What a stage took.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StageReport {
    /// Its name.
    pub name: &'static str,
    /// Time that went by; seconds.
    pub seconds: f64,
    /// CPU time of all threads, where the system tells; seconds.
    pub cpu_seconds: Option<f64>,
}

impl Report {
    /// Of a file that was built at `output`.
    pub fn new(output: &Path, options: &BuildOptions, summary: &Summary) -> Self {
        let counts = &summary.counts;
        let interval = summary.trial.interval(1.96);
        let shape = &summary.shape;
        Self {
            file: output.display().to_string(),
            name: options.name.clone(),
            kind: options.kind.name(),
            reading: ReadingReport::new(counts),
            num_items: summary.num_items,
            num_duplicates: counts.num_stored - summary.num_items,
            num_padding: counts.num_padding,
            size_bytes: summary.num_bytes,
            bits_per_item: summary.bits_per_item(),
            encoding: encoding::name(&shape.encoding),
            num_hashes: encoding::num_hashes(&shape.encoding),
            columns: encoding::columns(&shape.encoding),
            mean_reads: summary.mean_reads,
            most_reads: encoding::most_reads(&shape.encoding, shape.num_pages, counts.num_extra),
            num_restarts: summary.num_restarts,
            false_positive_rate: RatesReport {
                designed: summary.designed,
                measured: summary.measured,
                probed: summary.trial.rate(),
                probed_interval_95: [*interval.start(), *interval.end()],
                num_probes: summary.trial.num_probes,
            },
            stages: summary
                .costs
                .iter()
                .map(|cost| StageReport {
                    name: cost.stage.name(),
                    seconds: cost.seconds,
                    cpu_seconds: cost.cpu_seconds,
                })
                .collect(),
        }
    }
}
