//! Exact sets beside filters, beside other structures for sets of numbers, and beside the entropy,
//! for lists of several shapes.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum as _;
use serde_json::Value;
use testkit::run::say;

use crate::in_process::told;
use crate::measure::{Step, Usage};
use crate::models::{Model, log2_of_sets};
use crate::picture::{self, Bar, Scale};
use crate::report::{self, Table, figure, mebibytes, thousands};
use crate::{Options, file_bytes, in_process_program, leaksieve, work_folder};

/// Ours, as they are asked for; the rate is the filters'.
const ENCODINGS: [&str; 4] = ["exact", "ribbon", "bloom", "auto"];
const RATE: &str = "0.001";
/// What the build may take.
const MEMORY: &str = "768MiB";

/// What was measured of a model; sizes are bits an item.
struct Row {
    model: Model,
    num_items: u64,
    num_values: f64,
    /// log2 of the number of sets of so many.
    any_set: f64,
    entropy: f64,
    /// As in [`ENCODINGS`].
    ours: Vec<f64>,
    builds: Vec<Vec<Usage>>,
    chosen: String,
    roaring: f64,
    elias_fano: f64,
}

/// Measure, write the picture, and give the section.
///
/// # Errors
/// When a build or a library fails.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let (leaksieve, in_process) = (leaksieve()?, in_process_program()?);
    let folder = work_folder()?;
    let rows = Model::value_variants()
        .iter()
        .map(|model| row(*model, &leaksieve, &in_process, folder.path(), options))
        .collect::<Result<Vec<_>>>()?;
    draw(&rows)?;
    Ok(section(&rows, options))
}

fn row(
    model: Model,
    leaksieve: &Path,
    in_process: &Path,
    folder: &Path,
    options: &Options,
) -> Result<Row> {
    let [list, filter, printed] =
        ["list.txt", "filter.lsv", "printed"].map(|name| folder.join(name));
    say(format!("model {}", name(model)));
    let stretches = model.stretches(options.items);
    let num_items = stretches.write(&mut File::create(&list)?)?;
    let num_values = stretches.num_values() as f64;
    let per_item = |bits: f64| bits / num_items as f64;
    let mut row = Row {
        model,
        num_items,
        num_values,
        any_set: per_item(log2_of_sets(num_values, num_items as f64)),
        entropy: per_item(stretches.entropy_bits()),
        ours: Vec::new(),
        builds: vec![Vec::new(); ENCODINGS.len()],
        chosen: String::new(),
        roaring: 0.0,
        elias_fano: 0.0,
    };
    for run in 0..options.runs {
        for (encoding, builds) in ENCODINGS.iter().zip(&mut row.builds) {
            let used = Step::new(leaksieve)
                .args([Path::new("build"), &list, Path::new("-o"), &filter])
                .args(model.arguments())
                .args(["--encoding", encoding, "--fpr", RATE, "--memory", MEMORY])
                .args(["--format", "json"])
                .run(&printed)?;
            builds.push(used);
            let summary: Value = serde_json::from_str(&fs::read_to_string(&printed)?)?;
            ensure!(
                summary["num_items"] == num_items,
                "{}: {num_items} numbers were generated, and {} were stored",
                name(model),
                summary["num_items"]
            );
            if run == 0 {
                row.ours.push(per_item(file_bytes(&filter)? as f64 * 8.0));
                row.chosen = summary["encoding"].as_str().unwrap_or_default().to_owned();
            }
            fs::remove_file(&filter)?;
        }
    }
    let of_library = |library: &str| -> Result<f64> {
        let step = Step::new(in_process).args([Path::new(library), &list, Path::new("/dev/null")]);
        let (_, told) = told(step, library, &printed)?;
        let num_bytes = told["num_bytes"]
            .as_f64()
            .context("a library tells its size")?;
        Ok(per_item(num_bytes * 8.0))
    };
    row.roaring = of_library("roaring")?;
    row.elias_fano = of_library("elias-fano")?;
    fs::remove_file(&list)?;
    Ok(row)
}

