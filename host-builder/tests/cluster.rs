//! A build on a cluster: a tiny one in this process, whose tasks come in any order, run twice, or are
//! killed. The file is the one that a build on one machine makes of the same list, seed and date.

use std::path::Path;

use leaksieve::cluster::{Build, FOR_DRIVER, Row, Source, Worker};
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout, Values};
use leaksieve::pipeline::{self, BuildOptions, Summary};
use leaksieve::sizing::{Aim, Choice, MAX_RIBBON_ITEMS, Method, shape};
use leaksieve_core::encoding::Encoding;
use leaksieve_core::identifier::{CaseRule, IdScheme, Separators};
use leaksieve_core::{IdentifierKind, Profile};

const COLUMN: &str = "column `c`";

type List = Vec<Option<Vec<u8>>>;

/// A generator that gives the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.0 >> 33) % end as u64) as usize
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// What a shuffle does to a row of hashes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Dropped,
    Doubled,
    Altered,
}

/// A cluster of this process.
struct Cluster {
    random: Random,
    /// Tasks that read the column.
    num_tasks: usize,
    /// In the shuffle of the step of this number.
    fault: Option<(usize, Fault)>,
    /// Of this step, to one of the rows for the driver.
    fault_of_row: Option<(usize, usize, Fault)>,
    /// After this step, to this file.
    fault_of_file: Option<(usize, usize, Fault)>,
    num_steps: usize,
    num_shuffled_bytes: usize,
    /// Steps in whose shuffle there are hashes.
    shuffles: Vec<usize>,
}

