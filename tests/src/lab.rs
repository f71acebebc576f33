//! What the tests of the emulated board share: the tools, found or built once a
//! process, filters and cards made of lists, and both ways to ask.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use testkit::cross::CORTEX_M3;
use testkit::emulator::{Emulator, Machine, Options, Storage};
use testkit::firmware::{self, Variant};
use testkit::sign::{self, Signer};
use testkit::{boards, host, run, setup};

use crate::card;

/// A verdict, without what else was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// In at least one dataset.
    Exposed,
    /// In none, and all cover it.
    NotExposed,
    /// Not covered, or an error.
    CannotSay,
}

/// The verdict in what the console said: the one line that begins with one.
///
/// # Errors
/// When there is none, or more than one.
pub fn device_verdict(answer: &str) -> Result<Said> {
    let words = [
        ("EXPOSED", Said::Exposed),
        ("not exposed", Said::NotExposed),
        ("cannot say", Said::CannotSay),
    ];
    let mut verdicts = answer
        .lines()
        .filter_map(|line| words.iter().find(|(word, _)| line.starts_with(word)));
    match (verdicts.next(), verdicts.next()) {
        (Some((_, said)), None) => Ok(*said),
        _ => bail!("not one verdict, but: {answer:?}"),
    }
}

/// Tools and a folder for what is made with them.
#[derive(Debug)]
pub struct Lab {
    qemu: PathBuf,
    cli: PathBuf,
    folder: TempDir,
}

impl Lab {
    /// Under `cargo xtask test` all is there; else it is set up and built.
    ///
    /// # Errors
    /// When something is missing that cannot be got.
    pub fn new() -> Result<Self> {
        Ok(Self {
            qemu: setup::emulator()?,
            cli: host::cli()?,
            folder: tempfile::tempdir()?,
        })
    }

    /// The path of a file of this lab's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command line of the host.
    pub fn leaksieve(&self) -> Command {
        Command::new(&self.cli)
    }

    /// Write a file of this lab's.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// A filter of a list, `NAME.lsv`; `arguments` say its kind.
    ///
    /// # Errors
    /// When `leaksieve build` fails.
    pub fn filter(&self, name: &str, arguments: &[&str], items: &[String]) -> Result<PathBuf> {
        let list = self.write(&format!("{name}.txt"), items.join("\n").as_bytes())?;
        let filter = self.path(&format!("{name}.lsv"));
        run::output(
            Command::new(&self.cli)
                .args(["build", "--quiet", "--force", "--seed=1", "--name", name])
                .args(arguments)
                .arg("--output")
                .args([&filter, &list]),
        )?;
        Ok(filter)
    }

    /// A filter, signed; `NAME.lsv`.
    ///
    /// # Errors
    /// When `leaksieve sign` fails.
    pub fn signed(&self, name: &str, filter: &Path, signer: Signer, epoch: u32) -> Result<PathBuf> {
        let signed = self.path(&format!("{name}.lsv"));
        sign::sign(&self.cli, filter, signer, epoch, &signed)?;
        Ok(signed)
    }

    /// One filter of several.
    ///
    /// # Errors
    /// When `leaksieve bundle` fails.
    pub fn bundle(&self, name: &str, parts: &[&Path]) -> Result<PathBuf> {
        let filter = self.path(&format!("{name}.lsv"));
        run::output(
            Command::new(&self.cli)
                .args(["bundle", "--quiet", "--force"])
                .args(parts)
                .arg("--output")
                .arg(&filter),
        )?;
        Ok(filter)
    }

    /// A card image with `filter` as the file that the firmware opens, whatever it holds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn card(&self, filter: &Path) -> Result<PathBuf> {
        let image = filter.with_extension("img");
        card::write_image(&image, &[(card::FILTER_NAME, filter)])?;
        Ok(image)
    }

    /// Start a board with a card image, a flash filter, or neither.
    ///
    /// # Errors
    /// When the firmware cannot be built, or the board does not come to its prompt.
    pub fn boot(&self, storage: Storage<'_>) -> Result<Emulator> {
        let variant = match storage {
            Storage::NoCard | Storage::Card(_) => Variant::SdCard,
            Storage::Flash(_) => Variant::InternalFlash,
            Storage::FlashArea(area) => return self.boot_microbit(area),
        };
        self.boot_as(variant, storage, &Options::default())
    }

    /// Start a board with a given build of the firmware.
    ///
    /// # Errors
    /// As [`boot`](Self::boot).
    pub fn boot_as(
        &self,
        variant: Variant,
        storage: Storage<'_>,
        options: &Options<'_>,
    ) -> Result<Emulator> {
        let elf = match std::env::var_os(variant.variable()) {
            Some(path) => path.into(),
            None => firmware::build(&setup::cross(&[CORTEX_M3])?, variant)?,
        };
        Emulator::boot_with(&self.qemu, &elf, storage, options)
    }

    /// Start a micro:bit with what [`flash_area`](testkit::emulator::flash_area) makes.
    ///
    /// # Errors
    /// As [`boot`](Self::boot).
    pub fn boot_microbit(&self, area: &[u8]) -> Result<Emulator> {
        let elf = match std::env::var_os(boards::MICROBIT_VARIABLE) {
            Some(path) => path.into(),
            None => boards::build_microbit()?,
        };
        self.boot_microbit_of(&elf, area)
    }

    /// The same, with the firmware that awaits keys.
    ///
    /// # Errors
    /// As [`boot`](Self::boot).
    pub fn boot_embassy(&self, area: &[u8]) -> Result<Emulator> {
        let elf = match std::env::var_os(boards::EMBASSY_VARIABLE) {
            Some(path) => path.into(),
            None => boards::build_embassy_microbit()?,
        };
        self.boot_microbit_of(&elf, area)
    }

    fn boot_microbit_of(&self, elf: &Path, area: &[u8]) -> Result<Emulator> {
        let options = Options {
            machine: Machine::Microbit,
            ..Options::default()
        };
        Emulator::boot_with(&self.qemu, elf, Storage::FlashArea(area), &options)
    }
}
