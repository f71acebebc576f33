//! What `leaksieve build` says of the filter that it built.

use std::io::{self, Write};
use std::path::Path;

use leaksieve::input::normalise::Counts;
use leaksieve::input::reject::Rejects;
use leaksieve::input::source::Input;
use leaksieve::input::survey;
use leaksieve::pipeline::{BuildOptions, Summary};
use leaksieve::progress::usage::Usage;
use leaksieve::sizing::media::FAT32_MAX_BYTES;
use leaksieve::sizing::{Aim, Method, Reason};
use leaksieve_core::encoding::exact::number::MAX_DIGITS;

use crate::cli::advice::CHARSET;
use crate::cli::arguments::Format;
use crate::cli::text::{count, one_in_f64, size};
use crate::cli::{encoding, list};

/// Of so many lines it is said when they are nearly all the same.
const MANY_LINES: u64 = 50;
/// Lines for each distinct identifier that make one doubt.
const MANY_A_LINE: u64 = 20;
/// A filter that was made for a room says this of its rate only if it is above: 1 in 100.
const HIGH_RATE: f64 = 0.01;

/// What a person should know of its size and rate before the filter is used.
pub(super) fn warn(output: &Path, options: &BuildOptions, summary: &Summary) {
    if summary.num_bytes > FAT32_MAX_BYTES {
        eprintln!(
            "leaksieve: {}: {} is too large for a file on a FAT32 card; for a card, build it with --max-size fat32",
            output.display(),
            size(summary.num_bytes)
        );
    }
    let num_stored = summary.counts.num_stored;
    if num_stored >= MANY_LINES && summary.num_items * MANY_A_LINE <= num_stored {
        eprintln!(
            "leaksieve: {}: only {} of {} identifiers are distinct. Is this the right column, and the whole list?",
            output.display(),
            count(summary.num_items),
            count(num_stored)
        );
    }
    if matches!(options.aim, Aim::MaxBytes(_)) && summary.measured > HIGH_RATE {
        let ribbon = match Method::of(&summary.shape.encoding) {
            Some(Method::Bloom) => " --encoding ribbon,",
            Some(Method::Ribbon) | None => "",
        };
        eprintln!(
            "leaksieve: {}: too little room for so many items: false alarms are {}. For fewer, use{ribbon} more room or fewer items",
            output.display(),
            one_in_f64(summary.measured)
        );
    }
}

