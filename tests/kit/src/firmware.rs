//! The board's firmware: built in its variants, and measured.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use object::elf::SHF_ALLOC;
use object::{Object, ObjectSection, SectionFlags, SectionKind};

use crate::cross::{CORTEX_M3, Cross};
use crate::emulator::{Emulator, Storage};
use crate::{host, sign, workspace};

/// The environment variable that names the keys to the board's build script.
const KEYS: &str = "LEAKSIEVE_KEYS";

/// The folder under `target/` that all firmware is built in: what boards have in common is
/// compiled once.
pub const FOLDER: &str = "firmware";
/// Of builds that count instructions.
pub const COUNTING_FOLDER: &str = "firmware-count";

/// Flash of the LM3S6965, bytes.
const FLASH_BYTES: u64 = 256 << 10;
/// Where the LM3S6965 has its RAM.
const RAM_ADDRESS: u64 = 0x2000_0000;
/// RAM of the LM3S6965, bytes.
pub const RAM_BYTES: u64 = 64 << 10;

/// One build of the board's firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The filter is a file on an SD card; any is accepted.
    SdCard,
    /// The filter lies in the upper half of the flash; any is accepted.
    InternalFlash,
    /// On a card; only what the test key signed is accepted.
    TrustedKey,
    /// On a card; built without what verifies signatures.
    Unsigned,
}

impl Variant {
    /// All.
    pub const ALL: [Self; 4] = [
        Self::SdCard,
        Self::InternalFlash,
        Self::TrustedKey,
        Self::Unsigned,
    ];

    /// Its name, in tables and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SdCard => "sd-card",
            Self::InternalFlash => "internal-flash",
            Self::TrustedKey => "trusted-key",
            Self::Unsigned => "unsigned",
        }
    }

    /// The board crate's features.
    pub const fn features(self) -> &'static str {
        match self {
            Self::SdCard | Self::TrustedKey => "sd-card,signatures",
            Self::InternalFlash => "internal-flash,signatures",
            Self::Unsigned => "sd-card",
        }
    }

    /// The environment variable by which `cargo xtask test` names the ELF to the tests.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::SdCard => "LEAKSIEVE_FIRMWARE_SD",
            Self::InternalFlash => "LEAKSIEVE_FIRMWARE_FLASH",
            Self::TrustedKey => "LEAKSIEVE_FIRMWARE_KEY",
            Self::Unsigned => "LEAKSIEVE_FIRMWARE_UNSIGNED",
        }
    }

    /// The largest that its image with console and card may be, bytes.
    pub const fn max_image_bytes(self) -> u64 {
        match self {
            Self::Unsigned => 82 << 10,
            _ => (82 + 26) << 10,
        }
    }

    /// Flash that the program may fill, bytes.
    pub const fn room_bytes(self) -> u64 {
        match self {
            Self::InternalFlash => FLASH_BYTES / 2,
            _ => FLASH_BYTES,
        }
    }
}

/// The folder of the board's package.
pub fn board() -> PathBuf {
    workspace::firmware().join("boards/lm3s6965evb")
}

/// Build a variant; gives the path of its ELF.
///
/// # Errors
/// When it does not compile.
pub fn build(cross: &Cross, variant: Variant) -> Result<PathBuf> {
    build_in(
        FOLDER,
        cross,
        variant,
        variant.features(),
        "info",
        "release",
    )
}

/// The same of the SD card's variant, larger and made in less time.
///
/// # Errors
/// When it does not compile.
pub fn build_for_demo(cross: &Cross) -> Result<PathBuf> {
    let variant = Variant::SdCard;
    build_in(FOLDER, cross, variant, variant.features(), "info", "demo")
}

/// Build what counts a variant's instructions in place of talking. It does not log.
///
/// # Errors
/// When it does not compile.
pub fn build_counting(cross: &Cross, variant: Variant) -> Result<PathBuf> {
    let features = format!("{},count", variant.features());
    build_in(COUNTING_FOLDER, cross, variant, &features, "off", "release")
}

fn build_in(
    folder: &str,
    cross: &Cross,
    variant: Variant,
    features: &str,
    log: &str,
    profile: &str,
) -> Result<PathBuf> {
    let mut command = cross.cargo("build", CORTEX_M3);
    command.args(["--no-default-features", "--features", features]);
    command.args(["--profile", profile]);
    if variant == Variant::TrustedKey {
        command.env(KEYS, sign::public_key());
    }
    command.env("DEFMT_LOG", log).current_dir(board());
    let name = match profile {
        "release" => format!("lm3s6965evb-{}.elf", variant.name()),
        profile => format!("lm3s6965evb-{}-{profile}.elf", variant.name()),
    };
    build_package(command, folder, &name)
}

