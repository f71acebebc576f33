//! Filters of more than 2^32 bits and 2^32 bytes: every question reads its own far
//! sector, and a hole is an error, never "not exposed".

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use leaksieve::file::FilterFile;
use leaksieve_core::header::Encoding;
use leaksieve_core::{
    Error, Identifier, ReadError, Sector, SectorIndex, SectorSource, Trust, Verdict, check, open,
};
use leaksieve_tests::lab::{Lab, Said, device_verdict};
use leaksieve_tests::pages::{BLOOM, COLUMNS, ribbon};
use leaksieve_tests::{SparseFilter, addresses, is_exhaustive, some};
use testkit::emulator::Storage;
use testkit::host;

const NUM_ASKED: usize = 200;

/// 5 GiB; 1 TiB, in which sector numbers pass 2^31. Neither is a power of two.
const NUM_SECTORS: [u32; 2] = [(5 << 21) + 3, (1 << 31) + 77];
/// Most pages that a layer of a ribbon can have: the shares of its pages fit 32 bits.
const MAX_LAYER_PAGES: u32 = u32::MAX / (COLUMNS as u32 + 1);

/// Files of both encodings: of 5 GiB and about 1 TiB, and the largest of a ribbon of three
/// layers that are as long as they can be.
fn files() -> Vec<(Encoding, u32)> {
    let ribbon_of = |num_sectors: u32| (ribbon(num_sectors - 1, 0), num_sectors);
    let mut files: Vec<_> = NUM_SECTORS.map(|num_sectors| (BLOOM, num_sectors)).into();
    files.extend([NUM_SECTORS[0], 3 * MAX_LAYER_PAGES + 1].map(ribbon_of));
    some(files, 3)
}

struct Asked {
    members: Vec<String>,
    strangers: Vec<String>,
    /// Nobody sealed the last page that they ask.
    in_holes: Vec<String>,
}

impl Asked {
    fn new() -> Self {
        Self {
            members: addresses("member", NUM_ASKED),
            strangers: addresses("stranger", NUM_ASKED),
            in_holes: addresses("hole", NUM_ASKED),
        }
    }

    fn filter(&self, encoding: Encoding, num_sectors: u32) -> Result<SparseFilter> {
        let asked = [&self.members[..], &self.strangers, &self.in_holes];
        let filter = SparseFilter::new(encoding, num_sectors, asked)?;
        // The questions reach all of the file, and each hole is one.
        let there = filter.sectors()?;
        let last = there.last_key_value().context("no sector")?.0.0;
        ensure!(
            last > num_sectors - num_sectors / 20,
            "nothing far is asked"
        );
        for address in &self.in_holes {
            let sectors = filter.sectors_of(address)?;
            ensure!(!sectors.last().is_none_or(|last| there.contains_key(last)));
        }
        Ok(filter)
    }
}

#[test]
fn far_sectors_of_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let asked = Asked::new();
    for (encoding, num_sectors) in files() {
        let path = folder.path().join("large.lsv");
        asked.filter(encoding, num_sectors)?.write(&path)?;
        let file = FilterFile::open(&path)?;
        let ask = |address: &String| {
            let mut sector = [0xAA; 512];
            file.check(Identifier::new(address.as_bytes()), &mut sector)
        };
        for address in &asked.members {
            ensure!(matches!(ask(address)?, Verdict::Exposed(_)), "{address}");
        }
        for address in &asked.strangers {
            ensure!(matches!(ask(address)?, Verdict::NotExposed(_)), "{address}");
        }
        for address in &asked.in_holes {
            let error = ask(address).err().context("an answer from a hole")?;
            ensure!(error.to_string().contains("damaged"), "{error}");
        }
    }
    Ok(())
}

/// A card that makes its sectors when they are read.
struct OnDemand {
    num_sectors: u32,
    sectors: BTreeMap<SectorIndex, Sector>,
    reads: Vec<SectorIndex>,
}

impl SectorSource for OnDemand {
    type Error = std::convert::Infallible;

    fn num_sectors(&mut self) -> Result<u32, Self::Error> {
        Ok(self.num_sectors)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), Self::Error> {
        self.reads.push(index);
        *buffer = self.sectors.get(&index).copied().unwrap_or([0; 512]);
        Ok(())
    }
}