/// What was built.
pub(super) fn report(
    output: &Path,
    options: &BuildOptions,
    summary: &Summary,
    seconds: f64,
    format: Format,
) -> anyhow::Result<()> {
    let counts = &summary.counts;
    let rejected = counts.rejects.count();
    let num_lines = num_lines(counts);
    let below = match (counts.num_below_min_count, counts.num_padding) {
        (0, 0) => String::new(),
        (0, padding) => format!(", {} with a count of 0", count(padding)),
        (below, _) => format!(", {} below --min-count", count(below)),
    };
    let bits_per_item = summary.num_bytes as f64 * 8.0 / summary.num_items as f64;
    let interval = summary.trial.interval(1.96);
    let usage = Usage::now();
    let mut out = io::stdout().lock();
    match format {
        Format::Json => {
            let stages: Vec<_> = summary
                .costs
                .iter()
                .map(|cost| {
                    serde_json::json!({
                        "name": cost.stage.name(),
                        "seconds": cost.seconds,
                        "cpu_seconds": cost.cpu_seconds,
                    })
                })
                .collect();
            let summary = serde_json::json!({
                "file": output.display().to_string(),
                "name": options.name,
                "kind": options.kind.name(),
                "num_lines": num_lines,
                "num_items": summary.num_items,
                "num_duplicates": counts.num_stored - summary.num_items,
                "num_blank": counts.num_blank,
                "num_rejected": rejected,
                "num_below_min_count": counts.num_below_min_count,
                "taken_off": taken_off(counts),
                "shapes": shapes(counts),
                "is_international": counts.survey.is_international,
                "num_padding": counts.num_padding,
                "num_extra": counts.num_extra,
                "num_outside_plan": counts.outside_plan.count(),
                "num_other_country": counts.num_other_country,
                "num_not_utf8": counts.num_not_utf8,
                "size_bytes": summary.num_bytes,
                "bits_per_item": bits_per_item,
                "encoding": encoding::name(&summary.shape.encoding),
                "num_hashes": encoding::num_hashes(&summary.shape.encoding),
                "columns": encoding::columns(&summary.shape.encoding),
                "mean_reads": summary.mean_reads,
                "most_reads": encoding::most_reads(
                    &summary.shape.encoding,
                    summary.shape.num_pages,
                    counts.num_extra,
                ),
                "num_restarts": summary.num_restarts,
                "false_positive_rate": {
                    "designed": summary.designed,
                    "measured": summary.measured,
                    "probed": summary.trial.rate(),
                    "probed_interval_95": [interval.start(), interval.end()],
                    "num_probes": summary.trial.num_probes,
                },
                "seconds": seconds,
                "cpu_seconds": usage.cpu_seconds,
                "peak_memory_bytes": usage.peak_memory_bytes,
                "stages": stages,
            });
            writeln!(out, "{summary}")?;
        }
        Format::Text => {
            writeln!(out, "{}", output.display())?;
            writeln!(
                out,
                "  items        {} distinct of {} lines ({} duplicates, {} blank, {} rejected{below})",
                count(summary.num_items),
                count(num_lines),
                count(counts.num_stored - summary.num_items),
                count(counts.num_blank),
                count(rejected),
            )?;
            describe_reading(&mut out, counts)?;
            writeln!(
                out,
                "  size         {} in {} sectors, {bits_per_item:.2} bits per item with header and checksums",
                size(summary.num_bytes),
                count(summary.num_bytes / leaksieve_core::sector::SECTOR_BYTES as u64),
            )?;
            writeln!(
                out,
                "  encoding     {}",
                encoding::describe(
                    &summary.shape.encoding,
                    summary.shape.num_pages,
                    summary.mean_reads,
                    counts.num_extra
                )
            )?;
            if let Some(why) = why(summary.reason, counts) {
                writeln!(out, "               {why}")?;
            }
            if summary.num_restarts > 0 {
                writeln!(
                    out,
                    "  restarts     {}: a page could not be solved, so all pages were built again with other equations",
                    summary.num_restarts
                )?;
            }
            if summary.measured == 0.0 {
                writeln!(
                    out,
                    "  false alarm  none: the numbers themselves are in the file, and anyone can list them"
                )?;
            } else {
                writeln!(
                    out,
                    "  false alarm  {}, computed from the bits; {} lookups of other items gave {} ({:.2e} to {:.2e})",
                    one_in_f64(summary.measured),
                    count(summary.trial.num_probes),
                    match summary.trial.rate() {
                        0.0 => "none".into(),
                        rate => one_in_f64(rate),
                    },
                    interval.start(),
                    interval.end(),
                )?;
            }
            writeln!(
                out,
                "  checked      every item was looked up in the finished file, and found"
            )?;
            let stages: Vec<String> = summary
                .costs
                .iter()
                .map(|cost| format!("{} {:.1}", cost.stage.name(), cost.seconds))
                .collect();
            writeln!(
                out,
                "  took         {seconds:.1} s ({}){}{}",
                stages.join(", "),
                usage
                    .cpu_seconds
                    .map_or_else(String::new, |cpu| format!("; CPU {cpu:.1} s")),
                usage
                    .peak_memory_bytes
                    .map_or_else(String::new, |peak| format!("; memory {}", size(peak))),
            )?;
        }
    }
    Ok(())
}

/// Why the file has its encoding, where a person did not say.
fn why(reason: Reason, counts: &Counts) -> Option<String> {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    match reason {
        Reason::Asked => None,
        Reason::NotNumbers => match counts.no_numbers.count() {
            // It is a list of something else.
            others if others == 0 || others * 2 > counts.num_accepted => None,
            others => Some(format!(
                "not exact: {} no number of at most {MAX_DIGITS} digits; --encoding exact tells the lines",
                match others {
                    1 => "1 identifier is".into(),
                    others => format!("{} identifiers are", count(others)),
                }
            )),
        },
        Reason::Exact { saved, found } => Some(format!(
            "{} smaller than a ribbon, which would hide little: of what it calls exposed near members, {} are members",
            percent(saved),
            percent(found)
        )),
        Reason::Scattered { found, needs_bytes } => Some(format!(
            "not exact, which would take {}: a filter hides more: of what it calls exposed near members, {} are members",
            size(needs_bytes),
            percent(found)
        )),
        Reason::Large { saved } if saved < 0.0 => {
            Some("not exact: that would be larger than a ribbon".into())
        }
        Reason::Large { saved } => Some(format!(
            "not exact: that would save only {} of a ribbon",
            percent(saved)
        )),
        Reason::NoRoom {
            needs_bytes,
            room_bytes,
        } => Some(format!(
            "not exact: that needs {}, and there is room for {}",
            size(needs_bytes),
            size(room_bytes)
        )),
        _ => None,
    }
}