/// Run a `cargo build` in a package's folder, where cargo finds its own settings,
/// and keep what it makes under a name of its own; gives the path. No key is built in unless
/// the command says so.
pub(crate) fn build_package(mut command: Command, folder: &str, name: &str) -> Result<PathBuf> {
    let folder = workspace::target_folder(folder)?;
    let elf = folder.join(name);
    command.arg("--target-dir").arg(&folder);
    if !command.get_envs().any(|(variable, _)| variable == KEYS) {
        command.env(KEYS, "");
    }
    if elf.exists() {
        command.arg("--quiet");
    }
    let built = host::executable(&mut command)
        .with_context(|| format!("cannot build the firmware ({name})"))?;
    // A package's variants have the same name in cargo's folder. Renamed into place, because an
    // emulator may be reading the one that is there.
    let copy = tempfile::NamedTempFile::new_in(&folder)?;
    fs::copy(&built, copy.path()).with_context(|| format!("cannot copy {}", built.display()))?;
    copy.persist(&elf)
        .with_context(|| format!("cannot write {}", elf.display()))?;
    Ok(elf)
}

/// What a firmware takes of the chip, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Program, constants and initial values.
    pub flash_bytes: u64,
    /// Variables; the stack has the rest.
    pub static_ram_bytes: u64,
}

/// Measure an ELF of the LM3S6965's.
///
/// # Errors
/// When it cannot be read.
pub fn size(elf: &Path) -> Result<Size> {
    size_in(elf, RAM_ADDRESS..RAM_ADDRESS + RAM_BYTES)
}

/// Measure an ELF; the chip's RAM lies at these addresses.
///
/// # Errors
/// When it cannot be read.
pub fn size_in(elf: &Path, ram: Range<u64>) -> Result<Size> {
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let file = object::File::parse(&*bytes)?;
    let mut size = Size {
        flash_bytes: 0,
        static_ram_bytes: 0,
    };
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            continue;
        };
        if !sh_flags.contains(SHF_ALLOC) {
            continue;
        }
        if section.kind() != SectionKind::UninitializedData {
            size.flash_bytes += section.size();
        }
        // Some linker scripts have a section for what is left for the stack.
        if ram.contains(&section.address()) && section.name()? != ".stack" {
            size.static_ram_bytes += section.size();
        }
    }
    Ok(size)
}

/// The deepest that a board's stack has been so far, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Most that was ever used, bytes.
    pub used_bytes: u32,
    /// What there is, bytes.
    pub available_bytes: u32,
}

impl Stack {
    /// As the console says it behind `?`.
    ///
    /// # Errors
    /// When it does not.
    pub fn said(answer: &str) -> Result<Self> {
        let words = answer.lines().find_map(|line| {
            let (used, all) = line.strip_prefix("Stack: at most ")?.split_once(" of ")?;
            let number = |text: &str| text.replace(',', "").parse().ok();
            Some(Self {
                used_bytes: number(used)?,
                available_bytes: number(all.strip_suffix(" bytes used")?)?,
            })
        });
        words.with_context(|| format!("the board did not say how deep its stack was: {answer:?}"))
    }
}

/// Boot a variant with a filter, or with the image of a card with it; ask, and give the deepest that
/// its stack has been.
///
/// # Errors
/// When it does not boot, or does not say its stack.
pub fn deepest_stack(qemu: &Path, elf: &Path, storage: Storage<'_>) -> Result<Stack> {
    let mut board = Emulator::boot(qemu, elf, storage)?;
    for line in DEEP_QUESTIONS {
        board.ask(line)?;
    }
    Stack::said(&board.ask("?")?)
}

/// Questions of a filter of numbers and passwords that take a firmware deep: a number, one that
/// may have an extension, bytes as programs write passwords, what is covered, and a slip.
pub const DEEP_QUESTIONS: [&str; 5] = [
    "+86 138-0013-8000",
    "0755-2601-2345-12",
    "$HEX[2070c3a4737320]",
    "?",
    "12",
];

/// So many of so many bytes.
pub fn part_text(bytes: u64, all_bytes: u64) -> String {
    format!("{} of {}", size_text(bytes), size_text(all_bytes))
}

/// Bytes as KiB, or from 1 MiB as MiB, with one digit behind the point where it is not 0.
pub fn size_text(bytes: u64) -> String {
    let (shift, unit) = if bytes < 1 << 20 {
        (10, "KiB")
    } else {
        (20, "MiB")
    };
    let tenths = (bytes * 10 + (1 << (shift - 1))) >> shift;
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        tenth => format!("{}.{tenth} {unit}", tenths / 10),
    }
}
