//! What a signature, a ribbon and an exact set cost the emulated boards: flash, RAM, stack, and
//! counted instructions; and how many people a board holds.
//!
//! The firmware's feature `count` answers each question with the instructions that it took;
//! QEMU counts them (`-icount`), so the figures are the same on every machine. They are
//! instructions, not cycles.

mod people;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use testkit::cross::CORTEX_M3;
use testkit::emulator::{Emulator, Machine, Options, Storage, flash_area};
use testkit::firmware::{self, Variant};
use testkit::run::say;
use testkit::{boards, host, setup, sign};

use crate::generate::Kind;
use crate::measure::Step;
use crate::report::{self, Table, thousands};
use crate::{leaksieve, list, work_folder};

/// Members, and as many strangers, that are asked.
const NUM_QUESTIONS: u64 = 1_000;

/// Files: one whose tags are all kept and that a slot of the micro:bit has room for, one with as many sectors to read as a file of a
/// gigabyte has.
const SIZES: [u64; 2] = [20_000, 22_000_000];
const ENCODINGS: [&str; 3] = ["bloom", "ribbon", "exact"];

/// Instructions and sectors of one question, or of one mount.
#[derive(Clone, Copy, Debug)]
struct Cost {
    total: u64,
    /// Of them in the driver of the card and in the file system.
    medium: u64,
    sectors: u64,
    /// Hash and probe of the first page alone.
    probe: u64,
}

impl Cost {
    const fn own(&self) -> u64 {
        self.total - self.medium
    }
}

impl Measured {
    /// Rows of hash and probe, of the questions that read one page.
    fn probes(&self, table: &mut Table, processor: &str, encoding: &str) -> Result<()> {
        for (who, of) in [("members", &self.members), ("strangers", &self.strangers)] {
            let groups = by_sectors(of);
            let (_, of) = groups.first_key_value().context("nothing was asked")?;
            let probes = || of.iter().map(|cost| cost.probe);
            table.row([
                processor.to_owned(),
                encoding.to_owned(),
                who.to_owned(),
                of.len().to_string(),
                whole(mean(of, |cost| cost.probe)),
                thousands(probes().min().unwrap_or_default()),
                thousands(probes().max().unwrap_or_default()),
            ]);
        }
        Ok(())
    }
}

/// What a device was asked, and what it cost.
struct Measured {
    mount: Cost,
    members: Vec<Cost>,
    strangers: Vec<Cost>,
}

