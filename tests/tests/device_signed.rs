//! A device that trusts one key: what it accepts, what it refuses, and what it remembers
//! when it is switched off.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use leaksieve_core::trust::MAX_EPOCH_STEP;
use leaksieve_core::{Trust, open};
use leaksieve_tests::card;
use leaksieve_tests::lab::{Lab, Said, device_verdict};
use leaksieve_tests::last_pages;
use testkit::emulator::{Emulator, Options, Storage};
use testkit::firmware::Variant;
use testkit::sample;
use testkit::sign::{self, Signer};

/// So many that a ribbon has a second layer in use, and few enough for one tag sector.
const NUM_MEMBERS: u64 = 8_000;
/// The first digits of the test key.
const SIGNER: &str = "ea4a6c63e29c520a";

/// A lab with an unsigned filter, and the folder that a device remembers in.
struct Fixture {
    lab: Lab,
    plain: PathBuf,
    memory: PathBuf,
}

impl Fixture {
    fn new() -> Result<Self> {
        Self::of("--encoding=bloom")
    }

    fn of(encoding: &str) -> Result<Self> {
        let lab = Lab::new()?;
        let rows: Vec<String> = (0..NUM_MEMBERS).map(sample::phone).collect();
        let arguments = ["--kind=phone", "--region=CN", encoding];
        let plain = lab.filter("Shop 2021", &arguments, &rows)?;
        let memory = lab.path("memory");
        fs::create_dir(&memory)?;
        Ok(Self { lab, plain, memory })
    }

    fn signed_by(&self, signer: Signer, epoch: u32) -> Result<Vec<u8>> {
        let signed = self.lab.signed("signed", &self.plain, signer, epoch)?;
        Ok(fs::read(signed)?)
    }

    fn signed(&self, epoch: u32) -> Result<Vec<u8>> {
        self.signed_by(Signer::Trusted, epoch)
    }

    /// A card with a file in the first place, and one in the second.
    fn card(&self, first: &[u8], second: Option<&[u8]>) -> Result<PathBuf> {
        let first = self.lab.write("first.lsv", first)?;
        let second = second
            .map(|second| self.lab.write("second.lsv", second))
            .transpose()?;
        let mut files = vec![(card::FILTER_NAME, first.as_path())];
        files.extend(second.as_deref().map(|path| (card::SECOND_NAME, path)));
        let image = self.lab.path("card.img");
        card::write_image(&image, &files)?;
        Ok(image)
    }

    /// Switched on with the memory that it had.
    fn boot(&self, card: &Path) -> Result<Emulator> {
        let options = Options {
            memory: Some(&self.memory),
            ..Options::default()
        };
        self.lab
            .boot_as(Variant::TrustedKey, Storage::Card(card), &options)
    }

    /// The device says `complaint` at once, at a question and after `?`, and no verdict.
    fn refused(&self, file: &[u8], complaint: &str) -> Result<Emulator> {
        let mut board = self.boot(&self.card(file, None)?)?;
        says(board.greeting(), complaint)?;
        let answer = board.ask(&sample::phone(0))?;
        says(&answer, complaint)?;
        ensure!(device_verdict(&answer)? == Said::CannotSay, "{answer:?}");
        says(&board.ask("?")?, complaint)?;
        Ok(board)
    }

    fn epoch_too_low(&self, file: &[u8]) -> Result<()> {
        self.refused(file, "at least 9 is accepted").map(drop)
    }
}

fn says(text: &str, wanted: &str) -> Result<()> {
    ensure!(text.contains(wanted), "{text:?} without {wanted:?}");
    Ok(())
}