/// What a task takes.
#[derive(Clone, Copy)]
enum Taken<'t> {
    Values(&'t [Option<Vec<u8>>]),
    Rows(&'t [Row]),
}

impl Cluster {
    fn new(seed: u64, num_tasks: usize) -> Self {
        Self {
            random: Random(seed),
            num_tasks,
            fault: None,
            fault_of_row: None,
            fault_of_file: None,
            num_steps: 0,
            num_shuffled_bytes: 0,
            shuffles: Vec::new(),
        }
    }

    /// All steps of a build.
    fn run(&mut self, build: &mut Build, list: &List, staging: &Path) -> Result<(), String> {
        let first: Vec<Option<&[u8]>> = list.iter().map(Option::as_deref).collect();
        let per_task = list.len().div_ceil(self.num_tasks).max(1);
        let tasks: Vec<u32> = (0..list.len()).map(|row| (row / per_task) as u32).collect();
        build.look(&first, &tasks).map_err(|e| e.to_string())?;
        let mut rows = Vec::new();
        while let Some(step) = build.next(&rows, &()).map_err(|e| e.to_string())? {
            let mut made = Vec::new();
            match step.source {
                Source::Column => {
                    let shares: Vec<_> = list.chunks(per_task).collect();
                    for number in self.any_order(shares.len()) {
                        let values = Taken::Values(shares[number]);
                        made.extend(self.task(&step.task, number, values)?);
                    }
                }
                Source::Tasks(elements) => {
                    let mut rows: Vec<Row> = (0..)
                        .zip(elements)
                        .map(|(part, blob)| Row { part, blob })
                        .collect();
                    self.random.shuffle(&mut rows);
                    let per_task = 1 + self.random.below(20);
                    for (number, rows) in rows.chunks(per_task).enumerate() {
                        made.extend(self.task(&step.task, number, Taken::Rows(rows))?);
                    }
                }
            }
            if let Some(shuffle) = step.then {
                self.num_shuffled_bytes += made.iter().map(|row| row.blob.len()).sum::<usize>();
                if made.iter().any(|row| row.part >= 0) {
                    self.shuffles.push(self.num_steps);
                }
                self.damage(&mut made);
                self.random.shuffle(&mut made);
                let num_tasks = 1 + self.random.below(shuffle.num_parts as usize);
                let mut by_task = vec![Vec::new(); num_tasks];
                for row in made {
                    assert!(row.part < shuffle.num_parts as i32);
                    by_task[row.part.max(0) as usize % num_tasks].push(row);
                }
                made = Vec::new();
                for number in self.any_order(num_tasks) {
                    let rows = Taken::Rows(&by_task[number]);
                    made.extend(self.task(&shuffle.task, number, rows)?);
                }
            }
            assert!(made.iter().all(|row| row.part == FOR_DRIVER));
            if let Some((number, index, fault)) = self.fault_of_row
                && number == self.num_steps
            {
                let row = made.remove(index % made.len());
                if matches!(fault, Fault::Doubled) {
                    made.extend([row.clone(), row]);
                }
            }
            self.random.shuffle(&mut made);
            rows = made;
            if let Some((number, index, fault)) = self.fault_of_file
                && number == self.num_steps
            {
                damage_file(staging, index, fault);
            }
            self.num_steps += 1;
            ensure_private(staging);
        }
        Ok(())
    }

    fn any_order(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        self.random.shuffle(&mut order);
        order
    }

    /// A task: sometimes it is killed before, or runs twice.
    fn task(&mut self, task: &[u8], number: usize, taken: Taken<'_>) -> Result<Vec<Row>, String> {
        let rows = match self.random.below(4) {
            0 => {
                self.attempt(task, number, taken, true)?;
                self.attempt(task, number, taken, false)?
            }
            1 => {
                let other = self.attempt(task, number, taken, false)?;
                let rows = self.attempt(task, number, taken, false)?;
                assert_eq!(rows.len(), other.len());
                rows
            }
            _ => self.attempt(task, number, taken, false)?,
        };
        Ok(rows)
    }

    fn attempt(
        &mut self,
        task: &[u8],
        number: usize,
        taken: Taken<'_>,
        is_killed: bool,
    ) -> Result<Vec<Row>, String> {
        let mut worker = Worker::new(task, number as u32).map_err(|e| e.to_string())?;
        let mut rows = Vec::new();
        let most = 1 + self.random.below(3_000);
        match taken {
            Taken::Values(values) => {
                for batch in values.chunks(most) {
                    let batch = batch.iter().map(Option::as_deref);
                    worker.values(batch).map_err(|e| e.to_string())?;
                    rows.extend(worker.take());
                }
            }
            Taken::Rows(taken) => {
                for row in taken {
                    let done = worker.row(row.part, &row.blob);
                    done.map_err(|e| e.to_string())?;
                    rows.extend(worker.take());
                }
            }
        }
        if !is_killed || self.random.below(2) == 0 {
            rows.extend(worker.finish().map_err(|e| e.to_string())?);
        }
        Ok(rows)
    }

    fn damage(&mut self, rows: &mut Vec<Row>) {
        let Some((_, fault)) = self.fault.filter(|(number, _)| *number == self.num_steps) else {
            return;
        };
        let hashes: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].part >= 0).collect();
        let at = hashes[self.random.below(hashes.len())];
        match fault {
            Fault::Dropped => drop(rows.remove(at)),
            Fault::Doubled => rows.push(rows[at].clone()),
            // Of the last hash.
            Fault::Altered => {
                let last = rows[at].blob.len() - 2;
                rows[at].blob[last] ^= 4;
            }
        }
    }
}

/// A list, and what is to be made of it.
struct Case {
    name: &'static str,
    kind: IdentifierKind,
    list: List,
    encoding: Choice,
    aim: Aim,
    seed: u64,
    num_segments: u32,
    num_tasks: usize,
    max_counted_records: u64,
}