/// Measure and give the section.
///
/// # Errors
/// When something cannot be built, or a member is lost.
pub(crate) fn measure() -> Result<String> {
    let cross = setup::cross(&[CORTEX_M3])?;
    let qemu = setup::emulator()?;
    let cli = leaksieve()?;
    let variants = [Variant::Unsigned, Variant::TrustedKey];
    say("building the firmware, and what counts");
    let mut images = Vec::new();
    for variant in variants {
        let elf = firmware::build(&cross, variant)?;
        images.push((variant, elf, firmware::build_counting(&cross, variant)?));
    }

    let microbit = boards::build_counting_microbit()?;

    let mut sizes = Table::new(&["firmware", "flash", "static RAM", "deepest stack"]);
    let mut costs = Table::new(&[
        "file",
        "asked",
        "sectors",
        "questions",
        "instructions, mean",
        "least",
        "most",
        "with the card's driver",
    ]);
    let mut probes = Table::new(&[
        "processor",
        "filter",
        "asked",
        "questions",
        "instructions, mean",
        "least",
        "most",
    ]);
    let mut mounts = Table::new(&["file", "sectors", "instructions", "with the card's driver"]);
    let folder = work_folder()?;
    let folder = folder.path();
    for num_items in SIZES {
        say(format!("a filter of {} items", thousands(num_items)));
        let members = list(folder, Kind::Phones, num_items, false, "members.txt")?;
        let strangers = list(folder, Kind::Phones, NUM_QUESTIONS, true, "strangers.txt")?;
        let plain = folder.join("filter.lsv");
        let asked_members = every(&members, num_items / NUM_QUESTIONS)?;
        let asked_strangers = every(&strangers, 1)?;
        for encoding in ENCODINGS {
            Step::new(&cli)
                .args([Path::new("build"), &members, Path::new("-o"), &plain])
                .args(["--kind", "phone", "--region", "CN", "--seed", "1"])
                .args(["--encoding", encoding, "--force", "--quiet"])
                .run(&folder.join("printed"))?;
            if SIZES.first() == Some(&num_items) {
                let measured =
                    ask_microbit(&qemu, &microbit, &plain, &asked_members, &asked_strangers)?;
                measured.probes(&mut probes, "Cortex-M0", encoding)?;
            }
            let signed = sign::sign_beside(&cli, &plain)?;
            for ((variant, elf, counting), filter) in images.iter().zip([&plain, &signed]) {
                let image = folder.join("sd.img");
                host::card_image(&cli, filter, &image)?;
                let stack = firmware::deepest_stack(&qemu, elf, Storage::Card(&image))?;
                let size = firmware::size(elf)?;
                let items = thousands(num_items);
                let name = format!("{}, {encoding} of {items}", variant.name());
                if SIZES.last() == Some(&num_items) {
                    sizes.row([
                        format!("{}, {encoding}", variant.name()),
                        thousands(size.flash_bytes),
                        thousands(size.static_ram_bytes),
                        thousands(stack.used_bytes.into()),
                    ]);
                }
                let measured = ask(&qemu, counting, &image, &asked_members, &asked_strangers)?;
                if SIZES.first() == Some(&num_items) && *variant == Variant::Unsigned {
                    measured.probes(&mut probes, "Cortex-M3", encoding)?;
                }
                let Cost { total, sectors, .. } = measured.mount;
                mounts.row([
                    name.clone(),
                    sectors.to_string(),
                    thousands(measured.mount.own()),
                    thousands(total),
                ]);
                let asked = [
                    ("members", &measured.members),
                    ("strangers", &measured.strangers),
                ];
                let mut means = Vec::new();
                for (who, of) in asked {
                    let groups = by_sectors(of);
                    for of in groups.values() {
                        costs.row(row(&name, who, of)?);
                    }
                    let (_, fewest) = groups.first_key_value().context("nothing was asked")?;
                    means.push(mean(fewest, Cost::own));
                }
                let difference = means[0] - means[1];
                costs.row(
                    [&name, "difference", "", "", &whole(difference), "", "", ""]
                        .map(str::to_owned),
                );
            }
        }
    }
    let people = people::people(&cli, folder)?;
    Ok(format!(
        "## What a signature, a ribbon and an exact set cost a device\n\n{}\n\nThe LM3S6965 (Cortex-M3) in QEMU; firmware `unsigned` is built without \
         signatures and asks an unsigned file, `trusted-key` asks the same file signed. Bytes; all encodings are read by one \
         firmware:\n\n{sizes}\n\
         Instructions, counted by QEMU, not cycles; of {} members and {} strangers each. Nothing is logged. The card's driver and \
         file system are left out, but in the last column: they are the board's, which moves each byte by itself. \
         Questions that read the same number of sectors have a row: in a ribbon some read a second page or a third, and in an exact set all read \
         three. The difference is between members and strangers that read the fewest.\n\n{costs}\n\
         Mounting finds the file, verifies header and signature, and reads the tags that are kept:\n\n{mounts}\n\
         Of these, hash and probe alone: from the item to what its first page says, and of an exact set its three. The checksum of the page, and how a written \
         number becomes an item, are left out. The Cortex-M0 is the micro:bit's, built to be small; files of {} items:\n\n{probes}\n\
         {people}\n\
         ```sh\ncargo benchmark --only device\n```\n",
        report::circumstances(),
        thousands(NUM_QUESTIONS),
        thousands(NUM_QUESTIONS),
        thousands(SIZES[0]),
    ))
}

