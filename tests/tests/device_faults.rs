//! Whatever is wrong with the card: the device says so, never "not exposed", and goes
//! on with the next card.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use leaksieve_tests::card;
use leaksieve_tests::lab::{Lab, Said, device_verdict};
use leaksieve_tests::last_pages;
use testkit::emulator::{Emulator, Storage};
use testkit::sample;

const SECTOR_BYTES: usize = 512;
/// So many that a ribbon has a second layer in use.
const NUM_MEMBERS: u64 = 8_000;

/// A lab with one good filter.
struct Fixture {
    lab: Lab,
    filter: PathBuf,
    card: PathBuf,
}

impl Fixture {
    fn new() -> Result<Self> {
        Self::of("--encoding=bloom")
    }

    fn of(encoding: &str) -> Result<Self> {
        let lab = Lab::new()?;
        let rows: Vec<String> = (0..NUM_MEMBERS).map(sample::phone).collect();
        let arguments = ["--kind=phone", "--region=CN", encoding];
        let filter = lab.filter("Shop 2021", &arguments, &rows)?;
        let card = lab.card(&filter)?;
        Ok(Self { lab, filter, card })
    }

    /// A card whose filter is the good one, changed.
    fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<PathBuf> {
        let mut bytes = fs::read(&self.filter)?;
        change(&mut bytes);
        self.lab.card(&self.lab.write("changed.lsv", &bytes)?)
    }

    /// Boot with a bad card: the greeting says `complaint`, so does the verdict line,
    /// and a good card put in afterwards is asked as if nothing had been.
    fn refused(&self, storage: Storage<'_>, complaint: &str) -> Result<()> {
        let mut board = self.lab.boot(storage)?;
        let greeting = board.greeting();
        ensure!(
            greeting.contains(complaint),
            "greeting {greeting:?} without {complaint:?}"
        );
        cannot_say(&mut board, complaint)?;
        ensure!(
            board.ask("?")?.contains(complaint),
            "`?` hides {complaint:?}"
        );
        self.works_with_the_good_card(&mut board)
    }

    fn works_with_the_good_card(&self, board: &mut Emulator) -> Result<()> {
        board.plug(&self.card)?;
        exposed(board)
    }
}

fn cannot_say(board: &mut Emulator, complaint: &str) -> Result<()> {
    let answer = board.ask(&sample::phone(0))?;
    ensure!(device_verdict(&answer)? == Said::CannotSay, "{answer:?}");
    ensure!(
        answer.contains(complaint),
        "{answer:?} without {complaint:?}"
    );
    Ok(())
}

fn exposed(board: &mut Emulator) -> Result<()> {
    for index in 0..3 {
        let answer = board.ask(&sample::phone(index))?;
        ensure!(device_verdict(&answer)? == Said::Exposed, "{answer:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn no_card() -> Result<()> {
    Fixture::new()?.refused(Storage::NoCard, "no SD card answers")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn card_unplugged_between_two_questions() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut board = fixture.lab.boot(Storage::Card(&fixture.card))?;
    exposed(&mut board)?;
    board.unplug()?;
    cannot_say(&mut board, "no SD card answers")?;
    cannot_say(&mut board, "no SD card answers")?;
    fixture.works_with_the_good_card(&mut board)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn another_filter_between_two_questions() -> Result<()> {
    let fixture = Fixture::of("--encoding=ribbon")?;
    let mut board = fixture.lab.boot(Storage::Card(&fixture.card))?;
    exposed(&mut board)?;
    let others: Vec<String> = (0..NUM_MEMBERS).map(sample::stranger_phone).collect();
    let other = fixture
        .lab
        .filter("Other", &["--kind=phone", "--region=CN"], &others)?;
    board.unplug()?;
    board.plug(&fixture.lab.card(&other)?)?;
    let answer = board.ask(&sample::stranger_phone(0))?;
    ensure!(
        device_verdict(&answer)? == Said::Exposed && answer.contains("in Other"),
        "{answer:?}"
    );
    fixture.works_with_the_good_card(&mut board)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn foreign_file() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.changed(|bytes| bytes.fill(b'x'))?;
    fixture.refused(Storage::Card(&card), "not a leaksieve file")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn empty_file() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.changed(Vec::clear)?;
    fixture.refused(Storage::Card(&card), "not a leaksieve file")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn corrupt_header() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.changed(|bytes| bytes[100] ^= 1)?;
    fixture.refused(Storage::Card(&card), "sector 0 is damaged")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn truncated_file() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.changed(|bytes| bytes.truncate(bytes.len() - SECTOR_BYTES))?;
    fixture.refused(Storage::Card(&card), "cut short")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn no_filter_on_the_card() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.lab.path("other-name.img");
    card::write_image(&card, &[("OTHER.TXT", &fixture.filter)])?;
    fixture.refused(Storage::Card(&card), "no LEAKS.LSV")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn blank_card() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.lab.path("blank.img");
    fs::File::create(&card)?.set_len(card::SMALLEST_BYTES)?;
    fixture.refused(Storage::Card(&card), "no FAT32 volume")
}

/// Those in a damaged sector cannot be told, all others are; nobody is "not exposed".
fn damaged_sectors(board: &mut Emulator) -> Result<()> {
    let mut num_unanswered = 0;
    for index in 0..300 {
        let answer = board.ask(&sample::phone(index))?;
        match device_verdict(&answer)? {
            Said::Exposed => {}
            Said::NotExposed => ensure!(false, "a member is told: {answer:?}"),
            Said::CannotSay => {
                ensure!(answer.contains("is damaged"), "{answer:?}");
                num_unanswered += 1;
            }
        }
    }
    ensure!(
        (1..300).contains(&num_unanswered),
        "{num_unanswered} of 300 in damaged sectors"
    );
    Ok(())
}

/// Of a ribbon those of the last layer, which few ask, and after another page.
fn damage_last_sectors(bytes: &mut [u8]) -> Result<()> {
    for sector in last_pages(bytes)? {
        bytes[sector as usize * SECTOR_BYTES + SECTOR_BYTES / 2] ^= 0x10;
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn corrupt_filter_sector() -> Result<()> {
    for encoding in ["--encoding=bloom", "--encoding=ribbon"] {
        let fixture = Fixture::of(encoding)?;
        let mut bytes = fs::read(&fixture.filter)?;
        damage_last_sectors(&mut bytes)?;
        let card = fixture.changed(|good| *good = bytes)?;
        let mut board = fixture.lab.boot(Storage::Card(&card))?;
        damaged_sectors(&mut board)?;
        fixture.works_with_the_good_card(&mut board)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn corrupt_filter_sector_in_flash() -> Result<()> {
    let fixture = Fixture::new()?;
    let mut bytes = fs::read(&fixture.filter)?;
    damage_last_sectors(&mut bytes)?;
    let filter = fixture.lab.write("flash.lsv", &bytes)?;
    damaged_sectors(&mut fixture.lab.boot(Storage::Flash(&filter))?)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn erased_flash() -> Result<()> {
    let lab = Lab::new()?;
    let erased = lab.write("erased.bin", &[0xff; 4 * SECTOR_BYTES])?;
    let mut board = lab.boot(Storage::Flash(Path::new(&erased)))?;
    cannot_say(&mut board, "not a leaksieve file")?;
    cannot_say(&mut board, "not a leaksieve file")
}
