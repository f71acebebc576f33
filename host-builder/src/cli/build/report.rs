//! What `leaksieve build` says of the filter that it built.

use std::io::{self, Write};
use std::path::Path;

use leaksieve::input::normalise::Counts;
use leaksieve::input::survey;
use leaksieve::pipeline::report::{ReadingReport, Report};
use leaksieve::pipeline::{BuildOptions, Summary};
use leaksieve::progress::usage::Usage;
use leaksieve::sizing::Reason;
use leaksieve_core::encoding::exact::number::MAX_DIGITS;

use crate::cli::arguments::Format;
use crate::cli::encoding;
use crate::cli::text::{count, one_in_f64, size};

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
    let num_lines = counts.num_lines();
    let below = match (counts.num_below_min_count, counts.num_padding) {
        (0, 0) => String::new(),
        (0, padding) => format!(", {} with a count of 0", count(padding)),
        (below, _) => format!(", {} below --min-count", count(below)),
    };
    let bits_per_item = summary.bits_per_item();
    let interval = summary.trial.interval(1.96);
    let usage = Usage::now();
    let mut out = io::stdout().lock();
    match format {
        Format::Json => {
            let report = Report::new(output, options, summary);
            let mut report = serde_json::to_value(report)?;
            report["seconds"] = seconds.into();
            report["cpu_seconds"] = usage.cpu_seconds.into();
            report["peak_memory_bytes"] = usage.peak_memory_bytes.into();
            writeln!(out, "{report}")?;
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
            let mut report = serde_json::to_value(ReadingReport::new(counts))?;
            report["dry_run"] = true.into();
            report["kind"] = options.kind.name().into();
            report["num_accepted"] = counts.num_accepted.into();
            report["rejected"] = reasons.into();
            writeln!(out, "{report}")?;
        }
        Format::Text => {
            writeln!(out, "dry run: nothing was written")?;
            writeln!(
                out,
                "  lines        {} ({} identifiers, {} blank, {} rejected, {} below --min-count)",
                count(counts.num_lines()),
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
            count(counts.num_lines())
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

/// Say on standard error what must not be missed.
pub(super) fn warn_of(notes: Vec<String>) {
    for note in notes {
        eprintln!("leaksieve: {note}");
    }
}
