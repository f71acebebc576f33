//! Builds and questions on Spark: the bytes of one machine, whatever is killed, and nothing left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::Input;
use leaksieve::pipeline::{self, BuildOptions, MAX_COUNTED_RECORDS};
use leaksieve::sizing::{Aim, Choice};
use leaksieve_core::{IdentifierKind, Profile};
use leaksieve_tests::is_exhaustive;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::spark::{NEWEST, OLDEST, Release, Spark};
use testkit::{run, sample, workspace};

const NUM_LINES: u64 = 30_000;
const CREATED: u64 = 1_700_000_000;

/// A file that is to be built.
#[derive(Clone, Copy)]
struct Wanted {
    list: &'static str,
    kind: IdentifierKind,
    encoding: &'static str,
    rate: f64,
    seed: u64,
    max_counted_records: u64,
}

const PHONES: Wanted = Wanted {
    list: "phones",
    kind: IdentifierKind::Phone,
    encoding: "bloom",
    rate: 1e-3,
    seed: 1,
    max_counted_records: MAX_COUNTED_RECORDS,
};

const LATE: Wanted = Wanted {
    list: "late",
    ..PHONES
};

/// Numbers so close that there is an exact set without being asked for. `phones` are so far apart that
/// there is none.
const DENSE: Wanted = Wanted {
    list: "dense",
    encoding: "auto",
    ..PHONES
};

/// Too long to be counted.
const LONG: Wanted = Wanted {
    encoding: "ribbon",
    max_counted_records: 20_000,
    ..PHONES
};

const fn phones(encoding: &'static str) -> Wanted {
    Wanted { encoding, ..PHONES }
}

/// Begun anew, as `other_equations_where_the_first_have_no_solution` has it: by chance, and because the sample of a list that
/// is too long to be counted was too small.
const RETRIED: [Wanted; 2] = [
    Wanted {
        list: "emails-3540",
        kind: IdentifierKind::Email,
        encoding: "ribbon",
        rate: 0.4,
        seed: 2_402,
        ..PHONES
    },
    Wanted {
        list: "emails-3000",
        kind: IdentifierKind::Email,
        encoding: "ribbon",
        rate: 1e-6,
        seed: 869,
        max_counted_records: 1_000,
    },
];

/// What is done to a build: what, in which of its stages, in which of Spark's stages of it.
type Fault = (&'static str, &'static str, u32);

/// A build, and how it ends.
struct Row {
    wanted: Wanted,
    /// Spark's type of the column.
    of_type: &'static str,
    segments: u32,
    fault: Option<Fault>,
    /// What the error says; empty: there is none.
    refused: &'static str,
}

const fn row(wanted: Wanted, of_type: &'static str, segments: u32) -> Row {
    Row {
        wanted,
        of_type,
        segments,
        fault: None,
        refused: "",
    }
}

/// Where lists and files are.
struct Folder(TempDir);