fn name(model: Model) -> String {
    let value = model.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// What the model is, in words.
fn help(model: Model) -> String {
    let value = model.to_possible_value();
    let help = value.and_then(|value| value.get_help().map(ToString::to_string));
    help.unwrap_or_default()
}

impl Row {
    /// Above the entropy, in percent.
    fn over(&self) -> String {
        format!("{:+.1} %", (self.ours[0] / self.entropy - 1.0) * 100.0)
    }

    fn cpu_ns(&self, encoding: usize) -> f64 {
        Usage::median(&self.builds[encoding]).cpu_s / self.num_items as f64 * 1e9
    }
}

fn draw(rows: &[Row]) -> Result<()> {
    let groups: Vec<(String, Vec<Bar>)> = rows
        .iter()
        .filter(|row| row.model != Model::Sparse && row.model != Model::Uniform)
        .map(|row| {
            let bar = |label: &str, value, is_ours| Bar {
                label: label.into(),
                value,
                text: format!("{value:.2} bits"),
                is_ours,
            };
            let heading = format!(
                "{}: 1 of {:.1}",
                name(row.model),
                row.num_values / row.num_items as f64
            );
            let bars = vec![
                bar("exact", row.ours[0], true),
                bar("floor: entropy", row.entropy, false),
                bar("ribbon, 1 in 1,000", row.ours[1], false),
                bar("Bloom, 1 in 1,000", row.ours[2], false),
                bar("Roaring", row.roaring, false),
                bar("Elias-Fano (sux)", row.elias_fano, false),
            ];
            (heading, bars)
        })
        .collect();
    let groups: Vec<(&str, &[Bar])> = groups
        .iter()
        .map(|(heading, bars)| (heading.as_str(), bars.as_slice()))
        .collect();
    let path = report::docs("exact.svg");
    picture::bars(
        &path,
        "Bits an item, of generated lists",
        Scale::All,
        &groups,
    )
}

fn section(rows: &[Row], options: &Options) -> String {
    let mut sizes = Table::new(&[
        "model",
        "items",
        "u / n",
        "log2 C(u, n) / n",
        "entropy",
        "exact",
        "over the entropy",
        "ribbon",
        "Bloom",
        "Roaring",
        "Elias-Fano",
        "bitmap",
        "`auto` takes",
    ]);
    let mut builds = Table::new(&[
        "model",
        "exact, CPU ns an item",
        "ribbon",
        "Bloom",
        "`auto`",
        "wall, exact to Bloom",
        "exact, peak MiB",
    ]);
    let mut models = String::new();
    for row in rows {
        let ratio = row.num_values / row.num_items as f64;
        let sized = [row.any_set, row.entropy, row.ours[0]].map(|bits| format!("{bits:.2}"));
        let others = [row.ours[1], row.ours[2], row.roaring, row.elias_fano, ratio];
        sizes.row(
            [name(row.model), thousands(row.num_items), figure(ratio)]
                .into_iter()
                .chain(sized)
                .chain([row.over()])
                .chain(others.map(|bits| format!("{bits:.2}")))
                .chain([row.chosen.clone()]),
        );
        let [exact, bloom] = [0, 2].map(|encoding| Usage::median(&row.builds[encoding]));
        builds.row(
            [name(row.model)]
                .into_iter()
                .chain([0, 1, 2, 3].map(|encoding| figure(row.cpu_ns(encoding))))
                .chain([
                    report::times(exact.wall_s / bloom.wall_s),
                    mebibytes(exact.peak_bytes),
                ]),
        );
        models += &format!("- `{}`: {}\n", name(row.model), help(row.model));
    }
    format!(
        "## Exact sets\n\n{}\n\n![Bits an item](exact.svg)\n\n\
         **All lists are generated; no real leak was measured.** How far below a filter an exact set is depends on how large a part of the possible numbers is \
         in the list, and on how unevenly they lie. The models:\n\n{models}\n\
         Bits an item, of n items among u possible numbers. Ours are whole files: header, numbering plan, index and checksums. Log2 C(u, n) is what names one of all sets of n; the entropy is \
         what is left for somebody who knows the share of each stretch of numbers. Ribbon and Bloom aim at 1 false alarm in 1,000 questions; the others have none. \
         Roaring is `RoaringTreemap` of the crate `roaring`, with runs, as serialised; Elias-Fano is `EfDict` of the crate `sux`, in memory, of numbers from which the millions without a member were cut out at no cost. The bitmap is u bits: a formula. \
         The lists `dense` to `half-used` are a leak of hundreds of millions in miniature: fewer numbers of each network. Numbers in more than 36 places far from each other take more index: \
         the 52 parts of networks of `dense`, at 10 million items 4 % more; whole networks do not.\n\n{sizes}\n\
         ### What building takes\n\nFrom text to the file, self-check included, with `--memory {MEMORY}`; median of {runs}. The encodings take turns.\n\n{builds}\n\
         ```sh\ncargo benchmark --only exact --items {items} --runs {runs}\ncargo benchmark model clustered --items 1_000_000 > list.txt   # one of the lists\n```\n",
        report::circumstances(),
        runs = options.runs,
        items = options.items,
    )
}
