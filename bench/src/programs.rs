//! Programs side by side: each builds a filter of the same list, and is asked the same
//! questions over standard input.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::run::say;

use crate::generate::Kind;
use crate::measure::{Step, Usage};
use crate::peers::{self, Program};
use crate::report::thousands;
use crate::{Options, file_bytes, in_process_program, leaksieve, list, work_folder};

/// Members that are asked for; no filter may lose one.
const MAX_MEMBERS_ASKED: u64 = 1_000_000;

/// What all aim at, where they have a choice.
const FALSE_POSITIVE_RATE: f64 = 0.001;

mod table;

/// What is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leak {
    Phones,
    Hashes,
}

/// The files that are read.
struct Lists {
    leak: Leak,
    num_items: u64,
    /// What we read.
    ours: PathBuf,
    /// What programs read that take whole lines; for phone numbers the same file.
    bare: PathBuf,
    /// Lines that are not in them.
    strangers: PathBuf,
    /// Lines that are in them.
    members: PathBuf,
    /// How many.
    num_members: u64,
    /// Lines half of which are in them.
    half: PathBuf,
}

impl Lists {
    fn make(leak: Leak, options: &Options, folder: &Path) -> Result<Self> {
        say(format!("generating {} lines", thousands(options.items)));
        let num_members = options.items.min(MAX_MEMBERS_ASKED);
        let bare_kind = match leak {
            Leak::Phones => Kind::Phones,
            Leak::Hashes => Kind::BareHashes,
        };
        let bare = list(folder, bare_kind, options.items, false, "bare.txt")?;
        let strangers = list(folder, bare_kind, options.probes, true, "strangers.txt")?;
        let members = list(folder, bare_kind, num_members, false, "members.txt")?;
        let half = folder.join("half.txt");
        alternate(&members, &strangers, &half)?;
        Ok(Self {
            leak,
            num_items: options.items,
            ours: match leak {
                Leak::Phones => bare.clone(),
                Leak::Hashes => list(folder, Kind::Hashes, options.items, false, "counted.txt")?,
            },
            strangers,
            members,
            half,
            bare,
            num_members,
        })
    }
}

impl Lists {
    /// Lines of `half`.
    const fn num_half(&self, num_strangers: u64) -> u64 {
        let pairs = if self.num_members < num_strangers {
            self.num_members
        } else {
            num_strangers
        };
        pairs.div_ceil(2) * 2
    }
}

/// Every other line of two lists, in turn.
fn alternate(left: &Path, right: &Path, to: &Path) -> Result<()> {
    let lines = |path| anyhow::Ok(BufReader::new(File::open(path)?).lines().step_by(2));
    let mut to = BufWriter::new(File::create(to)?);
    for (left, right) in lines(left)?.zip(lines(right)?) {
        writeln!(to, "{}\n{}", left?, right?)?;
    }
    Ok(to.flush()?)
}

/// Who takes turns.
pub(crate) enum Contender {
    Ours(PathBuf),
    Peer(Program),
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Ours(_) => "leaksieve".into(),
            Self::Peer(program) => format!("{} {}", program.name(), program.version),
        }
    }

    fn build(&self, lists: &Lists, filter: &Path) -> Vec<Step> {
        match self {
            Self::Ours(path) => {
                let step = Step::new(path).args([Path::new("build"), &lists.ours]);
                let step = step.args(match lists.leak {
                    Leak::Phones => &["--kind", "phone", "--region", "CN"][..],
                    Leak::Hashes => &["--kind", "sha1"],
                });
                vec![
                    step.args(["--fpr", &FALSE_POSITIVE_RATE.to_string()])
                        .args(["--format", "json", "-o"])
                        .args([filter]),
                ]
            }
            Self::Peer(program) => {
                program.build(&lists.bare, lists.num_items, FALSE_POSITIVE_RATE, filter)
            }
        }
    }

    fn check(&self, lists: &Lists, filter: &Path, questions: &Path) -> Step {
        match self {
            Self::Ours(path) => {
                let step = Step::new(path).args([Path::new("check"), filter]);
                match lists.leak {
                    Leak::Phones => step,
                    Leak::Hashes => step.args(["--kind", "sha1"]),
                }
                .reads(questions)
            }
            Self::Peer(program) => program.check(filter, questions),
        }
    }

    /// How many of the questions the printed answers call members.
    pub(crate) fn count(&self, printed: &Path) -> Result<u64> {
        let is_hit = |line: &str| match self {
            // `LINE: EXPOSED in NAME: ...`
            Self::Ours(_) => line
                .split_once(": ")
                .is_some_and(|(_, answer)| answer.to_ascii_lowercase().starts_with("exposed")),
            Self::Peer(_) => !line.is_empty(),
        };
        // Line by line: what this program takes at most, the kernel counts to every program
        // that it starts.
        let mut num_hits = 0;
        for line in BufReader::new(File::open(printed)?).lines() {
            num_hits += u64::from(is_hit(&line?));
        }
        Ok(num_hits)
    }
}