impl Folder {
    fn new() -> Result<Self> {
        // Numbers in any order, some twice; some lines are blank, and some no numbers.
        let phones = (0..NUM_LINES).map(|index| match index % 1_000 {
            17 => String::new(),
            18 => "139".to_owned(),
            _ => sample::phone(index * 7_919 % (NUM_LINES * 3 / 4)),
        });
        let rejects = (0..1_000).map(|index| match index % 2 {
            0 => "139".to_owned(),
            _ => sample::phone(index),
        });
        let folder = Self(tempfile::tempdir()?);
        let dense = (0..NUM_LINES).map(|index| format!("138{:08}", index * 7_919 % NUM_LINES));
        fs::write(folder.path("dense"), joined(dense))?;
        // As many blank rows as a first look is at, and more.
        let blank = (0..70_000).map(|_| "  ".to_owned());
        fs::write(
            folder.path("late"),
            joined(blank.chain((0..1_000).map(sample::phone))),
        )?;
        fs::write(folder.path("phones"), joined(phones))?;
        for number in [3_540, 3_000] {
            let emails = (0..number).map(|index| format!("member{index}@example.com"));
            fs::write(folder.path(&format!("emails-{number}")), joined(emails))?;
        }
        fs::write(folder.path("rejects"), joined(rejects))?;
        fs::create_dir(folder.path("out"))?;
        fs::create_dir(folder.path("staging"))?;
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What one machine makes of it, and how often it began anew.
    fn expected(&self, wanted: &Wanted) -> Result<(Vec<u8>, u8)> {
        let profile = match wanted.kind {
            IdentifierKind::Phone => Profile::Phone(phone_profile("CN")?),
            _ => Profile::Email,
        };
        let inputs = vec![Input::File(self.path(wanted.list))];
        let mut options = BuildOptions::new(inputs, wanted.kind, profile);
        options.name = "Shop".into();
        options.encoding = Choice::from_name(wanted.encoding).context("no encoding")?;
        options.aim = Aim::FalsePositiveRate(wanted.rate);
        options.seed = Some(wanted.seed);
        options.created_unix_s = CREATED;
        options.max_counted_records = wanted.max_counted_records;
        options.replace = true;
        let output = self.path("expected.lsv");
        let summary = pipeline::build(&options, &output, &())?;
        Ok((fs::read(&output)?, summary.num_restarts))
    }

    fn work(&self, number: usize, row: &Row) -> Value {
        let wanted = &row.wanted;
        let region = (wanted.kind == IdentifierKind::Phone).then_some("CN");
        json!({
            "do": "build",
            "list": self.path(wanted.list),
            "type": row.of_type,
            "output": self.path(&format!("out/{number}.lsv")),
            "staging": self.path("staging"),
            "segments": row.segments,
            "max_counted_records": wanted.max_counted_records,
            "fault": row.fault,
            "arguments": {
                "kind": wanted.kind.name(),
                "region": region,
                "name": "Shop",
                "encoding": wanted.encoding,
                "fpr": wanted.rate,
                "seed": wanted.seed,
                "created": CREATED,
            },
        })
    }

    /// Have a session build all of these, ask one of them, and compare. `kill`: what is killed while it
    /// is asked, as [`Fault`] has it.
    fn run(&self, rows: &[Row], kill: &str, command: impl Fn(&Path) -> Command) -> Result<()> {
        let (works, answers) = (self.path("works"), self.path("answers"));
        let mut lines: Vec<String> = (0..)
            .zip(rows)
            .map(|(number, row)| self.work(number, row).to_string())
            .collect();
        let asked = rows
            .iter()
            .position(|row| row.refused.is_empty() && row.wanted.list == "phones");
        if let Some(number) = asked {
            let file = self.path(&format!("out/{number}.lsv"));
            let (list, other) = (self.path("phones"), self.path("expected.lsv"));
            self.expected(&Wanted { seed: 77, ..PHONES })?;
            let check =
                json!({"do": "check", "list": list, "file": file, "other": other, "fault": kill});
            let list = self.path("rejects");
            let output = self.path("out/refused.lsv");
            let staging = self.path("staging");
            let refuse =
                json!({"do": "refuse", "list": list, "output": output, "staging": staging});
            lines.extend([check, refuse].map(|work| work.to_string()));
        }
        fs::write(&works, joined(lines.into_iter()))?;
        let script = workspace::root().join("python/tests/on_spark.py");
        run::output(command(&script).arg(&works).arg(&answers))?;
        let answers = fs::read_to_string(&answers)?;
        let mut answers = answers.lines().map(serde_json::from_str::<Value>);
        let mut left = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let answer = answers.next().context("no answer")??;
            let Row {
                wanted,
                segments,
                fault,
                refused,
                ..
            } = row;
            let name = format!("{} {} {segments} {fault:?}", wanted.list, wanted.encoding);
            if fault.is_some() {
                let done = |place: usize| answer["fault"][place].as_u64();
                ensure!(
                    done(0).is_some() && done(0) < done(1),
                    "{name}: it came too late: {answer}"
                );
            }
            if !refused.is_empty() {
                let error = answer["error"].as_str().unwrap_or_default();
                ensure!(error.contains(refused), "{name}: {answer}");
                continue;
            }
            left.push(format!("{number}.lsv"));
            ensure!(
                answer["error"].is_null(),
                "{name}: {}",
                answer["error"].as_str().unwrap_or_default()
            );
            let (expected, num_restarts) = self.expected(wanted)?;
            let found = fs::read(self.path(&format!("out/{number}.lsv")))?;
            ensure!(found == expected, "{name}: other bytes");
            let summary = &answer["summary"];
            ensure!(summary["num_restarts"] == num_restarts, "{name}");
            ensure!(summary["size_bytes"] == found.len(), "{name}: {summary}");
            ensure!(answer["stages"][0] == "reading", "{name}: {answer}");
            let is_retried = wanted.list.starts_with("emails");
            ensure!((num_restarts > 0) == is_retried, "{name}");
            println!("{name}: as on one machine; the fault: {}", answer["fault"]);
        }
        if asked.is_some() {
            let said = answers.next().context("no answer")??;
            // Thirty lines are blank, and thirty are no number.
            ensure!(
                said["exposed"] == NUM_LINES - 60 && said["not_covered"] == 60,
                "{said}"
            );
            let said = answers.next().context("no answer")??;
            ensure!(said["error"].is_null(), "{said}");
        }
        ensure!(names(&self.path("staging"))?.is_empty());
        left.sort();
        ensure!(names(&self.path("out"))? == left);
        fs::remove_dir_all(self.path("out"))?;
        Ok(fs::create_dir(self.path("out"))?)
    }
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| line + "\n").collect()
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// What each session has: with adaptive execution or without. With it, tasks that are slow run twice.
fn settings(is_adaptive: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("spark.sql.adaptive.enabled", is_adaptive),
        ("spark.speculation", is_adaptive),
        ("spark.speculation.interval", "20ms"),
        ("spark.speculation.quantile", "0.1"),
        ("spark.speculation.multiplier", "1.01"),
        // Eight tasks read a list, or so.
        ("spark.sql.files.maxPartitionBytes", "50000"),
        ("spark.sql.files.openCostInBytes", "0"),
    ]
}