/// How the lists are understood, when nothing else is wanted.
pub(super) fn report_reading(
    options: &BuildOptions,
    counts: &Counts,
    format: Format,
) -> anyhow::Result<()> {
    let rejected = counts.rejects.count();
    let mut out = io::stdout().lock();
    match format {
        Format::Json => {
            let reasons: Vec<_> = counts
                .rejects
                .groups()
                .map(|(reason, group)| {
                    serde_json::json!({ "reason": reason.to_string(), "num_lines": group.count })
                })
                .collect();
            let summary = serde_json::json!({
                "dry_run": true,
                "kind": options.kind.name(),
                "num_lines": num_lines(counts),
                "num_accepted": counts.num_accepted,
                "num_blank": counts.num_blank,
                "num_rejected": rejected,
                "rejected": reasons,
                "num_below_min_count": counts.num_below_min_count,
                "taken_off": taken_off(counts),
                "shapes": shapes(counts),
                "is_international": counts.survey.is_international,
                "num_extra": counts.num_extra,
                "num_outside_plan": counts.outside_plan.count(),
                "num_other_country": counts.num_other_country,
                "num_not_utf8": counts.num_not_utf8,
            });
            writeln!(out, "{summary}")?;
        }
        Format::Text => {
            writeln!(out, "dry run: nothing was written")?;
            writeln!(
                out,
                "  lines        {} ({} identifiers, {} blank, {} rejected, {} below --min-count)",
                count(num_lines(counts)),
                count(counts.num_accepted),
                count(counts.num_blank),
                count(rejected),
                count(counts.num_below_min_count),
            )?;
            describe_reading(&mut out, counts)?;
        }
    }
    Ok(())
}

/// What the survey found, line by line.
fn describe_reading(out: &mut impl Write, counts: &Counts) -> io::Result<()> {
    for (wrapper, num) in &counts.taken_off {
        writeln!(
            out,
            "  taken off    {wrapper} {} of {} lines",
            count(*num),
            count(num_lines(counts))
        )?;
    }
    if counts.survey.is_international {
        writeln!(
            out,
            "  numbers      start with the calling code, without a plus sign"
        )?;
    }
    for (name, num, what) in [
        (
            "readings",
            counts.num_extra,
            "of the lines were stored in several readings",
        ),
        (
            "plan",
            counts.outside_plan.count(),
            "of the numbers are not in the numbering plan: they are found only as they are written in the list",
        ),
        (
            "abroad",
            counts.num_other_country,
            "numbers are from other countries",
        ),
        ("not UTF-8", counts.num_not_utf8, "passwords"),
    ] {
        if num > 0 {
            writeln!(out, "  {name:<12} {} {what}", count(num))?;
        }
    }
    if !counts.survey.shapes.is_empty() {
        writeln!(
            out,
            "  shapes       {}",
            survey::describe(&counts.survey.shapes)
        )?;
    }
    Ok(())
}

fn num_lines(counts: &Counts) -> u64 {
    counts.num_accepted
        + counts.num_blank
        + counts.num_below_min_count
        + counts.num_padding
        + counts.rejects.count()
}

fn taken_off(counts: &Counts) -> Vec<serde_json::Value> {
    let of = |(wrapper, num): (&survey::Wrapper, &u64)| serde_json::json!({ "what": wrapper.to_string(), "num_lines": num });
    counts.taken_off.iter().map(of).collect()
}

fn shapes(counts: &Counts) -> Vec<serde_json::Value> {
    let of =
        |shape: &survey::Shape| serde_json::json!({ "shape": shape.shape, "share": shape.share });
    counts.survey.shapes.iter().map(of).collect()
}

/// What of the lists may not be what was meant. Nobody wants so much quiet that a member is missed.
pub(super) fn warn_of_reading(counts: &Counts, inputs: &[Input]) {
    warn_of_rejects(counts, inputs);
    if counts.num_not_utf8 > 0 {
        eprintln!(
            "leaksieve: {} of {} passwords are not UTF-8, and were stored as raw bytes. A password with characters \
             outside ASCII that is not found will get \"cannot say\". If the list is in another charset, {CHARSET}",
            count(counts.num_not_utf8),
            count(counts.num_accepted)
        );
    }
}

/// Lines that the filter lacks, or knows in one spelling only: say so, even when few.
pub(super) fn warn_of_rejects(counts: &Counts, inputs: &[Input]) {
    warn_of(
        [
            (
                &counts.rejects,
                "rejected lines, which are not in the filter",
            ),
            (
                &counts.outside_plan,
                "numbers that no phone has, which are found only as they are written in the list",
            ),
        ],
        inputs,
    );
}

/// Identifiers of which no exact set can be made.
pub(super) fn warn_of_no_numbers(counts: &Counts, inputs: &[Input]) {
    warn_of(
        [(
            &counts.no_numbers,
            "identifiers that an exact set cannot hold",
        )],
        inputs,
    );
}

fn warn_of<const N: usize>(lists: [(&Rejects, &str); N], inputs: &[Input]) {
    for (rejects, what) in lists {
        if rejects.count() > 0 {
            eprintln!("leaksieve: {what}:");
            for line in list::describe(rejects, inputs) {
                eprintln!("  {line}");
            }
        }
    }
}