/// All that was measured of one contender.
#[derive(Default)]
struct Results {
    builds: Vec<Usage>,
    /// The same without our self-check.
    unchecked: Vec<Usage>,
    checks: Vec<Usage>,
    half_checks: Vec<Usage>,
    num_bytes: u64,
    num_false_positives: u64,
    num_lost: u64,
}

/// Measure, write the picture, and give the section.
///
/// # Errors
/// When our program fails or loses a member, or a peer that was found fails.
pub(crate) fn measure(options: &Options, leak: Leak) -> Result<String> {
    let mut contenders = vec![Contender::Ours(leaksieve()?)];
    contenders.extend(peers::programs().into_iter().map(Contender::Peer));
    let floors = Floors::new()?;
    let folder = work_folder()?;
    let lists = Lists::make(leak, options, folder.path())?;
    let filter = folder.path().join("filter");
    let printed = folder.path().join("printed");
    let mut results: Vec<Results> = contenders.iter().map(|_| Results::default()).collect();
    let mut floor_results = vec![Vec::new(); floors.0.len()];

    for run in 1..=options.runs {
        for (contender, results) in contenders.iter().zip(&mut results) {
            say(format!("run {run}: {}", contender.name()));
            let mut used = Usage::default();
            for step in contender.build(&lists, &filter) {
                used = used.then(step.run(&printed)?);
            }
            results.builds.push(used);
            if let Contender::Ours(_) = contender {
                let summary = fs::read_to_string(&printed)?;
                let unchecked = without_self_check(&summary, used);
                let unchecked = unchecked.context("a build tells its stages")?;
                results.unchecked.push(unchecked);
            }
            results.num_bytes = file_bytes(&filter)?;
            let check = contender.check(&lists, &filter, &lists.strangers);
            results.checks.push(check.run(&printed)?);
            results.num_false_positives = contender.count(&printed)?;
            let check = contender.check(&lists, &filter, &lists.half);
            results.half_checks.push(check.run(&printed)?);
            if run == options.runs {
                let check = contender.check(&lists, &filter, &lists.members);
                check.run(&printed)?;
                results.num_lost = lists.num_members.saturating_sub(contender.count(&printed)?);
            }
            fs::remove_file(&filter)?;
        }
        for (floor, results) in floors.0.iter().zip(&mut floor_results) {
            results.push(floor.step(&lists.ours).run(&printed)?);
        }
    }
    let ours = results.first().context("we are always measured")?;
    ensure!(
        ours.num_lost == 0,
        "leaksieve lost {} of {} members: this is a defect",
        ours.num_lost,
        lists.num_members
    );
    let rows = rows(&contenders, &results, &floors, &floor_results);
    if leak == Leak::Phones {
        table::draw(&rows, &lists, options)?;
    }
    Ok(table::section(&rows, &lists, options))
}

/// One line of the table.
struct Row {
    name: String,
    build: Usage,
    /// Of whoever makes a filter.
    filter: Option<Filter>,
}