/// How a build that is stopped ends. An interrupt comes through as `interrupt`.
fn stopped(interrupt: &'static str) -> Vec<Row> {
    vec![
        Row {
            wanted: Wanted {
                list: "rejects",
                ..PHONES
            },
            refused: "BuildError: 500 of 1000 records",
            ..row(PHONES, "string", 64)
        },
        Row {
            fault: Some(("interrupt", "reading", 1)),
            refused: interrupt,
            ..row(PHONES, "string", 64)
        },
    ]
}

#[test]
#[ignore = "needs the registries of pip and apt: cargo xtask test"]
fn spark_in_one_process() -> Result<()> {
    let spark = Spark::get(NEWEST, &crate::wheel::built()?)?;
    let mut rows = stopped("KeyboardInterrupt");
    rows.extend([
        Row {
            fault: Some(("kill python", "building", 0)),
            ..row(phones("ribbon"), "bigint", 64)
        },
        row(phones("exact"), "binary", 64),
        row(LATE, "string", 64),
        row(phones("auto"), "string", 64),
    ]);
    let folder = Folder::new()?;
    folder.run(&rows, "kill python", |script| {
        spark.local(&settings("true"), script)
    })
}

#[test]
#[ignore = "takes long: cargo xtask test --all"]
fn newest_spark_in_all_ways() -> Result<()> {
    in_all_ways(NEWEST, "KeyboardInterrupt")
}

/// It cannot cancel its jobs while it waits for one, and says so in place of an interrupt.
#[test]
#[ignore = "takes long: cargo xtask test --all"]
fn oldest_spark_in_all_ways() -> Result<()> {
    in_all_ways(OLDEST, "Py4JError")
}

/// Adaptive execution on and off, one process and two workers; executors are killed. `interrupt`: what an
/// interrupt comes through as.
fn in_all_ways(release: Release, interrupt: &'static str) -> Result<()> {
    if !is_exhaustive() {
        return Ok(());
    }
    // A small machine has no room for two clusters at once.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new()?;
    let spark = Spark::get(release, &crate::wheel::built()?)?;
    let mut cluster = spark.cluster()?;
    for is_adaptive in ["false", "true"] {
        let settings = settings(is_adaptive);
        let rows = |fault: Option<Fault>| -> Vec<Row> {
            let encodings = ["bloom", "ribbon", "exact"].into_iter();
            let rows = encodings.zip(["string", "bigint", "binary"]);
            rows.map(|(encoding, of_type)| Row {
                fault,
                ..row(phones(encoding), of_type, 64)
            })
            .collect()
        };
        let mut local = stopped(interrupt);
        local.extend(rows(None));
        local.extend([
            row(phones("ribbon"), "string", 256),
            row(phones("bloom"), "string", 1_024),
            row(phones("exact"), "string", 1_024),
            row(RETRIED[0], "string", 64),
            row(RETRIED[1], "string", 64),
            row(LONG, "string", 64),
            row(
                Wanted {
                    encoding: "bloom",
                    ..LONG
                },
                "string",
                64,
            ),
            row(LATE, "string", 64),
            row(phones("auto"), "bigint", 64),
        ]);
        folder.run(&local, "kill python", |script| {
            spark.local(&settings, script)
        })?;

        let mut many = rows(None);
        many.extend([
            row(phones("bloom"), "string", 256),
            row(phones("ribbon"), "string", 1_024),
            row(phones("exact"), "string", 1_024),
            row(DENSE, "bigint", 64),
            row(RETRIED[0], "string", 64),
            row(LONG, "string", 64),
        ]);
        // Numbers that are sorted; and those that no exact set is made of.
        for (stage, wanted) in [("sorting", phones("exact")), ("hashing", phones("auto"))] {
            many.push(Row {
                fault: Some(("kill executor", stage, 0)),
                ..row(wanted, "string", 64)
            });
        }
        // While hashes are made, while they are shuffled, while pages are made, and while they are asked.
        for (stage, nth) in [
            ("reading", 0),
            ("reading", 1),
            ("building", 0),
            ("checking", 0),
        ] {
            many.extend(rows(Some(("kill executor", stage, nth))));
        }
        folder.run(&many, "kill executor", |script| {
            spark.submit(&cluster, &settings, script)
        })?;
        cluster.ensure_runs()?;
    }
    Ok(())
}
