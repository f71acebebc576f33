//! What was measured of the encodings, as tables and as a picture.

use anyhow::Result;
use serde_json::Value;

use super::{CHIP_SIZE, Entry, Fitting};
use crate::Options;
use crate::measure::{Usage, median};
use crate::picture::{self, Bar, Scale};
use crate::report::{self, Table, figure, mebibytes, thousands};

/// `1 in 1,000`
pub(crate) fn one_in(rate: f64) -> String {
    format!("1 in {}", thousands((1.0 / rate).round() as u64))
}

/// Bits that no filter of this rate can do without.
fn limit(rate: f64) -> f64 {
    (1.0 / rate).log2()
}

impl Entry {
    fn bits_per_item(&self, options: &Options) -> f64 {
        self.num_bytes as f64 * 8.0 / options.items as f64
    }

    /// Above the limit, in percent of it.
    fn over_limit(&self, options: &Options) -> f64 {
        (self.bits_per_item(options) / limit(self.rate) - 1.0) * 100.0
    }

    /// CPU nanoseconds that building an item took.
    fn build_ns(&self, options: &Options) -> f64 {
        if self.builds.is_empty() {
            self.question("build_cpu_s", "num_items")
        } else {
            Usage::median(&self.builds).cpu_s / options.items as f64 * 1e9
        }
    }

    fn row(&self, options: &Options) -> Vec<String> {
        let last = |values: &[Value], of: fn(&Value) -> Option<f64>, digits: usize| {
            let value = values.last().and_then(of);
            value.map_or_else(String::new, |value| format!("{value:.digits$}"))
        };
        let by_bits = self
            .summaries
            .last()
            .and_then(measured)
            .map_or_else(String::new, |measured| {
                format!("{:.4}", measured / self.rate)
            });
        let asked = self.num_false_positives as f64 / options.probes as f64 / self.rate;
        let question = |seconds, count| {
            if self.asked.is_empty() {
                String::new()
            } else {
                figure(self.question(seconds, count))
            }
        };
        vec![
            self.name.clone(),
            format!("{:.3}", self.bits_per_item(options)),
            format!("{:+.2} %", self.over_limit(options)),
            by_bits,
            format!("{asked:.3}"),
            last(&self.asked, |told| told["mean_reads"].as_f64(), 4),
            last(&self.asked, |told| told["most_reads"].as_f64(), 0),
            figure(self.build_ns(options)),
            match &self.builds[..] {
                [] => String::new(),
                builds => mebibytes(Usage::median(builds).peak_bytes),
            },
            question("hits_cpu_s", "num_hits"),
            question("misses_cpu_s", "num_misses"),
        ]
    }
}

fn measured(summary: &Value) -> Option<f64> {
    summary["false_positive_rate"]["measured"].as_f64()
}

/// The section of the page.
pub(crate) fn section(groups: &[Vec<Entry>], fitting: &[Fitting], options: &Options) -> String {
    let mut tables = String::new();
    for entries in groups {
        let Some(rate) = entries.first().map(|entry| entry.rate) else {
            continue;
        };
        let mut table = Table::new(&[
            "filter",
            "bits an item",
            "over the limit",
            "rate to aim, by its bits",
            "asked",
            "reads, mean",
            "most",
            "build CPU ns an item",
            "peak MiB",
            "member asked, ns",
            "stranger asked, ns",
        ]);
        for entry in entries {
            table.row(entry.row(options));
        }
        tables += &format!(
            "\n### {}: {:.2} bits at least\n\n{table}",
            one_in(rate),
            limit(rate)
        );
    }
    format!(
        "## Encodings\n\n{}\n\n![Bits over the limit](encodings.svg)\n\n\
         {items} phone numbers; median of {runs} runs. No filter of a rate can have fewer bits an item than log2(1/rate), the \
         limit; header, checksums and thresholds are counted. leaksieve and poppy are programs, from a list of lines to a file, \
         self-check included where there is one; the others are libraries, on one thread, with the lines in memory. BinaryFuse has one rate of its \
         own, and is compared with the limit of that. \"Asked\" is of {probes} strangers, so a rate that is right may be off by {chance:.0} % at the lowest \
         and {small_chance:.0} % at the highest (two standard deviations); \"by its bits\" is what `leaksieve build` computes of the finished pages. Reads are sectors a question: the mean of strangers, the most of all that were asked. \
         Questions are asked of what is in memory, hash included, normalisation and checksums left out.\n{tables}\n\
         ### What building takes\n\nCPU nanoseconds an item, by stage; checking asks the finished file for every item.\n\n{stages}\n\
         ### What {size} hold\n\nThe longest list that `leaksieve estimate --max-size {CHIP_SIZE}` promises a rate of 1 in 1,000, built.\n\n{fitting}\n\
         ```sh\ncargo benchmark --only encodings --items {raw_items} --runs {runs}\n```\n",
        report::circumstances(),
        items = thousands(options.items),
        runs = options.runs,
        probes = thousands(options.probes),
        chance = chance(groups, options, f64::min),
        small_chance = chance(groups, options, f64::max),
        stages = stages(groups, options),
        fitting = what_fits(fitting, options),
        size = CHIP_SIZE.replace("KiB", " KiB"),
        raw_items = options.items,
    )
}