#[test]
fn the_largest_number_of_sectors() -> Result<()> {
    let asked = Asked::new();
    let longest = 3 * MAX_LAYER_PAGES + 1;
    for (encoding, num_sectors) in [
        (BLOOM, u32::MAX - 1),
        (BLOOM, u32::MAX),
        (ribbon(longest - 1, 0), longest),
    ] {
        let filter = asked.filter(encoding, num_sectors)?;
        let mut source = OnDemand {
            num_sectors,
            sectors: filter.sectors()?,
            reads: Vec::new(),
        };
        let mut buffer = [0; 512];
        let catalogue = open(&mut source, &mut buffer, &Trust::ANY)?;
        for address in asked
            .members
            .iter()
            .chain(&asked.strangers)
            .chain(&asked.in_holes)
        {
            source.reads.clear();
            let identifier = Identifier::new(address.as_bytes());
            let found = check(&catalogue, identifier, &mut source, &mut buffer);
            ensure!(source.reads == filter.sectors_of(address)?);
            let is_right = match address.as_bytes() {
                [b'm', ..] => matches!(found, Ok(Verdict::Exposed(_))),
                [b's', ..] => matches!(found, Ok(Verdict::NotExposed(_))),
                _ => matches!(
                    found,
                    Err(ReadError::Filter(Error::SectorDamaged { stored: 0, .. }))
                ),
            };
            ensure!(is_right, "{address}: {found:?}");
        }
        // One sector less than the header speaks of.
        source.num_sectors -= 1;
        let cut = open(&mut source, &mut buffer, &Trust::ANY);
        ensure!(matches!(
            cut,
            Err(ReadError::Filter(Error::Truncated { expected_sectors, .. }))
                if expected_sectors == num_sectors
        ));
    }
    Ok(())
}

#[test]
#[ignore = "needs the host tool: cargo xtask test"]
fn far_sectors_by_the_command_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let asked = Asked::new();
    let cli = host::cli()?;
    for (encoding, num_sectors) in files() {
        let path = folder.path().join("large.lsv");
        asked.filter(encoding, num_sectors)?.write(&path)?;
        for (addresses, status, verdict) in [
            (&asked.members, 0, "\"exposed\""),
            (&asked.strangers, 1, "\"not_exposed\""),
            (&asked.in_holes, 2, "\"error\""),
        ] {
            let output = Command::new(&cli)
                .args(["check", "--format=json"])
                .arg(&path)
                .args(addresses)
                .output()?;
            ensure!(output.status.code() == Some(status), "{output:?}");
            let out = String::from_utf8(output.stdout)?;
            ensure!(out.lines().count() == NUM_ASKED);
            ensure!(out.lines().all(|line| line.contains(verdict)), "{out}");
        }
        // A card has no room for it, and that is said before anything is written.
        let image = folder.path().join("sd.img");
        let mut command = Command::new(&cli);
        command.args(["install", "image", "--format=card"]);
        let refused = command.arg(&path).arg("--output").arg(&image).output()?;
        ensure!(refused.status.code() == Some(2), "{refused:?}");
        let refused = String::from_utf8(refused.stderr)?;
        ensure!(refused.contains("--max-size fat32"), "{refused}");
        ensure!(std::fs::read_dir(folder.path())?.count() == 1);
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn the_largest_file_of_a_card_on_the_device() -> Result<()> {
    let lab = Lab::new()?;
    let asked = Asked::new();
    // 2^32 - 512 bytes: the largest of whole sectors that FAT32 takes.
    let filter = lab.path("large.lsv");
    let num_sectors = (1 << 23) - 1;
    for encoding in [BLOOM, ribbon(num_sectors - 1, 0)] {
        asked.filter(encoding, num_sectors)?.write(&filter)?;
        let mut board = lab.boot(Storage::Card(&lab.card(&filter)?))?;
        for (addresses, expected) in [
            (&asked.members, Said::Exposed),
            (&asked.strangers, Said::NotExposed),
            (&asked.in_holes, Said::CannotSay),
        ] {
            // The file system walks from cluster to cluster, a tenth of a second for each question.
            for address in addresses
                .iter()
                .step_by(if is_exhaustive() { 4 } else { 40 })
            {
                let answer = board.ask(address)?;
                ensure!(
                    device_verdict(&answer)? == expected,
                    "{address}: {answer:?}"
                );
            }
        }
    }
    Ok(())
}