struct Filter {
    num_bytes: u64,
    num_false_positives: u64,
    check: Usage,
    half_check: Usage,
    num_lost: u64,
}

fn rows(
    contenders: &[Contender],
    results: &[Results],
    floors: &Floors,
    floor_results: &[Vec<Usage>],
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (contender, results) in contenders.iter().zip(results) {
        rows.push(Row {
            name: contender.name(),
            build: Usage::median(&results.builds),
            filter: Some(Filter {
                num_bytes: results.num_bytes,
                num_false_positives: results.num_false_positives,
                check: Usage::median(&results.checks),
                half_check: Usage::median(&results.half_checks),
                num_lost: results.num_lost,
            }),
        });
        if let Contender::Ours(_) = contender {
            rows.push(Row {
                name: "leaksieve, without its self-check".into(),
                build: Usage::median(&results.unchecked),
                filter: None,
            });
        }
    }
    for (floor, results) in floors.0.iter().zip(floor_results) {
        rows.push(Row {
            name: format!("floor: {}", floor.name()),
            build: Usage::median(results),
            filter: None,
        });
    }
    rows
}

/// What a build cost without the stage that no peer has, by what it says itself.
fn without_self_check(summary: &str, used: Usage) -> Option<Usage> {
    let summary: Value = serde_json::from_str(summary).ok()?;
    let stage = summary["stages"]
        .as_array()?
        .iter()
        .find(|stage| stage["name"] == "checking")?;
    Some(Usage {
        wall_s: used.wall_s - stage["seconds"].as_f64()?,
        cpu_s: used.cpu_s - stage["cpu_seconds"].as_f64()?,
        ..used
    })
}

/// What nobody can be below who reads the list, and what hashes every line of it.
struct Floors(Vec<Floor>);

enum Floor {
    CountLines,
    SplitAndHash { program: PathBuf, threads: u32 },
}

impl Floors {
    fn new() -> Result<Self> {
        let program = in_process_program()?;
        Ok(Self(vec![
            Floor::CountLines,
            Floor::SplitAndHash {
                program: program.clone(),
                threads: 1,
            },
            Floor::SplitAndHash {
                program,
                threads: 2,
            },
        ]))
    }
}

impl Floor {
    fn name(&self) -> String {
        match self {
            Self::CountLines => "`wc -l` of the list".into(),
            Self::SplitAndHash { threads: 1, .. } => "read, split, XXH3; 1 thread".into(),
            Self::SplitAndHash { threads, .. } => format!("read, split, XXH3; {threads} threads"),
        }
    }

    fn step(&self, list: &Path) -> Step {
        match self {
            Self::CountLines => Step::new(Path::new("wc")).args(["-l"]).args([list]),
            Self::SplitAndHash { program, threads } => Step::new(program)
                .args([format!("split-hash-{threads}")])
                .args([list, list]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_check_is_taken_off() {
        let used = Usage {
            wall_s: 5.0,
            cpu_s: 8.0,
            user_s: 7.0,
            peak_bytes: 1,
        };
        let told = r#"{"stages": [{"name": "reading", "seconds": 1.0, "cpu_seconds": 1.5},
            {"name": "checking", "seconds": 2.0, "cpu_seconds": 3.0}], "cpu_seconds": 8.0}"#;
        let expected = Usage {
            wall_s: 3.0,
            cpu_s: 5.0,
            user_s: 7.0,
            peak_bytes: 1,
        };
        assert_eq!(without_self_check(told, used), Some(expected));
        assert_eq!(without_self_check(r#"{"seconds": 5.0}"#, used), None);
    }

    #[test]
    fn answers_are_counted() -> Result<()> {
        let printed = tempfile::NamedTempFile::new()?;
        fs::write(
            printed.path(),
            "1: EXPOSED in exposed: false alarm 1 in 1,000\n2: not exposed: not in exposed\n3: cannot say\n",
        )?;
        assert_eq!(Contender::Ours(PathBuf::new()).count(printed.path())?, 1);
        Ok(())
    }
}