/// Two standard deviations of the share of false alarms, in percent of it, at the lowest or
/// highest rate.
fn chance(groups: &[Vec<Entry>], options: &Options, choose: fn(f64, f64) -> f64) -> f64 {
    let rates = groups.iter().flatten().map(|entry| entry.rate);
    let expected = rates.reduce(choose).unwrap_or(1.0) * options.probes as f64;
    200.0 / expected.sqrt()
}

fn stages(groups: &[Vec<Entry>], options: &Options) -> Table {
    let stage = |summary: &Value, index: usize, what: &str| summary["stages"][index][what].clone();
    let ours = || groups.iter().flatten().filter(|entry| entry.is_ours());
    let first = ours().find_map(|entry| entry.summaries.last());
    let names: Vec<String> = (0..)
        .map_while(|index| Some(stage(first?, index, "name").as_str()?.to_owned()))
        .collect();
    let mut head = vec!["filter"];
    head.extend(names.iter().map(String::as_str));
    head.push("whole program");
    let mut table = Table::new(&head);
    for entry in ours() {
        let mut row = vec![format!("{}, {}", entry.name, one_in(entry.rate))];
        for index in 0..names.len() {
            let seconds = entry
                .summaries
                .iter()
                .filter_map(|summary| stage(summary, index, "cpu_seconds").as_f64());
            row.push(figure(median(seconds) / options.items as f64 * 1e9));
        }
        row.push(figure(entry.build_ns(options)));
        table.row(row);
    }
    table
}

fn what_fits(fitting: &[Fitting], options: &Options) -> Table {
    let mut table = Table::new(&[
        "filter",
        "items",
        "to the first",
        "bytes",
        "rate by its bits",
        "asked",
        "reads, mean",
        "most",
    ]);
    let first = fitting.first().map_or(1, |fitting| fitting.num_items) as f64;
    for Fitting {
        name,
        num_items,
        summary,
        asked,
    } in fitting
    {
        let false_alarms = asked["num_false_positives"].as_f64().unwrap_or_default();
        table.row([
            (*name).into(),
            thousands(*num_items),
            format!("{:+.1} %", (*num_items as f64 / first - 1.0) * 100.0),
            thousands(summary["size_bytes"].as_u64().unwrap_or_default()),
            format!("1 in {:.1}", 1.0 / measured(summary).unwrap_or(1.0)),
            format!("1 in {}", figure(options.probes as f64 / false_alarms)),
            format!("{:.4}", asked["mean_reads"].as_f64().unwrap_or_default()),
            format!("{:.0}", asked["most_reads"].as_f64().unwrap_or_default()),
        ]);
    }
    table
}

/// The picture.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn draw(groups: &[Vec<Entry>], options: &Options) -> Result<()> {
    let bars: Vec<(String, Vec<Bar>)> = groups
        .iter()
        .map(|entries| {
            let bars = entries.iter().map(|entry| {
                let over = entry.over_limit(options);
                Bar {
                    label: entry.name.clone(),
                    value: over,
                    text: format!("{over:+.1} %: {:.2} bits", entry.bits_per_item(options)),
                    is_ours: entry.is_ours(),
                }
            });
            let rate = entries.first().map_or(1.0, |entry| entry.rate);
            let heading = format!(
                "False alarm {}: {:.2} bits at least",
                one_in(rate),
                limit(rate)
            );
            (heading, bars.collect())
        })
        .collect();
    let groups: Vec<(&str, &[Bar])> = bars
        .iter()
        .map(|(heading, bars)| (heading.as_str(), bars.as_slice()))
        .collect();
    picture::bars(
        &report::docs("encodings.svg"),
        "Bits an item over the limit, log2(1/rate)",
        Scale::All,
        &groups,
    )
}