impl Case {
    fn options(&self) -> BuildOptions {
        let profile = match self.kind {
            IdentifierKind::Phone => Profile::Phone(phone_profile("CN").unwrap()),
            IdentifierKind::Id => Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Ignore)),
            IdentifierKind::Email => Profile::Email,
            _ => Profile::Username(CaseRule::Fold),
        };
        let mut options = BuildOptions::new(Vec::new(), self.kind, profile);
        options.layout = Layout::LineOf(self.kind);
        options.encoding = self.encoding;
        options.aim = self.aim;
        options.seed = Some(self.seed);
        options.created_unix_s = 1_700_000_000;
        options.max_counted_records = self.max_counted_records;
        options.name = "Shop".into();
        options.num_threads = 2;
        options
    }

    fn on_one_machine(&self, output: &Path) -> Result<Summary, String> {
        let mut options = self.options();
        options.inputs = vec![Input::Values(Values::new(COLUMN, self.list.clone()))];
        pipeline::build(&options, output, &()).map_err(|e| e.to_string())
    }

    /// The folder for staging is empty then, and that of the output has nothing else.
    fn on(&self, cluster: &mut Cluster, output: &Path) -> Result<Summary, String> {
        let staging = tempfile::tempdir().unwrap();
        let options = self.options();
        let segments = self.num_segments;
        let mut build = Build::new(&options, output, staging.path(), segments, COLUMN)
            .map_err(|e| e.to_string())?;
        let ran = cluster.run(&mut build, &self.list, staging.path());
        let summary = build.summary().cloned();
        if ran.is_err() {
            // Whoever runs the tasks says that one failed.
            build.close().unwrap();
        }
        assert_eq!(names(staging.path()), [""; 0], "{}", self.name);
        drop(build);
        ran.map(|()| summary.expect("it was built"))
    }
}

/// Do something to a file of the folder in this one, if there is one.
fn damage_file(staging: &Path, index: usize, fault: Fault) {
    let folder = staging.join(&names(staging)[0]);
    let mut files = names(&folder);
    files.sort();
    let Some(file) = files.get(index % files.len().max(1)) else {
        return;
    };
    let path = folder.join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    match fault {
        Fault::Dropped => return std::fs::remove_file(&path).unwrap(),
        Fault::Doubled => bytes.extend_from_within(..),
        Fault::Altered => {
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 4;
            }
        }
    }
    std::fs::write(&path, bytes).unwrap();
}