/// By the sectors that were read.
fn by_sectors(costs: &[Cost]) -> BTreeMap<u64, Vec<Cost>> {
    let mut groups: BTreeMap<u64, Vec<Cost>> = BTreeMap::new();
    for cost in costs {
        groups.entry(cost.sectors).or_default().push(*cost);
    }
    groups
}

fn row(name: &str, who: &str, costs: &[Cost]) -> Result<[String; 8]> {
    let own = || costs.iter().map(Cost::own);
    let sectors = costs.iter().map(|cost| cost.sectors).max();
    Ok([
        name.to_owned(),
        who.to_owned(),
        sectors.context("nothing was asked")?.to_string(),
        costs.len().to_string(),
        whole(mean(costs, Cost::own)),
        thousands(own().min().unwrap_or_default()),
        thousands(own().max().unwrap_or_default()),
        whole(mean(costs, |cost| cost.total)),
    ])
}

fn whole(value: f64) -> String {
    match value < 0.0 {
        true => format!("-{}", thousands(-value.round() as u64)),
        false => thousands(value.round() as u64),
    }
}

fn mean(costs: &[Cost], of: impl Fn(&Cost) -> u64) -> f64 {
    costs.iter().map(of).sum::<u64>() as f64 / costs.len() as f64
}

/// Boot with a card, mount, and ask all.
fn ask(
    qemu: &Path,
    elf: &Path,
    image: &Path,
    members: &[String],
    strangers: &[String],
) -> Result<Measured> {
    let options = Options {
        count: true,
        ..Options::default()
    };
    let mut board = Emulator::boot_with(qemu, elf, Storage::Card(image), &options)?;
    ask_board(&mut board, members, strangers)
}

/// The same of a micro:bit with the file in a slot of its flash.
fn ask_microbit(
    qemu: &Path,
    elf: &Path,
    filter: &Path,
    members: &[String],
    strangers: &[String],
) -> Result<Measured> {
    let area = flash_area([&fs::read(filter)?, &[]]);
    let options = Options {
        count: true,
        machine: Machine::Microbit,
        ..Options::default()
    };
    let mut board = Emulator::boot_with(qemu, elf, Storage::FlashArea(&area), &options)?;
    ask_board(&mut board, members, strangers)
}

fn ask_board(board: &mut Emulator, members: &[String], strangers: &[String]) -> Result<Measured> {
    // The first finds the card asleep, and writes the epoch.
    said(&board.ask("")?, "mounted")?;
    let mount = said(&board.ask("")?, "mounted")?;
    let mut each = |lines: &[String], words: &[&str]| {
        let ask = |line: &String| {
            let answer = board.ask(line)?;
            let word = words.iter().find(|word| answer.contains(**word));
            said(&answer, word.unwrap_or(&words[0]))
        };
        lines.iter().map(ask).collect::<Result<Vec<_>>>()
    };
    Ok(Measured {
        mount,
        members: each(members, &["exposed"])?,
        strangers: each(strangers, &["absent", "exposed"])?,
    })
}

/// `INSTRUCTIONS OF-THEM-IN-THE-MEDIUM SECTORS HASH-AND-PROBE WORD`
fn said(answer: &str, wanted: &str) -> Result<Cost> {
    let mut words = answer.split_whitespace();
    let mut number = || words.next()?.parse().ok();
    let cost = number().zip(number()).zip(number()).zip(number());
    let (((total, medium), sectors), probe) =
        cost.with_context(|| format!("not counted: {answer:?}"))?;
    ensure!(
        words.next() == Some(wanted),
        "{wanted:?} was expected, and the board said {answer:?}"
    );
    Ok(Cost {
        total,
        medium,
        sectors,
        probe,
    })
}

/// As many lines of a list as are asked, as far apart.
fn every(list: &Path, step: u64) -> Result<Vec<String>> {
    let lines = BufReader::new(File::open(list)?).lines();
    let lines = lines.step_by(usize::try_from(step)?);
    Ok(lines
        .take(usize::try_from(NUM_QUESTIONS)?)
        .collect::<Result<_, _>>()?)
}
