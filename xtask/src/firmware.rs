//! The board's firmware: built in both variants, and measured.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::{Object, ObjectSection};

use crate::cross::{CORTEX_M3, Cross};
use crate::emulator::{Emulator, Storage};
use crate::logs::{self, Stack};
use crate::{card, host, workspace};

/// Flash of the LM3S6965, bytes.
const FLASH_BYTES: u64 = 256 << 10;
/// RAM of the LM3S6965, bytes.
const RAM_BYTES: u64 = 64 << 10;

/// One build of the board's firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The filter is a file on an SD card.
    SdCard,
    /// The filter lies in the upper half of the flash.
    InternalFlash,
}

impl Variant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SdCard, Self::InternalFlash];

    /// The board crate's feature.
    pub const fn feature(self) -> &'static str {
        match self {
            Self::SdCard => "sd-card",
            Self::InternalFlash => "internal-flash",
        }
    }

    /// The environment variable by which `cargo xtask test` names the ELF to the tests.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::SdCard => "LEAKSIEVE_FIRMWARE_SD",
            Self::InternalFlash => "LEAKSIEVE_FIRMWARE_FLASH",
        }
    }

    /// Flash that the program may fill, bytes.
    const fn room_bytes(self) -> u64 {
        match self {
            Self::SdCard => FLASH_BYTES,
            Self::InternalFlash => FLASH_BYTES / 2,
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
    let folder = workspace::target_folder("firmware")?;
    let elf = folder.join(format!("lm3s6965evb-{}.elf", variant.feature()));
    let mut command = cross.cargo("build", CORTEX_M3);
    command
        .args([
            "--release",
            "--no-default-features",
            "--features",
            variant.feature(),
            "--target-dir",
        ])
        .arg(&folder)
        // Here cargo finds the board's own settings.
        .current_dir(board());
    if elf.exists() {
        command.arg("--quiet");
    }
    let built = host::executable(&mut command)
        .with_context(|| format!("cannot build the firmware ({})", variant.feature()))?;
    // Both variants have the same name in cargo's folder. Renamed into place, because
    // an emulator may be reading the one that is there.
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

/// Measure an ELF.
///
/// # Errors
/// When it cannot be read.
pub fn size(elf: &Path) -> Result<Size> {
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let file = object::File::parse(&*bytes)?;
    let sum = |names: &[&str]| {
        file.sections()
            .filter(|section| section.name().is_ok_and(|name| names.contains(&name)))
            .map(|section| section.size())
            .sum()
    };
    Ok(Size {
        flash_bytes: sum(&[".vector_table", ".text", ".rodata", ".data"]),
        static_ram_bytes: sum(&[".data", ".bss", ".uninit"]),
    })
}

/// Boot a variant with a filter, ask, and give the deepest that its stack has been.
///
/// # Errors
/// When it does not boot, or does not log its stack.
pub fn deepest_stack(qemu: &Path, elf: &Path, variant: Variant, filter: &Path) -> Result<Stack> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("sd.img");
    let storage = match variant {
        Variant::SdCard => {
            card::write_image(&image, None, &[(card::FILTER_NAME, filter)])?;
            Storage::Card(&image)
        }
        Variant::InternalFlash => Storage::Flash(filter),
    };
    let mut board = Emulator::boot(qemu, elf, storage)?;
    for line in ["+86 138-0013-8000", "?", "12"] {
        board.ask(line)?;
    }
    logs::deepest_stack(&board.log()?).context("the firmware did not log its stack")
}

/// The table of sizes, a line for each variant. Stacks are known after a run.
pub fn table(rows: &[(Variant, Size, Option<Stack>)]) -> String {
    let mut table = format!(
        "{:<16}{:>22}{:>22}{:>26}\n",
        "LM3S6965", "flash", "static RAM", "deepest stack"
    );
    for (variant, size, stack) in rows {
        let flash = format!(
            "{} of {}",
            size_text(size.flash_bytes),
            size_text(variant.room_bytes())
        );
        let ram = format!(
            "{} of {}",
            size_text(size.static_ram_bytes),
            size_text(RAM_BYTES)
        );
        let stack = stack.map_or_else(
            || "not measured".to_owned(),
            |stack| {
                format!(
                    "{} of {}",
                    size_text(stack.used_bytes.into()),
                    size_text(stack.available_bytes.into())
                )
            },
        );
        // Writing to a String does not fail.
        let _ = writeln!(
            table,
            "{:<16}{flash:>22}{ram:>22}{stack:>26}",
            variant.feature()
        );
    }
    table
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