/// Only the owner can look into the folder that is made in this one.
fn ensure_private(staging: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        for folder in names(staging) {
            let folder = staging.join(folder);
            assert_eq!(mode(&folder), 0o700);
            for file in names(&folder) {
                assert_eq!(mode(&folder.join(file)), 0o600);
            }
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

fn emails(num: usize) -> List {
    (0..num)
        .map(|i| Some(format!("member{i}@example.com").into_bytes()))
        .collect()
}

/// Some twice, some missing, some that are none.
fn phones(num: usize) -> List {
    (0..num)
        .map(|i| match i % 1_000 {
            17 => None,
            18 => Some(b"139".to_vec()),
            _ => Some(format!("138{:08}", (i * 7_919) % (num * 3 / 4)).into_bytes()),
        })
        .collect()
}

fn half_of_one(num: usize) -> List {
    let mut list = emails(num / 2);
    list.extend(vec![Some(b"nobody@example.com".to_vec()); num / 2]);
    Random(3).shuffle(&mut list);
    list
}

/// Numbers far apart.
fn strewn(num: usize) -> List {
    let mut random = Random(9);
    let mut number = || format!("138{:08}", random.below(100_000_000)).into_bytes();
    (0..num).map(|_| Some(number())).collect()
}

/// Where ranges of numbers are divided in every set.
const BOUND: u64 = 1 << 56;
const START: (u64, u64, u64) = (5, 9_000, 7);
const FAR: (u64, u64, u64) = (3 * BOUND + 9, 3_000, 1 << 20);

/// Ids: rows of them, each from a first number on, so many, at this distance.
fn ids(rows: &[(u64, u64, u64)]) -> List {
    let numbers = rows
        .iter()
        .flat_map(|&(first, num, step)| (0..num).map(move |i| first + i * step));
    let mut list: List = numbers
        .map(|id| Some(id.to_string().into_bytes()))
        .collect();
    Random(5).shuffle(&mut list);
    list
}

/// Ids of which one of so many is no number.
fn mixed(num: u64, every: usize) -> List {
    let mut list = ids(&[(1_000_000, num, 3)]);
    for (i, id) in list.iter_mut().enumerate().step_by(every) {
        *id = Some(format!("x{}y", i % 7_000).into_bytes());
    }
    list
}

const RATE: Aim = Aim::FalsePositiveRate(1e-3);
const BLOOM: Choice = Choice::Filter(Method::Bloom);
const RIBBON: Choice = Choice::Filter(Method::Ribbon);

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Choice::{Auto, Exact};
    use IdentifierKind::{Email, Id, Phone};
    let counted = pipeline::MAX_COUNTED_RECORDS;
    [
        ("bloom", Email, emails(30_000), BLOOM, RATE, 1, 64, 7, counted),
        ("ribbon", Email, emails(60_000), RIBBON, RATE, 2, 64, 3, counted),
        ("512", Phone, phones(20_000), RIBBON, RATE, 3, 512, 5, counted),
        ("1,024", Phone, phones(20_000), BLOOM, RATE, 4, 1_024, 2, counted),
        ("estimate", Phone, phones(50_000), RIBBON, RATE, 5, 128, 4, 40_000),
        ("half", Email, half_of_one(40_000), BLOOM, RATE, 6, 64, 4, counted),
        ("half, estimate", Email, half_of_one(40_000), BLOOM, RATE, 6, 64, 4, 30_000),
        ("few", Email, emails(30), RIBBON, RATE, 7, 1_024, 6, counted),
        ("one", Email, emails(1), BLOOM, RATE, 8, 64, 1, counted),
        ("size", Email, emails(9_000), RIBBON, Aim::MaxBytes(16_000), 9, 64, 2, counted),
        ("low rate", Email, emails(20_000), RIBBON, Aim::FalsePositiveRate(1e-7), 10, 64, 2, counted),
        ("high rate", Email, emails(90_000), RIBBON, Aim::FalsePositiveRate(0.3), 11, 64, 2, counted),
        // Exact sets, and lists of numbers that are none.
        ("asked", Phone, strewn(30_000), Exact, RATE, 1, 64, 3, counted),
        ("dense", Phone, phones(40_000), Auto, RATE, 2, 64, 5, counted),
        ("dense, estimate", Phone, phones(40_000), Auto, RATE, 2, 256, 5, 30_000),
        ("dense, size", Phone, phones(40_000), Auto, Aim::MaxBytes(20_000), 12, 64, 5, counted),
        ("strewn", Phone, strewn(30_000), Auto, RATE, 3, 128, 4, counted),
        ("strewn, estimate", Phone, strewn(30_000), Auto, RATE, 4, 64, 4, 20_000),
        ("others", Id, mixed(30_000, 3), Auto, RATE, 5, 64, 4, counted),
        ("others, estimate", Id, mixed(30_000, 2), Auto, RATE, 5, 64, 4, 9_000),
        ("one other", Id, mixed(2_000, 2_000), Auto, RATE, 5, 1_024, 4, counted),
        ("no number", Id, mixed(9_000, 1), Auto, RATE, 6, 64, 4, counted),
        ("one number", Id, ids(&[(77_777, 1, 1)]), Exact, RATE, 7, 64, 1, counted),
        ("over a bound", Id, ids(&[START, (BOUND - 20_000, 40_000, 1), FAR]), Exact, RATE, 8, 512, 3, counted),
        ("up to a bound", Id, ids(&[START, (BOUND - 20_000, 20_000, 1), FAR]), Exact, RATE, 9, 64, 3, counted),
        ("up to the end", Id, ids(&[START, (BOUND - 20_000, 20_000, 1)]), Exact, RATE, 10, 64, 3, counted),
        ("ranges", Id, ids(&[(1_000_000_000, 700_000, 3), (7_000_000_000, 600_000, 1)]), Auto, RATE, 11, 64, 5, counted),
    ]
    .into_iter()
    .map(
        |(name, kind, list, encoding, aim, seed, num_segments, num_tasks, max_counted_records)| {
            Case {
                name,
                kind,
                list,
                encoding,
                aim,
                seed,
                num_segments,
                num_tasks,
                max_counted_records,
            }
        },
    )
    .collect()
}

fn ensure_same(case: &Case) -> Summary {
    let name = case.name;
    let folder = tempfile::tempdir().unwrap();
    let [expected, found] = ["one.lsv", "cluster.lsv"].map(|name| folder.path().join(name));
    let one = case.on_one_machine(&expected).unwrap();
    let mut cluster = Cluster::new(case.seed, case.num_tasks);
    let many = case.on(&mut cluster, &found).unwrap();
    assert_eq!(names(folder.path()).len(), 2, "{name}");
    let [expected, found] = [expected, found].map(|path| std::fs::read(path).unwrap());
    assert!(expected == found, "{name}");
    assert_eq!(one.counts, many.counts, "{name}");
    assert_eq!(one.num_items, many.num_items, "{name}");
    assert_eq!(one.num_bytes, many.num_bytes, "{name}");
    assert_eq!(one.num_restarts, many.num_restarts, "{name}");
    assert_eq!(one.measured, many.measured, "{name}");
    assert_eq!(one.trial, many.trial, "{name}");
    assert_eq!(one.shape, many.shape, "{name}");
    assert_eq!(one.reason, many.reason, "{name}");
    many
}

#[test]
fn the_bytes_of_one_machine() {
    let (mut num_layers, mut num_exact) = (Vec::new(), 0);
    for case in cases() {
        let shape = ensure_same(&case).shape;
        num_layers.push(shape.encoding.layers(shape.num_pages).count());
        num_exact += usize::from(shape.encoding == Encoding::Exact);
    }
    assert_eq!(num_exact, 9);
    for expected in [1, 2, 3, 4] {
        assert!(num_layers.contains(&expected), "{num_layers:?}");
    }
}

/// With these seeds, found by trying thousands, the first equations have no solution: by chance; and
/// where the sample has so few of the items that the filter is too small, and grows.
#[test]
fn other_equations_where_the_first_have_no_solution() {
    for (num_items, rate, seed, max_counted_records, num_restarts) in [
        (3_540, 0.4, 2_402, pipeline::MAX_COUNTED_RECORDS, 1),
        (3_000, 1e-6, 869, 1_000, 4),
    ] {
        let case = Case {
            name: "restarts",
            kind: IdentifierKind::Email,
            list: emails(num_items),
            encoding: RIBBON,
            aim: Aim::FalsePositiveRate(rate),
            seed,
            num_segments: 64,
            num_tasks: 3,
            max_counted_records,
        };
        assert_eq!(ensure_same(&case).num_restarts, num_restarts, "{num_items}");
    }
}

/// A blob of any shuffle, or a row for the driver of any step: the build fails, and nothing is left.
#[test]
fn what_is_lost_between_tasks_fails_the_build() {
    // Of reading, and of the layers, both when they are made and when they are asked.
    lose("low rate", 9, 5);
}

#[test]
fn what_is_lost_of_numbers_fails_the_build() {
    lose("asked", 4, 2);
    lose("strewn", 6, 3);
    lose("others", 4, 2);
}

/// Of a build of so many steps, so many of which have something to shuffle, or more.
fn lose(name: &str, num_steps: usize, least_shuffles: usize) {
    let case = cases().into_iter().find(|case| case.name == name);
    let case = case.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.lsv");
    let mut whole = Cluster::new(1, case.num_tasks);
    case.on(&mut whole, &output).unwrap();
    std::fs::remove_file(&output).unwrap();
    assert_eq!(whole.num_steps, num_steps, "{name}");
    let shuffles = whole.shuffles;
    assert!(shuffles.len() >= least_shuffles, "{name}: {shuffles:?}");
    let faults = [Fault::Dropped, Fault::Doubled, Fault::Altered];
    let damaged = shuffles
        .into_iter()
        .flat_map(|number| faults.map(|fault| (Some((number, fault)), None)));
    let rows = [0, 1, 2].map(|row| (row, Fault::Dropped));
    let rows = [rows.as_slice(), &[(0, Fault::Doubled), (1, Fault::Doubled)]].concat();
    let of_rows = (0..num_steps)
        .flat_map(|number| rows.iter().map(move |(row, fault)| (number, *row, *fault)));
    for (fault, of_row) in damaged.chain(of_rows.map(|of_row| (None, Some(of_row)))) {
        let mut cluster = Cluster::new(2, case.num_tasks);
        (cluster.fault, cluster.fault_of_row) = (fault, of_row);
        let Err(error) = case.on(&mut cluster, &output) else {
            panic!("{name} {fault:?} {of_row:?}: it was built");
        };
        let expected = match fault {
            Some((_, Fault::Altered)) => &["were sent through a shuffle", "damaged"][..],
            Some(_) => &["were sent through a shuffle"],
            None => &[
                "were sent through a shuffle",
                "not those of the tasks",
                "items were staged",
            ],
        };
        let is_told = expected.iter().any(|part| error.contains(part));
        assert!(is_told, "{name} {fault:?} {of_row:?}: {error}");
        assert_eq!(names(folder.path()), [""; 0], "{name} {fault:?} {of_row:?}");
    }
}

/// A file of the staging folder that is gone, longer or altered: if it is read, the build fails.
#[test]
fn files_that_are_damaged_fail_the_build() {
    let mut said = String::new();
    for (name, num_steps) in [("low rate", 9), ("others", 4)] {
        let case = cases().into_iter().find(|case| case.name == name);
        let case = case.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.lsv");
        case.on(&mut Cluster::new(1, case.num_tasks), &output)
            .unwrap();
        let whole = std::fs::read(&output).unwrap();
        std::fs::remove_file(&output).unwrap();
        for number in 0..num_steps {
            let mut has_failed = false;
            for (index, fault) in [
                (0, Fault::Dropped),
                (17, Fault::Doubled),
                (34, Fault::Altered),
                (51, Fault::Altered),
            ] {
                let mut cluster = Cluster::new(2, case.num_tasks);
                cluster.fault_of_file = Some((number, index, fault));
                match case.on(&mut cluster, &output) {
                    // Files of attempts that were killed are not read.
                    Ok(_) => {
                        let found = std::fs::read(&output).unwrap();
                        assert!(found == whole, "{name} {number} {index} {fault:?}");
                        std::fs::remove_file(&output).unwrap();
                    }
                    Err(error) => {
                        has_failed = true;
                        said += &error;
                        assert_eq!(names(folder.path()), [""; 0], "{name} {number}");
                    }
                }
            }
            // Behind the last step nothing is read.
            assert!(has_failed || number + 1 == num_steps, "{name} {number}");
        }
    }
    for words in [
        "does not hold what was written",
        "cannot be read back",
        "cannot read: ",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn the_refusals_of_one_machine() {
    use IdentifierKind::{Email, Id, Phone};
    let numbered = |i: usize| format!("{i};member{i}@example.com");
    let changing = |i: usize| match i < 80_000 {
        true => format!("member{i}@example.com"),
        false => format!("member{i}@example.com:secret{i}"),
    };
    let made = |num: usize, text: &dyn Fn(usize) -> String| -> List {
        (0..num).map(|i| Some(text(i).into_bytes())).collect()
    };
    for (name, kind, list, encoding, aim) in [
        ("no rows", Email, Vec::new(), BLOOM, RATE),
        (
            "but blanks",
            Email,
            vec![None, Some(b" ".to_vec()), None],
            BLOOM,
            RATE,
        ),
        ("two columns", Email, made(3_000, &numbered), BLOOM, RATE),
        ("another kind", Phone, emails(3_000), BLOOM, RATE),
        (
            "rejects",
            Phone,
            made(3_000, &|i| format!("138{:0>1$}", i, 8 - i % 2)),
            BLOOM,
            RATE,
        ),
        ("it changes", Email, made(160_000, &changing), BLOOM, RATE),
        ("no numbers", Id, mixed(3_000, 9), Choice::Exact, RATE),
        (
            "no room",
            Phone,
            strewn(30_000),
            Choice::Exact,
            Aim::MaxBytes(20_000),
        ),
    ] {
        let case = Case {
            name,
            kind,
            list,
            encoding,
            aim,
            seed: 1,
            num_segments: 64,
            num_tasks: 4,
            max_counted_records: pipeline::MAX_COUNTED_RECORDS,
        };
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.lsv");
        let expected = case.on_one_machine(&output).unwrap_err();
        let found = case.on(&mut Cluster::new(1, 4), &output).unwrap_err();
        assert_eq!(found, expected, "{name}");
        assert_eq!(names(folder.path()), [""; 0], "{name}");
    }
}

#[test]
fn what_is_refused_before_anything_is_read() {
    let case = cases().swap_remove(0);
    let folder = tempfile::tempdir().unwrap();
    let [output, staging] = ["a.lsv", "staging"].map(|name| folder.path().join(name));
    std::fs::create_dir(&staging).unwrap();
    let refused = |options: &BuildOptions, staging: &Path, segments| {
        let build = Build::new(options, &output, staging, segments, COLUMN);
        build
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let options = case.options();
    for segments in [0, 1, 32, 65, 2_048] {
        let error = refused(&options, &staging, segments);
        assert!(error.contains("a power of two from 64 to 1024"), "{error}");
    }
    let nowhere = refused(&options, &folder.path().join("none"), 64);
    assert!(
        nowhere.contains("all machines need to reach this folder"),
        "{nowhere}"
    );
    let mut exact = options.clone();
    exact.encoding = Choice::Exact;
    let error = refused(&exact, &staging, 64);
    assert!(error.contains("an exact set holds numbers"), "{error}");
    std::fs::write(&output, b"old").unwrap();
    let error = refused(&options, &staging, 64);
    assert!(error.contains("already exists"), "{error}");
    assert_eq!(names(&staging), [""; 0]);
    assert_eq!(std::fs::read(&output).unwrap(), b"old");
    std::fs::remove_file(&output).unwrap();
    assert_eq!(names(folder.path()), ["staging"]);

    // Steps in their order only, and tasks of this release.
    let mut build = Build::new(&options, &output, &staging, 64, COLUMN).unwrap();
    assert!(build.next(&[], &()).is_err());
    assert!(build.look(&[], &[]).is_err());
    assert_eq!(names(folder.path()), ["staging"]);
    assert_eq!(names(&staging), [""; 0]);
    // A folder that cannot be removed is told of, though the build failed for another reason.
    assert!(build.close().is_ok());
    let mut build = Build::new(&options, &output, &staging, 64, COLUMN).unwrap();
    let private = staging.join(&names(&staging)[0]);
    std::fs::remove_dir(&private).unwrap();
    std::fs::write(&private, b"no folder").unwrap();
    assert!(build.next(&[], &()).is_err());
    let error = build.close().unwrap_err().to_string();
    assert!(error.contains("remove it yourself"), "{error}");
    assert!(build.close().is_ok() && build.summary().is_none());
    let error = Worker::new(b"0.0.9", 0)
        .err()
        .map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("same version")));
}

/// A page of a ribbon is chosen by 32 bits of a hash.
#[test]
fn a_ribbon_that_is_too_large() {
    let error = shape(MAX_RIBBON_ITEMS + 1, Method::Ribbon, RATE, 1).unwrap_err();
    assert!(
        error.to_string().contains("build a Bloom filter"),
        "{error}"
    );
    assert!(shape(MAX_RIBBON_ITEMS, Method::Ribbon, RATE, 1).is_ok());
    assert!(shape(MAX_RIBBON_ITEMS + 1, Method::Bloom, RATE, 1).is_ok());
}

/// Of 10^6 items: 1.2 bytes of them are samples and strangers, which do not grow. Of 10^7 it was 6.65.
#[test]
fn bytes_of_the_shuffles() {
    for (encoding, most) in [(RIBBON, 8.4), (Choice::Exact, 5.0)] {
        let case = Case {
            name: "bytes",
            kind: IdentifierKind::Phone,
            list: (0..1_000_000_u64)
                .map(|i| Some(format!("1{:010}", 3_800_000_000 + i * 9).into_bytes()))
                .collect(),
            encoding,
            aim: RATE,
            seed: 1,
            num_segments: 64,
            num_tasks: 4,
            max_counted_records: pipeline::MAX_COUNTED_RECORDS,
        };
        let folder = tempfile::tempdir().unwrap();
        let mut cluster = Cluster::new(1, case.num_tasks);
        case.on(&mut cluster, &folder.path().join("a.lsv")).unwrap();
        let per_item = cluster.num_shuffled_bytes as f64 / 1e6;
        assert!(per_item < most, "{encoding:?}: {per_item}");
    }
}

/// A driver and a worker may be moved between threads.
#[test]
fn both_can_be_sent() {
    const fn is_send<T: Send>() {}
    is_send::<Build>();
    is_send::<Worker>();
}