fn answers(board: &mut Emulator) -> Result<()> {
    for index in 0..20 {
        let answer = board.ask(&sample::phone(index))?;
        ensure!(device_verdict(&answer)? == Said::Exposed, "{answer:?}");
    }
    let answer = board.ask(&sample::stranger_phone(7))?;
    ensure!(device_verdict(&answer)? == Said::NotExposed, "{answer:?}");
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn a_trusted_file_is_asked_and_says_who_signed_it() -> Result<()> {
    for encoding in ["--encoding=bloom", "--encoding=ribbon"] {
        says_who_signed_it(&Fixture::of(encoding)?)?;
    }
    Ok(())
}

fn says_who_signed_it(fixture: &Fixture) -> Result<()> {
    let mut board = fixture.boot(&fixture.card(&fixture.signed(5)?, None)?)?;
    says(
        board.greeting(),
        &format!("Accepts only filters signed by {SIGNER}."),
    )?;
    answers(&mut board)?;
    let about = board.ask("?")?;
    says(&about, &format!("signed by {SIGNER}\n"))?;
    says(&about, "epoch 5, to be replaced never")?;
    says(&about, "Trusted keys: 1; lowest epoch accepted: 5\n")
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn other_files_are_refused() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.refused(
        &fs::read(&fixture.plain)?,
        "LEAKS.LSV: not signed, and only files",
    )?;
    let stranger = fixture.signed_by(Signer::Stranger, 5)?;
    fixture.refused(&stranger, "which is not a trusted key")?;
    let mut header = fixture.signed(5)?;
    // A letter of the breach's name.
    let at = header.windows(4).position(|bytes| bytes == b"Shop");
    sign::forge(&mut header, 0, at.unwrap_or_default(), 0x20)?;
    let mut board = fixture.refused(&header, "the signature is wrong")?;
    // The next card is asked as if nothing had been.
    board.plug(&fixture.card(&fixture.signed(5)?, None)?)?;
    answers(&mut board)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn forged_pages_are_no_answer() -> Result<()> {
    for encoding in ["--encoding=bloom", "--encoding=ribbon"] {
        let fixture = Fixture::of(encoding)?;
        let signed = fixture.signed(5)?;
        let mut forged = signed.clone();
        // Behind the header, before tag sectors and signature: plan and pages.
        let catalogue = open(&mut &*signed, &mut [0; 512], &Trust::ANY)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let (first, num_sectors) = catalogue.header().sectors_of_datasets();
        for sector in first.0..first.0 + num_sectors as u32 {
            sign::forge(&mut forged, sector, 17, 0xFF)?;
        }
        let mut board = fixture.boot(&fixture.card(&forged, None)?)?;
        for phone in [sample::phone(0), sample::stranger_phone(7)] {
            is_forged(&board.ask(&phone)?)?;
        }
    }
    Ok(())
}

fn is_forged(answer: &str) -> Result<()> {
    ensure!(device_verdict(answer)? == Said::CannotSay, "{answer:?}");
    says(answer, "is not the one that was signed: it was forged")
}

/// Of a ribbon only the last layer is forged, which few ask, and after another page: they are
/// not told, all others are.
#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn a_forged_last_layer_is_no_answer() -> Result<()> {
    let fixture = Fixture::of("--encoding=ribbon")?;
    let mut forged = fixture.signed(5)?;
    for page in last_pages(&forged)? {
        sign::forge(&mut forged, page, 17, 0xFF)?;
    }
    let mut board = fixture.boot(&fixture.card(&forged, None)?)?;
    let mut num_forged = 0;
    for index in 0..300 {
        let answer = board.ask(&sample::phone(index))?;
        if device_verdict(&answer)? != Said::Exposed {
            is_forged(&answer)?;
            num_forged += 1;
        }
    }
    ensure!((1..150).contains(&num_forged), "{num_forged} of 300");
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn an_older_file_is_refused_after_a_restart() -> Result<()> {
    let fixture = Fixture::new()?;
    let file = |epoch| fixture.signed(epoch);
    answers(&mut fixture.boot(&fixture.card(&file(8)?, None)?)?)?;
    answers(&mut fixture.boot(&fixture.card(&file(9)?, None)?)?)?;
    fixture.epoch_too_low(&file(8)?)?;
    // Nor does a file raise it that is not accepted.
    fixture.refused(
        &fixture.signed_by(Signer::Stranger, 10)?,
        "which is not a trusted key",
    )?;
    let absurd = file(9 + MAX_EPOCH_STEP + 1)?;
    fixture.refused(&absurd, "too far ahead")?;
    fixture.refused(&file(u32::MAX)?, "too far ahead")?;
    answers(&mut fixture.boot(&fixture.card(&file(9)?, None)?)?)?;

    // One of its two records is torn, by a power cut: the other is believed.
    let records = [1, 2].map(|place| fixture.memory.join(format!("lowest-epoch-{place}.bin")));
    fs::write(&records[1], b"torn")?;
    fixture.epoch_too_low(&file(8)?)?;
    fs::write(&records[0], [0xFF; 8])?;
    fixture.refused(&file(10)?, "cannot read which epoch it has seen")?;
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn an_epoch_that_cannot_be_stored_holds_until_the_restart() -> Result<()> {
    let fixture = Fixture::new()?;
    // Nothing can be written there, and nothing is there.
    for place in [1, 2] {
        let record = fixture.memory.join(format!("lowest-epoch-{place}.bin"));
        std::os::unix::fs::symlink("nowhere/at-all", record)?;
    }
    let (older, newer) = (fixture.signed(8)?, fixture.signed(9)?);
    let mut board = fixture.boot(&fixture.card(&newer, None)?)?;
    says(board.greeting(), "could not store the filter's epoch")?;
    answers(&mut board)?;
    board.unplug()?;
    board.plug(&fixture.card(&older, None)?)?;
    says(&board.ask(&sample::phone(0))?, "at least 9 is accepted")?;
    answers(&mut fixture.boot(&fixture.card(&older, None)?)?)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn of_two_files_the_newest_valid_one_is_asked() -> Result<()> {
    let fixture = Fixture::new()?;
    let file = |epoch| fixture.signed(epoch);
    let taken = |first: &[u8], second: &[u8], slot: &str| {
        let mut board = fixture.boot(&fixture.card(first, Some(second))?)?;
        answers(&mut board)?;
        says(&board.ask("?")?, &format!(" in {slot}: "))?;
        anyhow::Ok(board)
    };
    let mut damaged = file(9)?;
    damaged[100] ^= 1;
    let board = taken(&file(3)?, &damaged, "LEAKS.LSV")?;
    says(
        board.greeting(),
        "LEAKS.LSV is asked, because LEAKS2.LSV: sector 0 is damaged",
    )?;
    taken(&file(4)?, &file(4)?, "LEAKS.LSV")?;
    taken(&file(5)?, &file(4)?, "LEAKS.LSV")?;
    taken(&file(4)?, &file(6)?, "LEAKS2.LSV")?;
    // The newest is damaged, and all others are older than what was seen.
    let mut board = fixture.boot(&fixture.card(&file(4)?, Some(&damaged))?)?;
    says(
        &board.ask(&sample::phone(0))?,
        "cannot say: LEAKS.LSV: epoch 4 is too old: at least 6 is accepted",
    )
}

/// Without keys a signed file is asked, too; without signatures it is not.
#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn devices_without_a_key() -> Result<()> {
    let fixture = Fixture::new()?;
    let card = fixture.card(&fixture.signed_by(Signer::Stranger, 5)?, None)?;
    let mut board = fixture.lab.boot(Storage::Card(&card))?;
    says(board.greeting(), "has no key: it accepts any filter")?;
    answers(&mut board)?;
    says(&board.ask("?")?, "whom this device cannot know")?;

    let mut board =
        fixture
            .lab
            .boot_as(Variant::Unsigned, Storage::Card(&card), &Options::default())?;
    says(board.greeting(), "was built without signatures")?;
    says(
        &board.ask(&sample::phone(0))?,
        "cannot say: LEAKS.LSV: signed, and",
    )?;
    board.plug(&fixture.card(&fs::read(&fixture.plain)?, None)?)?;
    answers(&mut board)
}
